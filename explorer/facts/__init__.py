"""Figures of AWS: the tables of data/, their records, their units, and how bytes are counted."""
