"""The colours of designs and services: the same in the app, the pictures, the report and the notebooks.

The colour of a design follows from the design alone. How the body leaves and where the work runs give its
hue; the other choices give one of five shades. Designs on one map of the examples differ by more than 7.5 in
CIEDE2000, also without a sense of green, and each differs from the ground by more than 8: the values are from
a search in OKLCH for the largest distances, with fixed ranges of hue, chroma and lightness.
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
SERVICES = (  # of the services in a bill, by number, on white; the last for all others together
    "#e09300",
    "#d8a4a1",
    "#00935b",
    "#0072b2",
    "#9a729f",
    "#e2d345",
    "#c8600b",
    "#56b4e9",
    "#721056",
    "#44aa99",
    "#8478db",
    "#5b5b5b",
)
WEIGHTS = (2, 1, 2, 4, 2, 4, 4, 3)  # of the concerns: times the number of the option in its concern

# A row for each hue, five shades each.
AREAS = (  # of areas with dark text, on white
    ("#f7e2bc", "#f2e894", "#d2ab5f", "#dabd6d", "#b9b387"),  # at once
    ("#d69ebd", "#dfb6cc", "#facafc", "#d799d1", "#f3abde"),  # streamed
    ("#e6e8bf", "#e5ed9a", "#b7c39c", "#d5cb78", "#a7bb6e"),  # paged
    ("#b5d1fd", "#bde3ff", "#8fb7d4", "#82b5f3", "#7fcafe"),  # asynchronous
    ("#b0edff", "#5dbfe3", "#79deff", "#95d5de", "#88bcc2"),  # acknowledged
    ("#e1e2fe", "#babff8", "#b3abd1", "#9dacf4", "#cfc7ee"),  # task per job
    ("#e8d8ff", "#e7b8fc", "#b6aad0", "#d9bee0", "#bca1e9"),  # acknowledged, task per job
    ("#abfac6", "#a6d9b7", "#77dec3", "#78c594", "#8ebdad"),  # container at once
    ("#bde298", "#b3f8be", "#bfe2c5", "#9bbf76", "#99bb9f"),  # container, asynchronous
    ("#fdd9bd", "#edbfaf", "#f8be91", "#cfa793", "#e2a16b"),  # other containers
)
DARK_AREAS = (  # of areas with light text, on black
    ("#5c5634", "#6e4f00", "#30240e", "#3b381f", "#4f3a00"),  # at once
    ("#61254a", "#664d5a", "#68486a", "#452247", "#603063"),  # streamed
    ("#525c08", "#59573d", "#423b02", "#3b422a", "#2a270f"),  # paged
    ("#30558c", "#365a72", "#002a41", "#15356a", "#042356"),  # asynchronous
    ("#005f79", "#3a5c60", "#104b5e", "#244549", "#013241"),  # acknowledged
    ("#54526b", "#474f8c", "#28203f", "#3a3c53", "#272d66"),  # task per job
    ("#5c4f66", "#5e4784", "#3a2b4e", "#4a3a4e", "#2f164f"),  # acknowledged, task per job
    ("#405d50", "#17653c", "#033d2f", "#1a4e30", "#052f19"),  # container at once
    ("#42601d", "#174000", "#465c4a", "#39482a", "#1e2b10"),  # container, asynchronous
    ("#7d460b", "#56372c", "#66503f", "#372016", "#602100"),  # other containers
)
LINES = (  # of lines, on white
    ("#a59b4d", "#ad7f00", "#7c7120", "#7c5901", "#514106"),  # at once
    ("#bc769e", "#b9338b", "#d068d7", "#652950", "#82158a"),  # streamed
    ("#a79c0d", "#8ea25a", "#857f31", "#67640e", "#444603"),  # paged
    ("#377eac", "#5796fe", "#0754c6", "#055a85", "#023b91"),  # asynchronous
    ("#39aab6", "#1789ac", "#0b798d", "#076172", "#004b59"),  # acknowledged
    ("#9d8cd0", "#746bad", "#6e7cfd", "#4c45c3", "#433673"),  # task per job
    ("#ac77fa", "#ac7cb7", "#8850d0", "#7b4e85", "#550f95"),  # acknowledged, task per job
    ("#04b568", "#3ea38c", "#017a62", "#318f5a", "#034f38"),  # container at once
    ("#67af05", "#3ab360", "#539361", "#085023", "#357a12"),  # container, asynchronous
    ("#cd8369", "#e97202", "#bc571d", "#924d35", "#6d2c13"),  # other containers
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
    '#f7e2bc'
    """
    hue, shade = hue_and_shade(design)
    return Colours(AREAS[hue][shade], DARK_AREAS[hue][shade], LINES[hue][shade])


def hue_and_shade(design: Design) -> tuple[int, int]:
    """The numbers of a design's hue and of its shade."""
    path = design.flow
    hue = HUES.get((path.body_out, path.compute.start), OTHER_HUE)
    numbers = (list(OPTIONS[concern]).index(option) for concern, option in design.ids.items())
    return hue, sum(weight * n for weight, n in zip(WEIGHTS, numbers, strict=True)) % SHADES
