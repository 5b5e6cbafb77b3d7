"""The command line: arguments in; tables, JSON or one line out; an exit code."""
