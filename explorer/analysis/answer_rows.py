"""The rows of one answer: records for code, a frame for people, plain values for JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, overload

if TYPE_CHECKING:
    import pandas as pd

Row = TypeVar("Row")


@dataclass(frozen=True)
class Rows(Sequence[Row], Generic[Row]):
    """Records of one dataclass, in order.

    Parameters
    ----------
    rows : the records
    kind : the dataclass of the records; its fields are the columns of the frame, even without rows
    columns : for a field that holds a mapping, the keys that become columns in its place
    names : the name of a field in frames and plain values, where it differs

    Examples
    --------
    >>> from dataclasses import make_dataclass
    >>> kind = make_dataclass("Cost", ["design", "usd"])
    >>> rows = Rows((kind({"door": "alb"}, 12.5),), kind, {"design": ["door"]})
    >>> [row.usd for row in rows], rows.to_dicts()
    ([12.5], [{'design': {'door': 'alb'}, 'usd': 12.5}])
    >>> print(rows.to_frame().to_string(index=False))
    door  usd
     alb 12.5
    """

    rows: tuple[Row, ...]
    kind: type[Row]
    columns: Mapping[str, Sequence[str]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[Row]:
        return iter(self.rows)

    @overload
    def __getitem__(self, index: int) -> Row: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Row]: ...

    def __getitem__(self, index: int | slice) -> Row | Sequence[Row]:
        return self.rows[index]

    def first(self, count: int | None) -> Self:
        """The first `count` rows; all of them if `count` is None."""
        return replace(self, rows=self.rows[:count])

    def to_dicts(self) -> list[dict[str, Any]]:
        """Each record as plain values, by field."""
        own = [field.name for field in fields(self.kind)]  # type: ignore[arg-type]
        return [{self.names.get(name, name): _plain(getattr(row, name)) for name in own} for row in self.rows]

    def to_frame(self) -> pd.DataFrame:
        """The rows as a frame: one row per record, one column per field."""
        import pandas as pd

        own = [field.name for field in fields(self.kind)]  # type: ignore[arg-type]
        names = [self.names.get(name, name) for name in own]
        records = self.to_dicts()
        for record in records:
            for name in self.columns:
                record |= record.pop(name)
        return pd.DataFrame(
            records, columns=[column for name in names for column in self.columns.get(name, [name])]
        )


def _plain(value: Any) -> Any:
    """The value of an enumeration member, a mapping as a new dict, any other value unchanged."""
    if isinstance(value, StrEnum):
        return value.value
    return dict(value) if isinstance(value, Mapping) else value
