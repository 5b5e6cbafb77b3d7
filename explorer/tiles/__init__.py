"""A grid cut into tiles: worked one by one or through an executor, kept as rows, put together in a file.

What a sweep holds at a time is a tile for each worker, however large the grid is.
"""

from .cut import Axes as Axes
from .cut import Tiles as Tiles
from .file import SweepFile as SweepFile
from .file import counted as counted
from .manifest import manifest as manifest
from .parts import Parts as Parts
from .parts import stopped as stopped
from .parts import write as write
from .rows import Answer as Answer
from .rows import Legend as Legend
from .worked import Watch as Watch
from .worked import unwatched as unwatched
from .worked import worked as worked
