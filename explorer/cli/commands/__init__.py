"""One file per command, with the tables and texts that only this command uses."""
