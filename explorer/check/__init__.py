"""Limits held against templates, plans and dotenv files, before they are deployed."""

from .findings import Finding, Judge
from .formats import FORMATS, written
from .reading import Check, Report, share

__all__ = ["FORMATS", "Check", "Finding", "Judge", "Report", "share", "written"]
