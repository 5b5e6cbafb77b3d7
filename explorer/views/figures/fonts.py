"""The font files of the pictures, for programs that typeset their text again."""

from pathlib import Path

import matplotlib

FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
