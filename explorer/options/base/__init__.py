"""The base classes of options, and the quantities with which options are evaluated."""
