"""The formats of logs, traces and results: one file for each format or family of formats."""
