"""What an option may say of itself, and what it is asked with."""
