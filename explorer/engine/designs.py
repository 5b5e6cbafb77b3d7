"""Designs: one option for each concern, every combination, and what cannot be combined."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from functools import cache, cached_property
from typing import Any

import numpy as np

from explorer.errors import DesignError
from explorer.facts.key_value import format_pairs, parse_pairs
from explorer.facts.suggestions import suggest
from explorer.facts.units import quote_value
from explorer.options import (
    compression,
    configuration,
    door,
    edge,
    execution,
    initialization,
    request,
    response,
)
from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import BodyOut, RequestPath

OPTIONS: dict[str, dict[str, Option]] = {}
for module in (edge, door, request, response, compression, execution, initialization, configuration):
    for option in module.OPTIONS:
        OPTIONS.setdefault(option.concern, {})[option.id] = option
CONCERNS = tuple(OPTIONS)
MOVED = {("response", "compressed"): "response=buffered, compression=gzip"}  # ids of before, and the pair now


@contextmanager
def more_options(*options: Option) -> Iterator[None]:
    """Have further options among the designs for as long as the context lasts, behind those of the package.

    Everything that asks for designs meets them: it is how a test tries an option that it defines itself.
    """
    added = [(OPTIONS[option.concern], option) for option in options]
    try:
        for listed, option in added:
            if listed.setdefault(option.id, option) is not option:
                raise DesignError(f'{option.concern} has an option "{option.id}" already')
        _forget_designs()
        yield
    finally:
        for listed, option in added:
            if listed.get(option.id) is option:
                del listed[option.id]
        _forget_designs()


def _forget_designs() -> None:
    """Let go of the designs that were listed with other options."""
    every_combination.cache_clear()
    table.cache_clear()
    _question.cache_clear()


@dataclass(frozen=True)
class Design:
    """One option id for each concern."""

    edge: str
    door: str
    request: str
    response: str
    compression: str
    execution: str
    initialization: str
    configuration: str

    def __str__(self) -> str:
        return format_pairs(self.ids)

    @cached_property
    def ids(self) -> dict[str, str]:
        """The option id of each concern."""
        return dict(zip(CONCERNS, astuple(self), strict=True))

    @cached_property
    def options(self) -> tuple[Option, ...]:
        """The options, in the order of the concerns."""
        return tuple(OPTIONS[concern][option] for concern, option in self.ids.items())

    def option(self, concern: str) -> Option:
        """The option of one concern."""
        return OPTIONS[concern][self.ids[concern]]

    @cached_property
    def flow(self) -> RequestPath:
        """What the choices mean for each other."""
        said: dict[str, Any] = {}
        for option in self.options:
            said.update(option.provides)
        added = tuple(time for option in self.options for time in option.added_times)
        return RequestPath(added_times=added, **said)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """The things that whoever is on call must know exist, and the steps that a client must take.

        Whatever the workload: `parts_for` has those too that one asks for.
        """
        return tuple(part for option in self.options for part in option.parts)

    def parts_by_option(self, load: Conditions) -> dict[Option, tuple[str, ...]]:
        """The parts of each option, with those that the workload asks for."""
        return {option: _parts_of(Placement.of(option, self.flow), load) for option in self.options}

    def parts_for(self, load: Conditions) -> tuple[str, ...]:
        """All parts, with those that the workload asks for: a web ACL, a domain, a private network."""
        return tuple(part for parts in self.parts_by_option(load).values() for part in parts)

    @cached_property
    def deployable(self) -> bool:
        """Whether the live endpoint can put it up."""
        return not self.undeployable

    @cached_property
    def undeployable(self) -> tuple[str, ...]:
        """Why the live endpoint cannot put it up; empty if it can."""
        said = (option.undeployable(self.flow) for option in self.options)
        return tuple(sentence for sentence in said if sentence)

    def unbuilt(self, load: Conditions) -> tuple[str, ...]:
        """What the workload asks for that the template of this design does not have; empty if nothing."""
        return tuple(said for option in self.options for said in option.unbuilt(load, self.flow))

    @cached_property
    def clashes(self) -> tuple[str, ...]:
        """Why its options cannot go together; empty if they can."""
        said = (option.clashes(self.flow) for option in self.options)
        return tuple(sentence for sentence in said if sentence)

    def differs_from(self, other: Design) -> int:
        """How many of the choices are others."""
        return sum(mine != theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


def choices(given: str | Mapping[str, str | None] | Design) -> dict[str, str]:
    """The option ids that are given, by concern: "door=http-api,response=stored", a mapping, or a Design.

    Raises DesignError for an unknown concern or option, or options that cannot go together.
    """
    if isinstance(given, Design):
        given = given.ids
    if not isinstance(given, str | Mapping):
        raise DesignError(
            f"design is {quote_value(given)}: expected text such as door=http-api, or a mapping"
        )
    pairs = _pairs(given) if isinstance(given, str) else dict(given)
    chosen = {concern: option for concern, option in pairs.items() if option is not None}
    for concern, option in chosen.items():
        if not isinstance(concern, str) or concern not in OPTIONS:
            raise DesignError(f"{quote_value(concern)} is not a concern{suggest(concern, CONCERNS)}")
        if now := MOVED.get((concern, str(option))):
            raise DesignError(f"{concern} is {quote_value(option)}: expected {now} in its place")
        if not isinstance(option, str) or option not in OPTIONS[concern]:
            raise DesignError(f"{concern} is {quote_value(option)}{suggest(option, OPTIONS[concern])}")
    _check(chosen)
    return chosen


def _pairs(text: str) -> dict[str, str | None]:
    parts = filter(None, (piece.strip() for piece in text.split(",")))
    return dict(parse_pairs(parts, "design", "concern=option, such as door=http-api", "has", DesignError))


def _check(chosen: Mapping[str, str]) -> None:
    """Raise if no design holds all of the chosen options."""
    every = [d for d in every_combination() if _holds(d, chosen)]
    if not any(not design.clashes for design in every):
        why = min((design.clashes for design in every), key=len)
        raise DesignError(f"design {format_pairs(chosen, ',')} cannot be built: {'; '.join(why)}")


def _holds(design: Design, chosen: Mapping[str, str]) -> bool:
    return all(design.ids[concern] == option for concern, option in chosen.items())


@cache
def every_combination() -> tuple[Design, ...]:
    """All combinations, those that clash too."""
    return tuple(Design(*ids) for ids in itertools.product(*OPTIONS.values()))


@dataclass(frozen=True, eq=False)
class Placement:
    """An option, and as much of a request path as it reads: designs that share it share its answers.

    There is one object for each placement, so that they are told apart by identity.
    """

    option: Option
    path: Paths  # one path

    @property
    def fields(self) -> Mapping[str, Any]:
        """What it reads of the request path."""
        return self.path.rows[0]

    def load(self, load: Conditions) -> Conditions:
        """The load as the option sees it here: of what a cache in front answers it sees nothing."""
        return load if self.option.in_front else load.behind_edge(self.path)

    @classmethod
    def of(cls, option: Option, flow: RequestPath) -> Placement:
        """The placement that `option` has in a design with this request path."""
        fields = sorted({*option.depends_on, *option.provides, *(() if option.in_front else ("cached",))})
        return _placement(option, tuple((name, getattr(flow, name)) for name in fields))


@cache
def _placement(option: Option, fields: tuple[tuple[str, Any], ...]) -> Placement:
    return Placement(option, Paths([dict(fields)], None))


@dataclass(frozen=True, eq=False)
class Question:
    """An option with all the paths in which it stands: what is asked at once."""

    option: Option
    paths: Paths
    rows: np.ndarray  # of its placements

    def loads(self, load: Conditions) -> Iterator[tuple[Conditions, Paths, np.ndarray]]:
        """With which load the option is asked for which paths, and the rows of their placements.

        Of what a cache in front answers the options behind it see nothing.
        """
        if not load.caches or self.option.in_front:
            yield load, self.paths, self.rows
            return
        cached = np.array([row["cached"] for row in self.paths.rows])
        for here in (~cached, cached):
            if here.any():
                paths = Paths(list(itertools.compress(self.paths.rows, here)), None)
                yield load.behind_edge(paths), paths, self.rows[here]


@dataclass(frozen=True, eq=False)
class Table:
    """Designs that can be built, fewest parts first, and the placements that they are made of."""

    designs: tuple[Design, ...]
    placements: tuple[Placement, ...]  # of all designs: a part of the table has those of the whole
    rows: np.ndarray  # (designs, concerns): the placement of each of its options
    parts: np.ndarray  # (designs,)
    answers: np.ndarray  # (designs,): whether an exchange waits for the work
    streams: np.ndarray  # (designs,): whether it waits for the first byte of a stream alone
    acknowledges: np.ndarray  # (designs,): whether the result is only that the request is accepted

    def where(self, chosen: Mapping[str, str]) -> Table:
        """The table of those designs that hold all of the chosen options."""
        return self.only(np.array([_holds(design, chosen) for design in self.designs]))

    def only(self, kept: np.ndarray) -> Table:
        """The table of those designs that are `kept` (bool, shape (designs,))."""
        designs = tuple(itertools.compress(self.designs, kept))
        by_design = (self.rows, self.parts, self.answers, self.streams, self.acknowledges)
        return Table(designs, self.placements, *(values[kept] for values in by_design))

    @cached_property
    def used(self) -> np.ndarray:
        """The placements that these designs are made of."""
        return np.unique(self.rows)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """What is asked of the options of these designs: each once, for all of its paths."""
        asked: dict[Option, list[int]] = {}
        for row in self.used.tolist():
            asked.setdefault(self.placements[row].option, []).append(row)
        return tuple(_question(option, tuple(rows)) for option, rows in asked.items())

    def exclusions(self, load: Conditions) -> dict[int, tuple[Exclusion, ...]]:
        """Why each placement cannot serve the load; those that can are left out."""
        concerns = (np.unique(column).tolist() for column in self.rows.T)
        rows = [row for rows in concerns for row in rows]
        options = dict.fromkeys(self.placements[row].option for row in rows)
        by_option = {option: tuple(option.excludes(load)) for option in options}
        excluded = {}
        for row in rows:
            placement = self.placements[row]
            holding = tuple(each for each in by_option[placement.option] if each.mask(placement.path))
            if holding:
                excluded[row] = holding
        return excluded

    def with_parts_for(self, load: Conditions) -> Table:
        """The same designs, their parts counted with those that the workload asks for."""
        more = np.zeros(len(self.placements), dtype=int)
        for row in self.used.tolist():
            placement = self.placements[row]
            more[row] = sum(bool(on) for _, on in placement.option.more_parts(load, placement.path))
        return replace(self, parts=self.parts + more[self.rows].sum(axis=1)) if more.any() else self

    def allowed(self, load: Conditions) -> np.ndarray:
        """Which designs the load excludes no option of, shape (designs, *axes)."""
        free = np.ones((len(self.placements), *load.shape), dtype=bool)
        for row, exclusions in self.exclusions(load).items():
            for exclusion in exclusions:
                free[row] &= ~np.asarray(exclusion.where)
        return np.logical_and.reduce(free[self.rows], axis=1)


def _parts_of(placement: Placement, load: Conditions) -> tuple[str, ...]:
    option = placement.option
    return (*option.parts, *(part for part, on in option.more_parts(load, placement.path) if on))


@cache
def _question(option: Option, rows: tuple[int, ...]) -> Question:
    placements = table().placements
    paths = Paths([placements[row].fields for row in rows], None)
    return Question(option, paths, np.array(rows))


@cache
def table() -> Table:
    """The table of all designs; it depends on no workload."""
    designs = [design for design in every_combination() if not design.clashes]
    designs.sort(key=lambda design: len(design.parts))  # stable: then as the options are listed
    index: dict[Placement, int] = {}
    rows = [
        [index.setdefault(Placement.of(option, design.flow), len(index)) for option in design.options]
        for design in designs
    ]
    parts = np.array([len(design.parts) for design in designs])
    flows = [design.flow for design in designs]
    answers = np.array([not flow.asynchronous for flow in flows])
    streams = np.array([flow.streaming for flow in flows])
    acknowledges = np.array([flow.body_out is BodyOut.NOTHING for flow in flows])
    return Table(tuple(designs), tuple(index), np.array(rows), parts, answers, streams, acknowledges)


def allowed(load: Conditions) -> Table:
    """The designs that can be built, less those that something excludes at every point of the load."""
    free = np.ones(len(table().placements), dtype=bool)
    for row, exclusions in table().exclusions(load).items():
        free[row] = not any(np.all(each.where) for each in exclusions)
    return table().only(free[table().rows].all(axis=1)).with_parts_for(load)
