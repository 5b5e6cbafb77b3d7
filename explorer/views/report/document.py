"""The content of a report in order, independent of its form: sections of blocks, shared by all four forms."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from .blocks import Cell, Source, Table


@dataclass(frozen=True)
class Prose:
    """A paragraph. Text between backticks is code."""

    text: str
    small: bool = False


@dataclass(frozen=True)
class Heading:
    """A heading within a section."""

    text: str


@dataclass(frozen=True)
class SentenceList:
    """Sentences with a heading, or a text if there are none."""

    heading: str
    sentences: Sequence[str]
    otherwise: str = ""


@dataclass(frozen=True)
class Beside:
    """Lists or tables shown side by side where there is room."""

    blocks: Sequence[SentenceList | Table]


@dataclass(frozen=True)
class Folded:
    """A table collapsed to one line on screen, and printed in full."""

    summary: str
    table: Table


@dataclass(frozen=True)
class Code:
    """Lines to copy."""

    text: str
    language: str


@dataclass(frozen=True, eq=False)
class ReportPicture:
    """A picture, drawn when a form first uses it."""

    name: str
    draw: Callable[[], Any]  # returns an explorer.views.figures.Picture
    expression: str  # code that draws it in a notebook, with the names of `Document.names`
    rows: Callable[[], Any]  # returns a DataFrame of the picture's numbers

    @cached_property
    def picture(self) -> Any:
        """An explorer.views.figures.Picture."""
        return self.draw()

    @property
    def alt(self) -> str:
        """Its text description."""
        return str(self.picture.alt)

    @cached_property
    def svg(self) -> str:
        """The picture as SVG."""
        return str(self.picture.svg())


@dataclass(frozen=True)
class PictureBlock:
    """The pictures of a section, by their key in `pictures`."""

    key: str


Block = Prose | Heading | SentenceList | Beside | Folded | Code | PictureBlock | Table


@dataclass(frozen=True)
class Section:
    """A part of the document with its own heading."""

    id: str
    title: str
    blocks: Sequence[Block]


@dataclass(frozen=True)
class Document:
    """A report, independent of its form."""

    title: str
    status: Cell
    record: Sequence[Cell]  # who decides and when: each with its label as `kind`; "" is filled in by hand
    newest: str  # the newest date among its facts
    version: str
    summary: str
    lead: str
    tiles: Sequence[Cell]
    points: Sequence[SentenceList]
    money: Sequence[Table | Prose]
    sections: Sequence[Section]
    sources: Sequence[Source]
    no_pictures: str = ""  # why there are no pictures
    pictures: dict[str, list[ReportPicture]] = field(default_factory=dict)
    names: dict[str, Any] = field(default_factory=dict)  # values of the names in its pictures' code

    def pictures_of(self, key: str) -> list[ReportPicture]:
        """The pictures with a key; none if they cannot be drawn."""
        return self.pictures.get(key, [])

    def every_picture(self) -> Iterator[ReportPicture]:
        """All pictures, in the order of the document."""
        for section in self.sections:
            for block in section.blocks:
                if isinstance(block, PictureBlock):
                    yield from self.pictures_of(block.key)


KINDS: Mapping[type, str] = {
    Prose: "prose",
    Heading: "heading",
    SentenceList: "sentences",
    Beside: "beside",
    Folded: "folded",
    Code: "code",
    PictureBlock: "pictureblock",
    Table: "table",
}


def kind(block: Block) -> str:
    """The name of a block's type in the templates."""
    return KINDS[type(block)]
