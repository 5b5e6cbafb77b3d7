"""What to build, what rules out the rest, what would change it, and how sure that is."""
