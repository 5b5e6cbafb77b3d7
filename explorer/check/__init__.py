"""Checks templates, plans and dotenv files against AWS limits before they are deployed."""
