"""The only reader of `data/`: limits, prices, times, constants and what a breach looks like.

A table is read when it is first asked for, checked on the way in, and kept. What breaks a rule of
`data/README.md` is refused in one line: the file, the line, the field, the value, what is accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from datetime import date
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from explorer.errors import FactsError, UnknownIdError

from . import records
from .csv_table import Check, Row, first_day, read, refused, text
from .locations import data_dir
from .records import Breach, ColdStart, Constant, Free, Limit, ProductRow, Service, Tariff, Time
from .suggestions import expected_id, expected_one_of

if TYPE_CHECKING:
    import pandas as pd


DOOR = "door."  # before a door's id: what its time in times.csv is called
HOME_REGION = "us-east-1"  # every price id has a price here

T = TypeVar("T")


def _found(table: Mapping[str, T], wanted: str, what: str) -> T:
    if wanted in table:
        return table[wanted]
    raise UnknownIdError(f'{what} is "{wanted}": {expected_id(wanted, table)}')


def _fields(row: Row) -> Row:
    return {field: value for field, value in row.items() if field != "place"}


def _check_sourced(row: Row) -> None:
    """An assumption says why, everything else says whence."""
    assumed = row.get("kind") == "assumption"
    if assumed and not row["note"]:
        raise refused(row["place"], "note", "", "the reason for the assumption")
    if not assumed and not row["source_url"]:
        raise refused(row["place"], "source_url", "", "an address, or the kind assumption")


class Facts:
    """The tables of one `folder`, each read and checked when it is first asked for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edition(self) -> str:
        """The newest day on which a price was seen, and a name for all the tables as they are now."""
        found = hashlib.sha256()
        for path in sorted(self.folder.glob("*.csv")):
            found.update(path.read_bytes())
        return f"{max(row['as_of'] for row in self._price_rows)} {found.hexdigest()[:12]}"

    def _read(self, name: str, checks: Mapping[str, Check]) -> list[Row]:
        if "unit" in checks:
            checks = {**checks, "unit": self._unit}
        return read(self.folder / name, checks)

    def _by_id(self, name: str, checks: Mapping[str, Check], history: bool = False) -> dict[str, Row]:
        """The rows by id; with `history` a further line of an id counts, if it was seen later."""
        table: dict[str, Row] = {}
        for row in self._read(name, checks):
            earlier = table.get(row["id"])
            if earlier and not (history and first_day(row["as_of"]) > first_day(earlier["as_of"])):
                accepted = "one line an id" + (", or a later as_of" if history else "")
                raise refused(row["place"], "id", row["id"], accepted)
            _check_sourced(row)
            table[row["id"]] = row
        return table

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(row["unit"] for row in read(self.folder / "units.csv", {"unit": text}))

    def _unit(self, given: str) -> str:
        if given not in self._units:
            raise ValueError("a unit of units.csv")
        return given

    @cached_property
    def _limits(self) -> dict[str, Limit]:
        rows = self._by_id("limits.csv", records.LIMIT, history=True)
        return {id: Limit(**_fields(row)) for id, row in rows.items()}

    @cached_property
    def _times(self) -> dict[str, Time]:
        rows = self._by_id("times.csv", records.TIME)
        return {id: records.time_of(row) for id, row in rows.items()}

    @cached_property
    def _constants(self) -> dict[str, Constant]:
        rows = self._by_id("constants.csv", records.CONSTANT)
        return {id: Constant(**_fields(row)) for id, row in rows.items()}

    @cached_property
    def _breaches(self) -> dict[tuple[str, str], Breach]:
        table: dict[tuple[str, str], Breach] = {}
        for row in self._read("breaches.csv", records.BREACH):
            place, breach = row["place"], Breach(**_fields(row))
            if breach.limit not in self._limits:
                raise refused(place, "limit", breach.limit, "an id of limits.csv")
            if breach.door not in self._callers:
                raise refused(place, "door", breach.door, f"one of {', '.join(self._callers)}")
            if (breach.limit, breach.door) in table:
                raise refused(place, "door", breach.door, "one line a limit and door")
            table[breach.limit, breach.door] = breach
        return table

    @cached_property
    def _callers(self) -> tuple[str, ...]:
        """Who may see a limit break: the doors, which have their times, and those that need none."""
        doors = [id.removeprefix(DOOR) for id in self._times if id.startswith(DOOR)]
        return (*doors, "invoke", "async", "*")

    @cached_property
    def _price_rows(self) -> list[Row]:
        return self._read("prices.csv", records.PRICE)

    @cached_property
    def _tariffs(self) -> dict[str, dict[str, Tariff]]:
        """Each id's tariffs by region; us-east-1 is always among them."""
        seen: dict[str, dict[str, list[Row]]] = {}
        for row in self._price_rows:
            seen.setdefault(row["id"], {}).setdefault(row["region"], []).append(row)
        table = {}
        for id, regions in seen.items():
            if HOME_REGION not in regions:
                raise FactsError(f"prices.csv: {id} has no price in {HOME_REGION}: expected one")
            table[id] = {region: records.tariff_of(rows) for region, rows in regions.items()}
        return table

    @cached_property
    def _regions(self) -> frozenset[str]:
        return frozenset(row["region"] for row in self._price_rows)

    @cached_property
    def _free(self) -> dict[str, Free]:
        pools: dict[str, Decimal | None] = {}
        table: dict[str, Free] = {}
        for row in self._read("billing_notes.csv", records.FREE):
            id, pool, quantity = row["id"], row["free_pool"], row["free_quantity"]
            if id not in self._tariffs or id in table:
                raise refused(row["place"], "id", id, "an id of prices.csv, once")
            if (quantity is None) != (pool == "") or pools.setdefault(pool, quantity) != quantity:
                raise refused(row["place"], "free_pool", pool, "one quantity a pool")
            if quantity is not None:
                table[id] = Free(pool, quantity)
        return table

    @cached_property
    def _products(self) -> dict[str, ProductRow]:
        table: dict[str, ProductRow] = {}
        for row in self._read("products.csv", records.PRODUCT):
            if row["id"] in table:
                raise refused(row["place"], "id", row["id"], "one line an id")
            table[row["id"]] = ProductRow(**_fields(row))
        return table

    @cached_property
    def _services(self) -> dict[str, Service]:
        table: dict[str, Service] = {}
        for row in self._read("services.csv", records.SERVICE):
            name = row["service"]
            if name in table or not any(id.startswith(f"{name}.") for id in self._tariffs):
                raise refused(row["place"], "service", name, "the first part of an id of prices.csv, once")
            table[name] = Service(name, row["colour"] or "", row["shade"])
        return table

    @cached_property
    def _task_sizes(self) -> tuple[float, ...]:
        rows = self._read("task_sizes.csv", records.TASK_SIZE)
        return tuple(sorted({row["vcpu"] for row in rows}))

    @cached_property
    def _cold_starts(self) -> dict[str, list[ColdStart]]:
        """Zip packages without SnapStart, by language; of two base images the newer."""
        table: dict[str, dict[tuple[str, int], ColdStart]] = {}
        for row in self._read("cold_starts.csv", records.COLD_START):
            if row["package_type"] == "zip" and not row["snapstart"]:
                cold = records.cold_start_of(row)
                table.setdefault(cold.language, {})[cold.architecture, cold.memory_mb] = cold
        for name in sorted(table, reverse=True):  # "graalvm" means the newest, "graalvm java23"
            table.setdefault(name.split()[0], table[name])
        return {name: list(rows.values()) for name, rows in table.items()}

    def limit(self, id: str) -> Limit:
        """The limit `id`. Raises UnknownIdError naming what comes near."""
        return _found(self._limits, id, "limit")

    def limits(self) -> dict[str, Limit]:
        """Every limit by its id."""
        return dict(self._limits)

    def breach(self, limit_id: str, door: str) -> Breach | None:
        """What the caller of `door` sees when the limit breaks: its own row, any door's, Invoke's.

        `door` is a door's id, "invoke" for a call by SDK, or "async" for work that was handed over.
        """
        rows = (self._breaches.get((limit_id, place)) for place in (door, "*", "invoke"))
        return next((row for row in rows if row), None)

    def tariff(self, id: str, region: str) -> Tariff:
        """The price of `id` in `region`, us-east-1's if there is none. Raises UnknownIdError."""
        tariffs = _found(self._tariffs, id, "price")
        if region not in self._regions:
            raise UnknownIdError(f'region is "{region}": {expected_one_of(self.regions())}')
        if region not in tariffs:
            tariffs[region] = replace(tariffs[HOME_REGION], region=region, assumed=True)
        return tariffs[region]

    def price_ids(self) -> tuple[str, ...]:
        """Every billing dimension that has a price."""
        return tuple(sorted(self._tariffs))

    def regions(self) -> tuple[str, ...]:
        """The regions with prices of their own."""
        return tuple(sorted(self._regions))

    def free(self, id: str) -> Free | None:
        """What of the price `id` is free each month, None if nothing is."""
        _found(self._tariffs, id, "price")
        return self._free.get(id)

    def products(self) -> dict[str, ProductRow]:
        """How AWS's price list names what each price id bills; ids that it does not list are absent."""
        return dict(self._products)

    def services(self) -> dict[str, Service]:
        """The services with a colour or a shade of their own, by the first part of their price ids."""
        return dict(self._services)

    def time(self, id: str) -> Time:
        """How long the operation `id` takes. Raises UnknownIdError naming what comes near."""
        return _found(self._times, id, "time")

    def times(self) -> dict[str, Time]:
        """Every time by its id."""
        return dict(self._times)

    def constant(self, id: str) -> Constant:
        """The constant `id`. Raises UnknownIdError naming what comes near."""
        return _found(self._constants, id, "constant")

    def constants(self) -> dict[str, Constant]:
        """Every constant by its id."""
        return dict(self._constants)

    def task_sizes(self) -> tuple[float, ...]:
        """The vCPU that a container task may have, least first."""
        return self._task_sizes

    def languages(self) -> tuple[str, ...]:
        """The languages with measured cold starts."""
        return tuple(sorted(self._cold_starts))

    def cold_start(self, language: str, architecture: str, memory_mb: float) -> ColdStart:
        """The initialisation measured with the most memory up to `memory_mb` [MB], else the least.

        Where `language` was measured on the other architecture alone, that. Raises UnknownIdError.
        """
        if language not in self._cold_starts:
            raise UnknownIdError(f'language is "{language}": {expected_one_of(self.languages())}')
        rows = self._cold_starts[language]
        rows = [row for row in rows if row.architecture == architecture] or rows
        below = [row for row in rows if row.memory_mb <= memory_mb]
        return max(below, key=_memory) if below else min(rows, key=_memory)

    def limits_frame(self) -> pd.DataFrame:
        """A row a limit; `age_days` since it was seen, from the start of a month or year."""
        return _frame([asdict(limit) for limit in self._limits.values()])

    def prices_frame(self) -> pd.DataFrame:
        """A row a price ever seen; `age_days` as above, and `stale`: not seen since 2026 began."""
        frame = _frame([_fields(row) for row in self._price_rows])
        numbers = dict.fromkeys(("tier_from", "tier_to", "price_usd"), float)
        return frame.astype(numbers).assign(stale=[records.is_stale(as_of) for as_of in frame["as_of"]])

    def breaches_frame(self) -> pd.DataFrame:
        """A row a limit and door: what the caller sees when the limit breaks."""
        return _frame([asdict(breach) for breach in self._breaches.values()])


def _memory(row: ColdStart) -> int:
    return row.memory_mb


def _frame(rows: list[Row]) -> pd.DataFrame:
    import pandas as pd

    ages = [date.today() - first_day(row["as_of"]) for row in rows]
    return pd.DataFrame(rows).assign(age_days=[age.days for age in ages])


DEFAULT = Facts(data_dir())
limit, limits, limits_frame = DEFAULT.limit, DEFAULT.limits, DEFAULT.limits_frame
breach, breaches_frame = DEFAULT.breach, DEFAULT.breaches_frame
cold_start, languages = DEFAULT.cold_start, DEFAULT.languages
tariff, free, prices_frame = DEFAULT.tariff, DEFAULT.free, DEFAULT.prices_frame
price_ids, regions = DEFAULT.price_ids, DEFAULT.regions
products, services = DEFAULT.products, DEFAULT.services
time, times = DEFAULT.time, DEFAULT.times
constant, constants = DEFAULT.constant, DEFAULT.constants
task_sizes = DEFAULT.task_sizes
edition = DEFAULT.edition
