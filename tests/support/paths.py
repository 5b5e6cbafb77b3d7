"""Folders of the checkout that tests read and write."""

from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
NOTEBOOKS = ROOT / "notebooks"
ARTEFACTS = ROOT / "tests" / "artefacts"  # screenshots and the like, to look at; git ignores them
