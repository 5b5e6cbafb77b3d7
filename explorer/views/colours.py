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
WEIGHTS = (2, 1, 2, 4, 2, 4, 4, 3)  # of the concerns: times the number of the option in its concern

# A row for each hue, five shades each.
AREAS = (  # of areas with dark text, on white
    ("#d4b97e", "#e5d899", "#fef5bf", "#b9c198", "#fef2db"),  # at once
    ("#d5acda", "#feedfe", "#beb3ed", "#d7aec8", "#dac5ff"),  # streamed
    ("#e2d8b0", "#fef4cc", "#d4caa3", "#f0e6be", "#fdf7b6"),  # paged
    ("#c1dade", "#7dcdd9", "#a9c1c7", "#b2f2fe", "#91c2ee"),  # asynchronous
    ("#bae7ff", "#91c2ef", "#bdf0fa", "#94c6d0", "#afe2eb"),  # acknowledged
    ("#a3bcf2", "#cfd5fb", "#c6d2ff", "#95c0f0", "#b8bbcc"),  # task per job
    ("#dabfdf", "#f4e1ff", "#b7b5ef", "#e8cded", "#ecd7f3"),  # acknowledged, task per job
    ("#d1fefb", "#bde1cb", "#b8e6b5", "#a7c6ab", "#82d6d3"),  # container at once
    ("#bae6b4", "#aec2b1", "#bdfef4", "#defced", "#a3c998"),  # container, asynchronous
    ("#d8bb81", "#ddc6a3", "#fff6b6", "#cfb996", "#d4b97e"),  # other containers
)
DARK_AREAS = (  # of areas with light text, on black
    ("#3b2d00", "#595130", "#674e17", "#302a15", "#533c00"),  # at once
    ("#482835", "#66444c", "#371e42", "#592e44", "#381c45"),  # streamed
    ("#50381f", "#664d33", "#452e14", "#5b4329", "#5f5217"),  # paged
    ("#2e4155", "#212940", "#273e67", "#3a5669", "#3e517e"),  # asynchronous
    ("#0a5c71", "#023133", "#22514e", "#00322a", "#164644"),  # acknowledged
    ("#192750", "#343c59", "#3c517e", "#454f7e", "#54505f"),  # task per job
    ("#362e4b", "#4a4261", "#182750", "#403856", "#554d6c"),  # acknowledged, task per job
    ("#314a3b", "#3a5c41", "#232d22", "#355428", "#315c54"),  # container at once
    ("#1c2d33", "#253934", "#33464a", "#365a57", "#00393b"),  # container, asynchronous
    ("#6c4631", "#482c19", "#714721", "#3e220f", "#522902"),  # other containers
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
    '#d4b97e'
    """
    hue, shade = hue_and_shade(design)
    return Colours(AREAS[hue][shade], DARK_AREAS[hue][shade], LINES[hue][shade])


def hue_and_shade(design: Design) -> tuple[int, int]:
    """The numbers of a design's hue and of its shade."""
    path = design.flow
    hue = HUES.get((path.body_out, path.compute.start), OTHER_HUE)
    numbers = (list(OPTIONS[concern]).index(option) for concern, option in design.ids.items())
    return hue, sum(weight * n for weight, n in zip(WEIGHTS, numbers, strict=True)) % SHADES
