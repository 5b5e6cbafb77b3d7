"""The options of a design, one file each, in a folder per concern. No other room knows them by name."""
