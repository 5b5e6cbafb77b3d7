"""Every option, stated once; only `design` reads this list."""
