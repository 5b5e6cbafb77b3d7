"""Limits held against templates, plans and dotenv files, before they are deployed."""
