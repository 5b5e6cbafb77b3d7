"""The formats that logs, traces and results have: one file a format or a family of them."""
