"""The request paths for which an option is evaluated: that of one design, or those of all designs at once.

An option is evaluated once for all paths on which it occurs. Each field of the paths is a column with a row
per path, so one expression gives the answers for all of them. There is no `if` on a path: an amount that
applies only on some paths is multiplied by a mask.

A mask or a column has the shape (paths, 1, ...), with as many axes after the first as the quantities of the
workload have after theirs. For a single path it is a plain number, and so are the answers.
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
    """One field of the paths, with a value per row.

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
        self._tail = tail  # number of axes after the paths; None: a single path
        self._masks: dict[object, Mask] = {}

    def is_(self, *values: T) -> Mask:
        """The paths on which the field has one of these values."""
        if values not in self._masks:
            self._masks[values] = self._mask([each in values for each in self.distinct])
        return self._masks[values]

    def has(self, **attributes: object) -> Mask:
        """The paths on which the field is a record with these attributes, such as compute's `billing`."""
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
        """Each member of a field that is a tuple, with the paths whose tuple contains it."""
        for member in dict.fromkeys(member for each in self.distinct for member in each):
            key = ("member", member)
            if key not in self._masks:
                self._masks[key] = self._mask([member in each for each in self.distinct])
            yield member, self._masks[key]

    def each(self) -> Iterator[tuple[T, Mask]]:
        """Each value with the paths that have it; `EVERYWHERE` if there is only one value."""
        for value in self.distinct:
            yield value, EVERYWHERE if len(self.distinct) == 1 else self.is_(value)

    def look_up(self, function: Callable[[T], Number]) -> Number:
        """The result of a function of the field's value on each path, such as a fact by the id in the field.

        The function is called once for each distinct value.
        """
        results = [function(each) for each in self.distinct]
        if self._tail is None or len(results) == 1:
            return results[0]
        if not any(np.ndim(result) for result in results):
            return self._column(np.array(results)[self._codes])
        axis = self._tail + 1  # the axis of the paths, counted from the end
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
    """The paths for which an option is evaluated, one row each.

    An attribute is a field of `RequestPath`: a `Mask` if the field is a boolean, else a `Column`. Fields that
    the option does not declare in `depends_on` or `provides` raise AttributeError.

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
    versioned: Mask
    can_cache: Mask

    def __init__(self, rows: Sequence[Mapping[str, Any]], tail: int | None) -> None:
        self.rows, self._tail = rows, tail
        self._with_tail: dict[int, Paths] = {}

    @classmethod
    def of(cls, flow: RequestPath, fields: Sequence[str] | None = None) -> Paths:
        """One path with the fields that an option reads; by default all fields."""
        names = (*RequestPath.__dataclass_fields__, "can_cache") if fields is None else fields
        return cls([{name: getattr(flow, name) for name in names}], None)

    def __len__(self) -> int:
        return len(self.rows)

    def along(self, tail: int) -> Paths:
        """The same paths, for quantities with `tail` axes after the first."""
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
