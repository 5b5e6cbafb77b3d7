"""AWS's figures: the tables of data/, their records, their units, and how bytes are counted."""
