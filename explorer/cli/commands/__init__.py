"""A file a command, with the tables and the words that it alone uses."""
