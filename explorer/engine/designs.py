"""Designs: one option for each concern, all combinations, and which options cannot be combined."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import astuple, dataclass, replace
from functools import cache, cached_property, lru_cache
from types import SimpleNamespace
from typing import Any, cast

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
from explorer.options.base.added_time import AddedTime
from explorer.options.base.conditions import Conditions
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import DERIVED, BodyOut, RequestPath

OPTIONS: dict[str, dict[str, Option]] = {}
for module in (edge, door, request, response, compression, execution, initialization, configuration):
    for option in module.OPTIONS:
        OPTIONS.setdefault(option.concern, {})[option.id] = option
CONCERNS = tuple(OPTIONS)
KEPT_TABLES = 32  # tables of the designs that a workload allows
KEPT_QUESTIONS = 1024  # an option with some of its paths: about thirty per table
MOVED = {("response", "compressed"): "response=buffered, compression=gzip"}  # former ids, now a pair


@contextmanager
def more_options(*options: Option) -> Iterator[None]:
    """Add options to the designs while the context lasts, after those of the package.

    Every part of the package then sees them. Tests use this to try an option that the test itself defines.
    """
    places = [(OPTIONS[option.concern], option) for option in options]
    try:
        for by_id, option in places:
            if by_id.setdefault(option.id, option) is not option:
                raise DesignError(f'{option.concern} has an option "{option.id}" already')
        _forget_designs()
        yield
    finally:
        for by_id, option in places:
            if by_id.get(option.id) is option:
                del by_id[option.id]
        _forget_designs()


def _forget_designs() -> None:
    """Clear the caches of designs, which hold another set of options."""
    for cached in (_design, combinations, table, _question, _part_of_table):
        cached.cache_clear()


@dataclass(frozen=True)
class Design:
    """One option id for each concern.

    Examples
    --------
    >>> design = ex.recommend(ex.Workload.load(ex.examples()["statements"])).design
    >>> design.response, design.execution
    ('stored', 'single')
    >>> design.ids["door"]
    'function-url'
    """

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
        """The option id for each concern."""
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
        """The request path: what the choices mean for each other."""
        return _flow(self.options)

    @cached_property
    def parts(self) -> tuple[str, ...]:
        """What the on-call engineer must know exists, and what a client must do, for any workload.

        `parts_for` adds the parts that a workload requires.
        """
        return tuple(part for option in self.options for part in option.parts)

    def parts_by_option(self, load: Conditions) -> dict[Option, tuple[str, ...]]:
        """The parts of each option, with those that the workload requires."""
        return {option: _parts_of(Placement.of(option, self.flow), load) for option in self.options}

    def parts_for(self, load: Conditions) -> tuple[str, ...]:
        """All parts, with those that the workload requires: a web ACL, a domain, a private network."""
        return tuple(part for parts in self.parts_by_option(load).values() for part in parts)

    @cached_property
    def deployable(self) -> bool:
        """Whether `explorer deploy` can deploy the design."""
        return not self.undeployable

    @cached_property
    def undeployable(self) -> tuple[str, ...]:
        """The reasons why `explorer deploy` cannot deploy the design; empty if it can."""
        sentences = (option.undeployable(self.flow) for option in self.options)
        return tuple(sentence for sentence in sentences if sentence)

    def unbuilt(self, load: Conditions) -> tuple[str, ...]:
        """What the workload requires that the template of this design does not contain; empty if nothing."""
        return tuple(sentence for option in self.options for sentence in option.unbuilt(load, self.flow))

    @cached_property
    def clashes(self) -> tuple[str, ...]:
        """The reasons why the options cannot be combined; empty if they can."""
        sentences = (option.clashes(self.flow) for option in self.options)
        return tuple(sentence for sentence in sentences if sentence)

    def differs_from(self, other: Design) -> int:
        """The number of concerns for which the two designs choose different options."""
        return sum(mine != theirs for mine, theirs in zip(astuple(self), astuple(other), strict=True))


def _flow(options: Iterable[Option]) -> RequestPath:
    """The request path that results from these options."""
    fields: dict[str, Any] = {}
    times: tuple[AddedTime, ...] = ()
    for option in options:
        fields.update(option.provides)
        times += option.added_times
    return RequestPath(added_times=times, **fields)


def choices(design: str | Mapping[str, str | None] | Design) -> dict[str, str]:
    """The chosen option ids by concern, from "door=http-api,response=stored", a mapping or a Design.

    Raises DesignError for an unknown concern or option, or options that cannot be combined.
    """
    if isinstance(design, Design):
        design = design.ids
    if not isinstance(design, str | Mapping):
        raise DesignError(
            f"design is {quote_value(design)}: expected text such as door=http-api, or a mapping"
        )
    pairs = _pairs(design) if isinstance(design, str) else dict(design)
    choice_ids = {concern: option for concern, option in pairs.items() if option is not None}
    for concern, option in choice_ids.items():
        if not isinstance(concern, str) or concern not in OPTIONS:
            raise DesignError(f"{quote_value(concern)} is not a concern{suggest(concern, CONCERNS)}")
        if now := MOVED.get((concern, str(option))):
            raise DesignError(f"{concern} is {quote_value(option)}: expected {now} in its place")
        if not isinstance(option, str) or option not in OPTIONS[concern]:
            raise DesignError(f"{concern} is {quote_value(option)}{suggest(option, OPTIONS[concern])}")
    _check(choice_ids)
    return choice_ids


def _pairs(text: str) -> dict[str, str | None]:
    parts = filter(None, (piece.strip() for piece in text.split(",")))
    return dict(parse_pairs(parts, "design", "concern=option, such as door=http-api", "has", DesignError))


def _check(choice_ids: Mapping[str, str]) -> None:
    """Raise DesignError if no design that can be built has all of the chosen options."""
    every = combinations()
    here = _rows_with(every.codes, choice_ids)
    if not every.can_be_built[here].any():
        sentences = (every.design(row).clashes for row in np.flatnonzero(here).tolist())
        why = min(sentences, key=len)
        raise DesignError(f"design {format_pairs(choice_ids, ',')} cannot be built: {'; '.join(why)}")


def _rows_with(codes: np.ndarray, choice_ids: Mapping[str, str]) -> np.ndarray:
    """Which combinations (rows) have all of the chosen options: shape (rows,)."""
    here = np.ones(len(codes), dtype=bool)
    for concern, option in choice_ids.items():
        ids = list(OPTIONS[concern])
        here &= codes[:, CONCERNS.index(concern)] == (ids.index(option) if option in ids else len(ids))
    return here


@cache
def _design(ids: tuple[str, ...]) -> Design:
    return Design(*ids)


class Combinations:
    """All combinations of options, one per row, in the order in which the options are listed.

    A field of the request path depends only on the options of the few concerns that provide it. So the field
    is evaluated once for each combination of these options, and stored as a column: a code per row for its
    value.
    """

    def __init__(self) -> None:
        self.options = tuple(tuple(by_id.values()) for by_id in OPTIONS.values())
        lengths = [len(options) for options in self.options]
        self.codes = np.indices(lengths, dtype=np.int16).reshape(len(lengths), -1).T  # (rows, concerns)
        self._columns: dict[str, tuple[list[Any], np.ndarray]] = {}

    def __len__(self) -> int:
        return len(self.codes)

    def design(self, row: int) -> Design:
        """The combination of a row."""
        codes = self.codes[row].tolist()
        return _design(tuple(options[code].id for options, code in zip(self.options, codes, strict=True)))

    def column(self, name: str) -> tuple[list[Any], np.ndarray]:
        """The distinct values of a field of the request path, and the index of each row's value."""
        if name not in self._columns:
            sources = DERIVED.get(name, (name,))
            concerns = [number for number in range(len(self.options)) if self._provides(number, sources)]
            lengths = [len(self.options[number]) for number in concerns]
            flows = map(_flow, itertools.product(*(self.options[number] for number in concerns)))
            values = [getattr(flow, name) for flow in flows]
            distinct = list(dict.fromkeys(values))
            place = np.zeros(len(self.codes), dtype=int)
            for number, length in zip(concerns, lengths, strict=True):
                place = place * length + self.codes[:, number]
            self._columns[name] = distinct, np.array([distinct.index(value) for value in values])[place]
        return self._columns[name]

    def _provides(self, number: int, fields: Iterable[str]) -> bool:
        """Whether any option of a concern sets one of these fields."""
        return any(
            field in option.provides or (field == "added_times" and option.added_times)
            for option in self.options[number]
            for field in fields
        )

    def distinct_values(
        self, rows: np.ndarray, fields: Sequence[str]
    ) -> tuple[list[tuple[Any, ...]], np.ndarray]:
        """The distinct values of the fields among these rows, and each row's index into them."""
        key = np.zeros(len(rows), dtype=int)
        for name in fields:
            values, codes = self.column(name)
            key = key * len(values) + codes[rows]
        _, first, which = np.unique(key, return_index=True, return_inverse=True)
        columns = [self.column(name) for name in fields]
        occurring = [tuple(values[codes[row]] for values, codes in columns) for row in rows[first].tolist()]
        return occurring, which

    def holding(self, number: int) -> Iterator[tuple[Option, np.ndarray]]:
        """The options of a concern, each with the rows that contain it."""
        for code, option in enumerate(self.options[number]):
            yield option, np.flatnonzero(self.codes[:, number] == code)

    @cached_property
    def clashes(self) -> dict[str, np.ndarray]:
        """The reasons why combinations cannot be built, each with a mask of its rows: shape (rows,)."""
        clashes: dict[str, np.ndarray] = {}
        for number in range(len(self.options)):
            for option, rows in self.holding(number):
                occurring, which = self.distinct_values(rows, option.clash_fields)
                for place, values in enumerate(occurring):
                    path = SimpleNamespace(**dict(zip(option.clash_fields, values, strict=True)))
                    if sentence := option.clashes(cast(RequestPath, path)):
                        here = clashes.setdefault(sentence, np.zeros(len(self), dtype=bool))
                        here[rows[which == place]] = True
        return clashes

    @cached_property
    def can_be_built(self) -> np.ndarray:
        """Which combinations have no clashing options: shape (rows,)."""
        result: np.ndarray = ~np.logical_or.reduce([np.zeros(len(self), dtype=bool), *self.clashes.values()])
        return result


@cache
def combinations() -> Combinations:
    """All combinations, including those that clash; independent of the workload."""
    return Combinations()


@dataclass(frozen=True, eq=False)
class Placement:
    """An option with the fields of a request path that it reads; designs that share it share its answers.

    There is exactly one object per placement, so placements are compared by identity.
    """

    option: Option
    path: Paths  # one path

    @property
    def fields(self) -> Mapping[str, Any]:
        """The fields of the request path that the option reads, by name."""
        return self.path.rows[0]

    def load(self, load: Conditions) -> Conditions:
        """The load as the option sees it: behind a cache, only the requests that the cache cannot answer."""
        return load if self.option.in_front else load.behind_edge(self.path)

    @classmethod
    def of(cls, option: Option, flow: RequestPath) -> Placement:
        """The placement of `option` in a design with this request path."""
        fields = _fields_read(option)
        return _placement(option, fields, tuple([getattr(flow, name) for name in fields]))


@cache
def _placement(option: Option, fields: tuple[str, ...], values: tuple[Any, ...]) -> Placement:
    return Placement(option, Paths([dict(zip(fields, values, strict=True))], None))


@cache
def _fields_read(option: Option) -> tuple[str, ...]:
    """The names of the fields of the request path that an option reads, sorted."""
    return tuple(sorted({*option.depends_on, *option.provides, *(() if option.in_front else ("can_cache",))}))


@dataclass(frozen=True, eq=False)
class Question:
    """An option with all the paths on which it occurs: one evaluation."""

    option: Option
    paths: Paths
    rows: np.ndarray  # the placement of each path, as an index into the table

    def loads(self, load: Conditions) -> Iterator[tuple[Conditions, Paths, np.ndarray]]:
        """The load for which the option is evaluated on which paths, and the rows of their placements.

        Options behind a cache at the edge see only the requests that the cache does not answer.
        """
        if not load.caches or self.option.in_front:
            yield load, self.paths, self.rows
            return
        cached = np.array([row["can_cache"] for row in self.paths.rows])
        for here in (~cached, cached):
            if here.any():
                paths = Paths(list(itertools.compress(self.paths.rows, here)), None)
                yield load.behind_edge(paths), paths, self.rows[here]


@dataclass(frozen=True, eq=False)
class Table:
    """Designs that can be built, fewest parts first, and the placements of which they consist."""

    number: np.ndarray  # (designs,): the index of each in the table of all designs
    codes: np.ndarray  # (designs, concerns): the index of the option in the list of its concern
    placements: tuple[Placement, ...]  # of all designs: a part of the table keeps the placements of the whole
    rows: np.ndarray  # (designs, concerns): the placement of each of its options
    parts: np.ndarray  # (designs,)
    answers: np.ndarray  # (designs,): whether the response waits for the work
    streams: np.ndarray  # (designs,): whether the response is streamed and waits only for its first byte
    acknowledges: np.ndarray  # (designs,): whether the client gets only the acknowledgement

    def __len__(self) -> int:
        return len(self.codes)

    def design(self, index: int) -> Design:
        """The design at an index."""
        ids = (
            list(OPTIONS[concern])[code] for concern, code in zip(CONCERNS, self.codes[index], strict=True)
        )
        return _design(tuple(ids))

    @cached_property
    def designs(self) -> tuple[Design, ...]:
        """All designs. There may be thousands: a caller that needs a few calls `design` for these."""
        ids = [list(by_id) for by_id in OPTIONS.values()]
        columns = [
            map(names.__getitem__, codes) for names, codes in zip(ids, self.codes.T.tolist(), strict=True)
        ]
        return tuple(map(_design, zip(*columns, strict=True)))

    def where(self, choice_ids: Mapping[str, str]) -> Table:
        """The table of the designs that have all of the chosen options."""
        return self.only(_rows_with(self.codes, choice_ids))

    def only(self, here: np.ndarray) -> Table:
        """The table of the designs at these indices, or where the mask is true (shape (designs,))."""
        by_design = (self.rows, self.parts, self.answers, self.streams, self.acknowledges)
        return Table(
            self.number[here], self.codes[here], self.placements, *(each[here] for each in by_design)
        )

    def nearest_to(self, design: Design) -> Design:
        """The design that differs from `design` in the fewest concerns; the first of several."""
        codes = [list(OPTIONS[concern]).index(option) for concern, option in design.ids.items()]
        return self.design(int((self.codes != codes).sum(axis=1).argmin()))

    @cached_property
    def placement_rows(self) -> np.ndarray:
        """The indices of the placements that these designs use."""
        return _distinct(self.rows, len(self.placements))

    @cached_property
    def of_concerns(self) -> tuple[np.ndarray, ...]:
        """The indices of the placements that these designs use, by concern."""
        return tuple(_distinct(column, len(self.placements)) for column in self.rows.T)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """The evaluations that these designs need: each option once, for all of its paths."""
        return tuple(
            _question(option, tuple(rows))
            for placements in self.of_concerns
            for option, rows in _placements_by_option(self.placements, placements.tolist()).items()
        )

    def exclusions(self, load: Conditions) -> dict[int, tuple[Exclusion, ...]]:
        """The reasons why placements cannot serve the load, by placement; only placements with a reason."""
        by_placement: dict[int, tuple[Exclusion, ...]] = {}
        for question in self.questions:
            for exclusion in question.option.excludes(load):
                holds = np.broadcast_to(exclusion.mask(question.paths.along(0)), question.rows.shape)
                for row in question.rows[holds].tolist():
                    by_placement[row] = (*by_placement.get(row, ()), exclusion)
        return by_placement

    def with_parts_for(self, load: Conditions) -> Table:
        """The same designs, with the parts that the workload requires added to their count."""
        more = self.more_parts(load)
        return replace(self, parts=self.parts + more[self.rows].sum(axis=1)) if more.any() else self

    def more_parts(self, load: Conditions) -> np.ndarray:
        """The number of parts that the workload adds to each placement: shape (placements,)."""
        more = np.zeros(len(self.placements), dtype=np.int16)
        for question in self.questions:
            for _, on in question.option.more_parts(load, question.paths.along(0)):
                more[question.rows] += on
        return more

    def sold(self, load: Conditions) -> np.ndarray:
        """Which designs every option sells at the one size of the load: shape (designs,)."""
        each = np.array([bool(np.all(placement.option.sells(load))) for placement in self.placements])
        result: np.ndarray = each[self.rows].all(axis=1)
        return result

    def allows(self, load: Conditions) -> np.ndarray:
        """Which designs have no option that the load excludes: shape (designs, *axes)."""
        free = np.ones((len(self.placements), *load.shape), dtype=bool)
        for row, exclusions in self.exclusions(load).items():
            for exclusion in exclusions:
                free[row] &= ~np.asarray(exclusion.where)
        result: np.ndarray = np.logical_and.reduce(free[self.rows], axis=1)
        return result


def _distinct(rows: np.ndarray, count: int) -> np.ndarray:
    """The distinct indices in `rows`, sorted, of `count` possible ones."""
    occurs = np.zeros(count, dtype=bool)
    occurs[rows] = True
    return np.flatnonzero(occurs)


def _placements_by_option(placements: Sequence[Placement], rows: Iterable[int]) -> dict[Option, list[int]]:
    """The indices of placements, grouped by option."""
    by_option: dict[Option, list[int]] = {}
    for row in rows:
        by_option.setdefault(placements[row].option, []).append(row)
    return by_option


def _parts_of(placement: Placement, load: Conditions) -> tuple[str, ...]:
    option = placement.option
    return (*option.parts, *(part for part, on in option.more_parts(load, placement.path) if on))


@lru_cache(maxsize=KEPT_QUESTIONS)
def _question(option: Option, rows: tuple[int, ...]) -> Question:
    placements = table().placements
    paths = Paths([placements[row].fields for row in rows], None)
    return Question(option, paths, np.array(rows))


@cache
def table() -> Table:
    """The table of all designs; independent of the workload."""
    every = combinations()
    built = np.flatnonzero(every.can_be_built)
    parts = sum(
        np.array([len(option.parts) for option in options])[every.codes[built, number]]
        for number, options in enumerate(every.options)
    )
    order = np.argsort(parts, kind="stable")  # ties in the order in which the options are listed
    built, parts = built[order], parts[order]
    rows = np.empty((len(built), len(every.options)), dtype=int)
    placements: list[Placement] = []
    for number, options in enumerate(every.options):
        for code, option in enumerate(options):
            here = np.flatnonzero(every.codes[built, number] == code)
            fields = _fields_read(option)
            occurring, which = every.distinct_values(built[here], fields)
            rows[here, number] = len(placements) + which
            placements += [_placement(option, fields, values) for values in occurring]
    return Table(
        np.arange(len(built)),
        every.codes[built],
        tuple(placements),
        rows,
        parts,
        ~_has_value(every, "asynchronous", True)[built],
        _has_value(every, "streaming", True)[built],
        _has_value(every, "body_out", BodyOut.NOTHING)[built],
    )


def _has_value(every: Combinations, name: str, value: Any) -> np.ndarray:
    """Which combinations have this value of a field: shape (rows,)."""
    values, codes = every.column(name)
    result: np.ndarray = np.array([each == value for each in values])[codes]
    return result


def table_index(design: Design) -> int:
    """The index of a design in the table of all designs that can be built."""
    return int(np.flatnonzero(_rows_with(table().codes, design.ids))[0])


def allowed_designs(load: Conditions) -> Table:
    """The designs that can be built, without those that are excluded at every point of the load."""
    whole = table()
    free = np.ones(len(whole.placements), dtype=bool)
    for question in whole.questions:
        for exclusion in question.option.excludes(load):
            if np.all(exclusion.where):
                free[question.rows] &= ~exclusion.mask(question.paths.along(0))
    return _part_of_table(free.tobytes(), whole.more_parts(load).tobytes())


@lru_cache(maxsize=KEPT_TABLES)
def _part_of_table(free: bytes, more_parts: bytes) -> Table:
    """The designs made only of allowed placements (bool), with the extra parts of each placement (int16).

    The same arguments return the same table, with everything that it has already computed.
    """
    whole, more = table(), np.frombuffer(more_parts, dtype=np.int16)
    some = whole.only(np.frombuffer(free, dtype=bool)[whole.rows].all(axis=1))
    return replace(some, parts=some.parts + more[some.rows].sum(axis=1)) if more.any() else some
