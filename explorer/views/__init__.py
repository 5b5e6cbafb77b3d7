"""One answer as picture, document, screen. No number is made here."""
