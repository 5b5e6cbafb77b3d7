"""Where the fonts of the pictures are, for what sets their text again."""

from pathlib import Path

import matplotlib

FOLDER = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
