"""The command line: parses arguments, prints tables, JSON or one line, and sets the exit code."""
