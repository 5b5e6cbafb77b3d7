"""The version of the package, part of the edition of an answer's facts."""

__version__ = "0.1.0"
