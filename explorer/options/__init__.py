"""Every option of a design, one file each, in a folder for each concern. Nothing else knows them by name."""
