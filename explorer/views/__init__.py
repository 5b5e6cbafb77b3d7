"""Presents an answer as picture, document or screen. This layer computes no numbers."""
