"""The version of the package, which the edition of an answer's facts names."""

__version__ = "0.1.0"
