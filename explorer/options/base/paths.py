"""The request paths that an option is asked about: that of one design, or those of all designs at once.

An option is asked once for all paths in which it stands. What a path says is a row of a column, so an answer
is worked out for all of them by one expression. There is no `if` on a path: what holds on some paths only is
multiplied by a mask.

A mask or a column has the shape (paths, 1, ...) with as many axes behind the first as the workload's
quantities have behind theirs; of a single path it is a plain number, and so are the answers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Generic, TypeVar

import numpy as np

from explorer.facts.units import Number

from .added_time import AddedTime
from .mask import EVERYWHERE, Mask
from .request_path import Behind, BodyIn, BodyOut, Compute, Initialization, RequestPath

T = TypeVar("T")
Member = TypeVar("Member")


class Column(Generic[T]):
    """One field of the paths, a value a row.

    Examples
    --------
    >>> path = Paths.of(RequestPath(door_time="door.alb"))
    >>> bool(path.door_time.is_("door.alb", "door.http-api"))
    True
    >>> path.door_time.look_up(len)
    8
    """

    def __init__(self, values: Sequence[T], tail: int | None) -> None:
        self.distinct: list[T] = list(dict.fromkeys(values))
        self._codes = np.array([self.distinct.index(value) for value in values])
        self._tail = tail  # axes behind the paths; None: one path
        self._masks: dict[object, Mask] = {}

    def is_(self, *values: T) -> Mask:
        """On which paths the field has one of these values."""
        if values not in self._masks:
            self._masks[values] = self._mask([each in values for each in self.distinct])
        return self._masks[values]

    def has(self, **attributes: object) -> Mask:
        """On which paths the field is a record with these attributes, such as compute's `billing`."""
        key = ("has", *attributes.items())
        if key not in self._masks:
            self._masks[key] = self._mask(
                [
                    all(getattr(each, name) == value for name, value in attributes.items())
                    for each in self.distinct
                ]
            )
        return self._masks[key]

    def members(self: Column[tuple[Member, ...]]) -> Iterator[tuple[Member, Mask]]:
        """Each member of a field that is a tuple, with the paths whose tuple has it."""
        for member in dict.fromkeys(member for each in self.distinct for member in each):
            key = ("member", member)
            if key not in self._masks:
                self._masks[key] = self._mask([member in each for each in self.distinct])
            yield member, self._masks[key]

    def each(self) -> Iterator[tuple[T, Mask]]:
        """Each value with the paths that have it; everywhere where there is one value alone."""
        for value in self.distinct:
            yield value, EVERYWHERE if len(self.distinct) == 1 else self.is_(value)

    def look_up(self, function: Callable[[T], Number]) -> Number:
        """What a function of the field's value gives on each path: a fact by the id that the field holds.

        It is called once for each distinct value.
        """
        results = [function(each) for each in self.distinct]
        if self._tail is None or len(results) == 1:
            return results[0]
        if not any(np.ndim(result) for result in results):
            return self._column(np.array(results)[self._codes])
        axis = self._tail + 1  # of the paths, from the end
        ndim = max(axis, *(np.ndim(result) for result in results))
        whole = [np.reshape(result, (1,) * (ndim - np.ndim(result)) + np.shape(result)) for result in results]
        stacked = np.concatenate(np.broadcast_arrays(*whole), axis=-axis)
        return np.take(stacked, self._codes, axis=-axis)

    def _mask(self, holds: Sequence[bool]) -> Mask:
        if self._tail is None:
            return np.bool_(holds[0])
        return self._column(np.array(holds, dtype=bool)[self._codes])

    def _column(self, values: np.ndarray) -> np.ndarray:
        return values.reshape((-1,) + (1,) * (self._tail or 0))


class Paths:
    """What an option is asked with beside the workload: the paths of designs, a row each.

    An attribute is a field of `RequestPath`: a `Mask` where the field is a yes or no, else a `Column`. Fields
    that the option does not declare in `depends_on` or `provides` are not there: AttributeError.

    Examples
    --------
    >>> path = Paths.of(RequestPath(asynchronous=True))
    >>> bool(path.asynchronous)
    True
    """

    distribution: Mask
    egress: Column[str]
    origin_access: Mask
    socket: Mask
    gzip: Mask
    compute: Column[Compute]
    initialization: Column[Initialization]
    behind: Column[Behind]
    asynchronous: Mask
    polls: Mask
    body_in: Column[BodyIn]
    body_out: Column[BodyOut]
    added_times: Column[tuple[AddedTime, ...]]
    door_waits: Column[str]
    run_limit: Column[str]
    door_time: Column[str]
    request_envelope: Column[str]
    response_envelope: Column[str]
    response_limits: Column[tuple[str, ...]]
    streams: Mask
    streams_in_vpc: Mask
    streaming: Mask
    fronts_containers: Mask
    starts_workflows: Mask
    cached: Mask

    def __init__(self, rows: Sequence[Mapping[str, Any]], tail: int | None) -> None:
        self.rows, self._tail = rows, tail
        self._with_tail: dict[int, Paths] = {}

    @classmethod
    def of(cls, flow: RequestPath, fields: Sequence[str] | None = None) -> Paths:
        """One path, of which an option reads these fields; all if none are named."""
        names = (*RequestPath.__dataclass_fields__, "cached") if fields is None else fields
        return cls([{name: getattr(flow, name) for name in names}], None)

    def __len__(self) -> int:
        return len(self.rows)

    def along(self, tail: int) -> Paths:
        """The same paths, to be asked at once with quantities of so many axes behind the first."""
        if tail not in self._with_tail:
            self._with_tail[tail] = Paths(self.rows, tail)
        return self._with_tail[tail]

    def alone(self, row: int) -> Paths:
        """One of the paths by itself."""
        return Paths([self.rows[row]], None)

    def __getattr__(self, name: str) -> Mask | Column[Any]:
        if name.startswith("_") or name not in self.rows[0]:
            raise AttributeError(f"{name} is not among what is declared: {', '.join(self.rows[0])}")
        column = Column([row[name] for row in self.rows], self._tail)
        value = column.is_(True) if isinstance(self.rows[0][name], bool) else column
        self.__dict__[name] = value
        return value
