"""The colour of a design: one for each, in the app, the pictures, the report and the notebooks.

The colour follows from the design alone. How the body leaves and where the work runs give its hue; the other
choices give one of five shades. Designs that win beside each other on the maps of the examples differ by more
than 5 in CIEDE2000, also without a sense of green: the values are from a search for the largest distances.
"""

from __future__ import annotations

from dataclasses import dataclass

from explorer.engine.designs import OPTIONS, Design
from explorer.options.base.request_path import BodyOut, Start

HUES = {
    (BodyOut.WHOLE, Start.ON_DEMAND): 0,
    (BodyOut.STREAM, Start.ON_DEMAND): 1,
    (BodyOut.PAGE, Start.ON_DEMAND): 2,
    (BodyOut.JOB, Start.ON_DEMAND): 3,
    (BodyOut.NOTHING, Start.ON_DEMAND): 4,
    (BodyOut.JOB, Start.PER_JOB): 5,
    (BodyOut.NOTHING, Start.PER_JOB): 6,
    (BodyOut.WHOLE, Start.ALWAYS_ON): 7,
    (BodyOut.JOB, Start.ALWAYS_ON): 8,
}
OTHER_HUE = 9
SHADES = 5
WEIGHTS = (
    2,
    1,
    2,
    4,
    2,
    4,
    4,
    3,
)  # of the concerns: by the number of an option in its concern, they give the shade

# A row for each hue, five shades each.
AREAS = (  # of areas with dark text, on white
    ("#d6a94f", "#dcc98e", "#fbe8ad", "#c6baa4", "#feeece"),  # at once
    ("#d298e0", "#fbc2fc", "#b5a3f7", "#edb4d7", "#dfb4fd"),  # streamed
    ("#d6d59c", "#f7f6bb", "#c6c58c", "#e7e5ab", "#d2ac4e"),  # paged
    ("#7cd6c0", "#84bcc5", "#90cfe3", "#d4faff", "#66beef"),  # asynchronous
    ("#c1fdfe", "#68c3ec", "#a5f1f3", "#75c0c2", "#95e1e2"),  # acknowledged
    ("#a7abff", "#d2c9ff", "#d8d7fe", "#8daffe", "#b2aec3"),  # task per job
    ("#d9b1de", "#fad1ff", "#b0a4f8", "#e9c1ee", "#f2d1fa"),  # acknowledged, task per job
    ("#b7b47c", "#f9e382", "#bbe3be", "#beb375", "#91c086"),  # container at once
    ("#7ac3a6", "#98c493", "#bbefdf", "#e3f9e3", "#92c272"),  # container, asynchronous
    ("#d4ab4f", "#dbbc8a", "#fce989", "#caac7a", "#fed177"),  # other containers
)
DARK_AREAS = (  # of areas with light text, on black
    ("#372008", "#543928", "#8c5500", "#502d00", "#704413"),  # at once
    ("#3a1737", "#7e4f83", "#370f4d", "#41142c", "#79576e"),  # streamed
    ("#484613", "#686634", "#393700", "#585624", "#706406"),  # paged
    ("#495379", "#1e1a5a", "#3a3e80", "#4560a2", "#294382"),  # asynchronous
    ("#3664a1", "#072a3b", "#255a73", "#10323a", "#1a4252"),  # acknowledged
    ("#3e3158", "#463c65", "#5d6275", "#5a5aa0", "#63569d"),  # task per job
    ("#342e56", "#524c77", "#171d5b", "#433d66", "#625c89"),  # acknowledged, task per job
    ("#4d6a65", "#296947", "#032f1b", "#235128", "#25706e"),  # container at once
    ("#284e3e", "#012d2b", "#1b5257", "#506a61", "#115743"),  # container, asynchronous
    ("#8b523c", "#522716", "#825745", "#421807", "#622a01"),  # other containers
)
LINES = (  # of lines, on white
    ("#742400", "#b46c08", "#fe9e02", "#7a483b", "#d68535"),  # at once
    ("#541e8a", "#9272fe", "#55059a", "#6a2d66", "#d899ff"),  # streamed
    ("#518a4e", "#95ca6d", "#3d6c00", "#77aa4d", "#a6c56f"),  # paged
    ("#378ffa", "#2b25a8", "#5350be", "#3abbfe", "#225cae"),  # asynchronous
    ("#03d1d2", "#1f4d31", "#00a582", "#165e3a", "#1f9277"),  # acknowledged
    ("#6d2060", "#a25ba5", "#ed93dc", "#c3a1ff", "#af7ffe"),  # task per job
    ("#714599", "#ad81da", "#2d23a9", "#8e63b9", "#cda0fc"),  # acknowledged, task per job
    ("#566d07", "#8ccc72", "#62835b", "#698808", "#3a7916"),  # container at once
    ("#5ea463", "#274c2a", "#005f4d", "#95c5a1", "#326e33"),  # container, asynchronous
    ("#d0776c", "#9b382c", "#fd9395", "#8f2d1d", "#b62905"),  # other containers
)


@dataclass(frozen=True)
class Colours:
    """The colours of a design: of an area on white, of an area on black, of a line on white."""

    area: str
    dark_area: str
    line: str


def colours_of(design: Design) -> Colours:
    """The colours of a design, as "#rrggbb".

    >>> plain = Design(**{concern: next(iter(options)) for concern, options in OPTIONS.items()})
    >>> colours_of(plain).area
    '#d6a94f'
    """
    hue, shade = hue_and_shade(design)
    return Colours(AREAS[hue][shade], DARK_AREAS[hue][shade], LINES[hue][shade])


def hue_and_shade(design: Design) -> tuple[int, int]:
    """The numbers of a design's hue and of its shade."""
    path = design.flow
    hue = HUES.get((path.body_out, path.compute.start), OTHER_HUE)
    numbers = (list(OPTIONS[concern]).index(option) for concern, option in design.ids.items())
    return hue, sum(weight * n for weight, n in zip(WEIGHTS, numbers, strict=True)) % SHADES
