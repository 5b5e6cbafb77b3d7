"""The only reader of `data/`: limits, prices, times, constants and breaches.

A table is read and checked on first access, and kept. A violation of the rules in `data/README.md` raises an
error in one line: the file, the line, the field, the value, what is accepted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import asdict, replace
from decimal import Decimal
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from explorer.errors import UnknownIdError

from . import records
from .cold_starts import cold_start_for, cold_starts_of
from .csv_table import (
    Check,
    Columns,
    Row,
    age_days,
    frame_with_age,
    read_columns,
    read_rows,
    refusal,
    table_entry,
    text_cell,
)
from .locations import data_dir
from .price_book import HOME_REGION as HOME_REGION
from .price_book import NOTE, BillingNote, PriceBook, billing_notes_of
from .records import (
    Breach,
    ColdStart,
    Constant,
    Free,
    InstanceType,
    Limit,
    ProductRow,
    Service,
    Tariff,
    TaskSize,
    Time,
)
from .savings_plans import COVERED, NO_PLAN, CoveredPrice, covered_prices, covering_row, tariff_under_plan
from .sources import SOURCE, Source, check_sources, source_address, sources_of

if TYPE_CHECKING:
    import pandas as pd

    from .probes import Probe
    from .ranges import Range
    from .regions import Region
    from .rules import Rule
    from .runtimes import Runtime


DOOR = "door."  # prefix of a door's time in times.csv, before the door's id


def _without_place(row: Row) -> Row:
    return {field: value for field, value in row.items() if field != "place"}


class Facts:
    """The tables of one `folder`, each read and checked on first access."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def edition(self) -> str:
        """The newest date of a price, and a digest of all tables."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("*.csv")):
            digest.update(path.read_bytes())
        result: str = max(self._price_columns.values["as_of"]) + f" {digest.hexdigest()[:12]}"
        return result

    def _read_table(self, name: str, checks: Mapping[str, Check]) -> list[Row]:
        if "unit" in checks:
            checks = {**checks, "unit": self._unit}
        return read_rows(self.folder / name, checks)

    @cached_property
    def _units(self) -> frozenset[str]:
        return frozenset(row["unit"] for row in read_rows(self.folder / "units.csv", {"unit": text_cell}))

    def _unit(self, unit: str) -> str:
        if unit not in self._units:
            raise ValueError("a unit of units.csv")
        return unit

    @cached_property
    def _limit_rows(self) -> list[Row]:
        return self._read_table("limits.csv", records.LIMIT)

    @cached_property
    def _limits(self) -> dict[str, Limit]:
        rows = records.rows_by_id(self._limit_rows, history=True)
        return {id: Limit(**_without_place(row)) for id, row in rows.items()}

    @cached_property
    def _times(self) -> dict[str, Time]:
        rows = records.rows_by_id(self._read_table("times.csv", records.TIME))
        return {id: records.time_of(row) for id, row in rows.items()}

    @cached_property
    def _constants(self) -> dict[str, Constant]:
        rows = records.rows_by_id(self._read_table("constants.csv", records.CONSTANT))
        return {id: Constant(**_without_place(row)) for id, row in rows.items()}

    @cached_property
    def _breaches(self) -> dict[tuple[str, str], Breach]:
        table: dict[tuple[str, str], Breach] = {}
        for row in self._read_table("breaches.csv", records.BREACH):
            place, breach = row["place"], Breach(**_without_place(row))
            if breach.limit not in self._limits:
                raise refusal(place, "limit", breach.limit, "an id of limits.csv")
            if breach.door not in self._callers:
                raise refusal(place, "door", breach.door, f"one of {', '.join(self._callers)}")
            if (breach.limit, breach.door) in table:
                raise refusal(place, "door", breach.door, "one line a limit and door")
            table[breach.limit, breach.door] = breach
        return table

    @cached_property
    def _sources(self) -> dict[str, Source]:
        return sources_of(self._read_table("sources.csv", SOURCE))

    @cached_property
    def _callers(self) -> tuple[str, ...]:
        """Who may see a limit break: the doors, which have times, and callers without a door."""
        doors = [id.removeprefix(DOOR) for id in self._times if id.startswith(DOOR)]
        return (*doors, "invoke", "async", "*")

    @cached_property
    def _price_columns(self) -> Columns:
        columns = read_columns(self.folder / "prices.csv", {**records.PRICE, "unit": self._unit})
        check_sources(columns, self._sources)
        return columns

    @cached_property
    def _prices(self) -> PriceBook:
        return PriceBook(self._price_columns, self._sources)

    @cached_property
    def _notes(self) -> dict[str, BillingNote]:
        return billing_notes_of(self._read_table("billing_notes.csv", NOTE), self._prices)

    @cached_property
    def _regions(self) -> dict[str, Region]:
        from .regions import REGION, regions_of

        return regions_of(self._read_table("regions.csv", REGION))

    @cached_property
    def _runtimes(self) -> dict[str, Runtime]:
        from .runtimes import RUNTIME, runtimes_of

        return runtimes_of(self._read_table("runtimes.csv", RUNTIME))

    @cached_property
    def _rules(self) -> dict[tuple[str, str], Rule]:
        from .rules import RULE, rules_of

        return rules_of(self._read_table("rules.csv", RULE))

    @cached_property
    def _ranges(self) -> tuple[Range, ...]:
        from .ranges import RANGE, ranges_of

        return ranges_of(self._read_table("ranges.csv", RANGE), self._limits)

    @cached_property
    def _products(self) -> dict[str, ProductRow]:
        table: dict[str, ProductRow] = {}
        for row in self._read_table("products.csv", records.PRODUCT):
            if row["id"] in table:
                raise refusal(row["place"], "id", row["id"], "one line an id")
            if bool(row["service"]) == bool(row["not_listed"]):
                accepted = "a reason where there is no service, else blank"
                raise refusal(row["place"], "not_listed", row["not_listed"], accepted)
            table[row["id"]] = ProductRow(**_without_place(row))
        return table

    @cached_property
    def _service_colours(self) -> dict[str, Service]:
        table: dict[str, Service] = {}
        for row in self._read_table("services.csv", records.SERVICE):
            name = row["service"]
            if name in table or not any(id.startswith(f"{name}.") for id in self._prices.ids):
                raise refusal(row["place"], "service", name, "the first part of an id of prices.csv, once")
            table[name] = Service(name, row["name"], row["shade"], row["prices_page"])
        return table

    @cached_property
    def _task_sizes(self) -> tuple[TaskSize, ...]:
        rows = self._read_table("task_sizes.csv", records.TASK_SIZE)
        return tuple(TaskSize(row["vcpu"], row["gb"]) for row in sorted(rows, key=lambda row: row["vcpu"]))

    @cached_property
    def _instance_types(self) -> tuple[InstanceType, ...]:
        rows = self._read_table("instance_types.csv", records.INSTANCE_TYPE)
        fields = InstanceType.__dataclass_fields__
        types = tuple(InstanceType(**{name: row[name] for name in fields}) for row in rows)
        for row, each in zip(rows, types, strict=True):
            if each.price_id not in self._prices:
                raise refusal(row["place"], "instance", each.instance, "one with a price in prices.csv")
        return tuple(sorted(types, key=lambda each: (each.architecture, each.vcpu)))

    @cached_property
    def _cold_starts(self) -> dict[str, list[ColdStart]]:
        return cold_starts_of(self._read_table("cold_starts.csv", records.COLD_START))

    @cached_property
    def _restores(self) -> dict[str, list[ColdStart]]:
        return cold_starts_of(self._read_table("cold_starts.csv", records.COLD_START), restored=True)

    def limit(self, id: str) -> Limit:
        """The limit `id`; raises UnknownIdError naming similar ids."""
        return table_entry(self._limits, id, "limit")

    def limits(self) -> dict[str, Limit]:
        """Every limit by its id."""
        return dict(self._limits)

    def limit_history(self, id: str) -> tuple[Limit, ...]:
        """Every row of the limit `id`, the oldest first; raises UnknownIdError like `limit`."""
        self.limit(id)
        return self._limit_history[id]

    @cached_property
    def _limit_history(self) -> dict[str, tuple[Limit, ...]]:
        rows: dict[str, tuple[Limit, ...]] = {}
        for row in self._limit_rows:
            rows[row["id"]] = (*rows.get(row["id"], ()), Limit(**_without_place(row)))
        return rows

    def confirmed_limit(self, id: str) -> float | None:
        """The value of the newest verified row of the limit `id`; None if there is none."""
        verified = [row.value for row in self.limit_history(id) if row.verified]
        return verified[-1] if verified else None

    def unconfirmed_note(self, id: str, value: float) -> str:
        """A note on a `value` that only an unverified row of the limit `id` allows.

        "" if the newest verified row allows it, if no row does, or if there is no note.
        """
        row, confirmed_value = self.limit(id), self.confirmed_limit(id)
        if row.value is None or confirmed_value is None or not confirmed_value < value <= row.value:
            return ""
        rule = self.rule("limit", id)
        return rule.rule if rule else ""

    def probes(self) -> tuple[Probe, ...]:
        """The places in the SDK's service models that state a limit."""
        from .probes import PROBE, probes_of

        return probes_of(self._read_table("probes.csv", PROBE), self._limits)

    def ranges(self) -> tuple[Range, ...]:
        """The accepted values of the properties of templates."""
        return self._ranges

    def breach_at_door(self, limit_id: str, door: str) -> Breach | None:
        """What the caller of `door` sees when the limit breaks: the row of the door, any door or Invoke.

        `door` is a door's id, "invoke" for a call by the SDK, or "async" for work that is handed over.
        """
        rows = (self._breaches.get((limit_id, place)) for place in (door, "*", "invoke"))
        return next((row for row in rows if row), None)

    def breaches_of(self, limit_id: str) -> tuple[Breach, ...]:
        """Every row of what callers see when the limit breaks; raises UnknownIdError like `limit`."""
        self.limit(limit_id)
        return tuple(breach for (limit, _), breach in self._breaches.items() if limit == limit_id)

    def tariff(self, id: str, region: str, plan: str = NO_PLAN) -> Tariff:
        """The price of `id` in `region`, marked `assumed` if it comes from elsewhere.

        `plan` is the savings plan that applies, such as "compute-1y". Raises UnknownIdError for an unknown
        id, and for text that is not a region name.
        """
        self._check_price_id(id)
        self.check_region(region)
        full_tariff = self._prices.tariff(id, region, {} if self._prices.has(id, region) else self._notes)
        return full_tariff if plan == NO_PLAN else self._under(plan, full_tariff)

    def _under(self, plan: str, full_tariff: Tariff) -> Tariff:
        """A tariff under a savings plan; unchanged if the plan does not cover it."""
        row = covering_row(full_tariff.id, self._covered_prices)
        if row is None:
            return full_tariff
        plan_price = row.plan_price.format(term=plan.removeprefix("compute-"))
        region = full_tariff.region if self._prices.has(plan_price, full_tariff.region) else HOME_REGION
        covered = Decimal(str(self.constant("savings_plan.covered").value))
        plan_tariff, full = (self._prices.own_tariff(id, region) for id in (plan_price, row.list_price))
        return tariff_under_plan(full_tariff, row, plan_tariff, full, covered)

    @cached_property
    def _covered_prices(self) -> tuple[CoveredPrice, ...]:
        rows = self._read_table("savings_plans.csv", COVERED)
        for row in rows:
            for id in (row["list_price"], *(row["plan_price"].format(term=term) for term in ("1y", "3y"))):
                if id not in self._prices:
                    raise refusal(row["place"], "plan_price", id, "ids of prices.csv")
        return covered_prices(rows)

    def covered_prices(self) -> tuple[CoveredPrice, ...]:
        """The prices that a Compute Savings Plan covers."""
        return self._covered_prices

    def _check_price_id(self, id: str) -> None:
        if id not in self._prices:
            table_entry(dict.fromkeys(self._prices.ids), id, "price")

    def price_ids(self) -> tuple[str, ...]:
        """Every billing dimension that has a price."""
        return self._prices.ids

    def regions(self) -> tuple[str, ...]:
        """The regions that have their own prices."""
        return tuple(sorted(self._prices.regions))

    def check_region(self, region: str) -> None:
        """Accept every AWS region and every name of that form, known or not.

        Raises UnknownIdError naming the probable region, such as eu-central-1 for "Frankfurt".
        """
        if region not in self._prices.regions:
            from .regions import check_region_name

            check_region_name(region, self._regions)

    def region(self, region: str) -> Region | None:
        """The row of a region; None if there is none. Raises UnknownIdError like `check_region`."""
        self.check_region(region)
        return self._regions.get(region)

    def runtime(self, runtime: str) -> Runtime | None:
        """The row of a runtime, else that of its family's newest; None for others.

        A language that runs as its own program, such as "rust", gets the runtime for programs.
        """
        from .runtimes import PROGRAM, is_program, runtime_of

        own = is_program(runtime) and runtime in self._cold_starts
        return runtime_of(PROGRAM if own else runtime, self._runtimes)

    def runtimes(self) -> dict[str, Runtime]:
        """All known runtimes, by id."""
        return dict(self._runtimes)

    def rule(self, applies_to: str, subject: str) -> Rule | None:
        """The rule of a door, an option or "template" on a subject; None if there is none."""
        return self._rules.get((applies_to, subject))

    def is_from_home(self, id: str, region: str) -> bool:
        """Whether the price `id` in `region` is a global price, whose row is that of us-east-1.

        Raises UnknownIdError for an unknown id.
        """
        self._check_price_id(id)
        note = self._notes.get(id)
        return bool(note and note.is_global) and not self._prices.has(id, region)

    def source(self, key: str) -> Source | None:
        """The source with this key in prices.csv; None for an address."""
        return self._sources.get(key)

    def free(self, id: str, region: str = HOME_REGION) -> Free | None:
        """The free quantity per month of the price `id` in `region`; None if there is none."""
        self._check_price_id(id)
        note = self._notes.get(id)
        return note.free_in(region) if note else None

    def products(self) -> dict[str, ProductRow]:
        """The name and the product of AWS's price list for each price id, or why there is none."""
        return dict(self._products)

    def price_title(self, id: str) -> str:
        """What a price charges, in plain words: "Lambda: duration, Arm"; raises UnknownIdError."""
        service = self.service_name(id.partition(".")[0])
        return f"{service[:1].upper()}{service[1:]}: {table_entry(self._products, id, 'price').name}"

    def services(self) -> dict[str, Service]:
        """The services with a name of their own, by the first part of their price ids."""
        return dict(self._service_colours)

    def service_name(self, service: str) -> str:
        """The common name of the service that is the first part of a price id; else that part."""
        row = self._service_colours.get(service)
        return row.name if row else service

    def time(self, id: str) -> Time:
        """The time of the operation `id`; raises UnknownIdError naming similar ids."""
        return table_entry(self._times, id, "time")

    def times(self) -> dict[str, Time]:
        """Every time by its id."""
        return dict(self._times)

    def constant(self, id: str) -> Constant:
        """The constant `id`; raises UnknownIdError naming similar ids."""
        return table_entry(self._constants, id, "constant")

    def constants(self) -> dict[str, Constant]:
        """Every constant by its id."""
        return dict(self._constants)

    def task_sizes(self) -> tuple[TaskSize, ...]:
        """The sizes of a container task, by rising vCPU."""
        return self._task_sizes

    def instance_types(self, architecture: str) -> tuple[InstanceType, ...]:
        """The instance types of an architecture that Managed Instances may use, the smallest first."""
        return tuple(each for each in self._instance_types if each.architecture == architecture)

    def languages(self) -> tuple[str, ...]:
        """The languages with measured cold starts: runtimes by family, the newest first; then programs."""
        from .runtimes import runtimes_in_order

        return tuple(runtimes_in_order(self._cold_starts))

    def cold_start(self, language: str, architecture: str, memory_mb: float) -> ColdStart:
        """The initialisation measured with the most memory up to `memory_mb` [MB], else with the least.

        If `language` was measured only on the other architecture, that row is used. A runtime without a
        measurement uses the nearest version of its family, marked `assumed`. Raises UnknownIdError for
        anything else.
        """
        nearest = language
        if language not in self._cold_starts:
            from .runtimes import expected_language, nearest_runtime

            whole = [name for name, rows in self._cold_starts.items() if rows[0].language == name]
            measured = nearest_runtime(language, whole)
            if measured is None:
                raise UnknownIdError(
                    f'language is "{language}"{expected_language(language, self.languages())}'
                )
            nearest = measured
        row = cold_start_for(self._cold_starts[nearest], architecture, memory_mb)
        return replace(row, assumed=nearest != language)

    def restore(self, language: str, architecture: str, memory_mb: float) -> ColdStart:
        """The restore from a snapshot, chosen like `cold_start`; without a measurement, the newest one.

        Restores were measured only for Java: for others the row is marked `assumed`.
        """
        measured = language if language in self._restores else max(self._restores)
        row = cold_start_for(self._restores[measured], architecture, memory_mb)
        return replace(row, assumed=measured != language)

    def limit_rows(self) -> list[dict[str, Any]]:
        """One row per limit; `age_days` is the age of its date, from the start of a month or year."""
        return [{**asdict(limit), "age_days": age_days(limit.as_of)} for limit in self._limits.values()]

    def limits_frame(self) -> pd.DataFrame:
        """One row per limit: its value and unit, how far it can be raised, its source, date and age.

        Examples
        --------
        >>> float(ex.limits().set_index("id").loc["lambda.timeout", "value"])
        1800.0
        """
        return frame_with_age([asdict(limit) for limit in self._limits.values()])

    def prices_frame(self) -> pd.DataFrame:
        """One row per price and date; `age_days`, and `stale`: last confirmed before 2026.

        Examples
        --------
        >>> rows = ex.prices().query("id == 'lambda.request_arm' and region == 'us-east-1'")
        >>> rows["price_usd"].tolist()
        [2e-07]
        """
        values = self._price_columns.values
        frame = frame_with_age(
            {**values, "source": [source_address(key, self._sources) for key in values["source"]]}
        )
        numbers = dict.fromkeys(("tier_from", "tier_to", "price_usd"), float)
        return frame.astype(numbers).assign(stale=[records.is_stale(as_of) for as_of in frame["as_of"]])

    def breaches_frame(self) -> pd.DataFrame:
        """One row per limit and door: what the caller sees when the limit breaks.

        Examples
        --------
        >>> ex.breaches().columns[:3].tolist()
        ['limit', 'door', 'status']
        """
        return frame_with_age([asdict(breach) for breach in self._breaches.values()])


DEFAULT = Facts(data_dir())
limit, limits, limits_frame = DEFAULT.limit, DEFAULT.limits, DEFAULT.limits_frame
limit_rows = DEFAULT.limit_rows
confirmed_limit, unconfirmed_note = DEFAULT.confirmed_limit, DEFAULT.unconfirmed_note
breach_at_door, breaches_of, breaches_frame = (
    DEFAULT.breach_at_door,
    DEFAULT.breaches_of,
    DEFAULT.breaches_frame,
)
limit_history = DEFAULT.limit_history
cold_start, restore, languages = DEFAULT.cold_start, DEFAULT.restore, DEFAULT.languages
tariff, free, prices_frame = DEFAULT.tariff, DEFAULT.free, DEFAULT.prices_frame
price_ids, regions, region = DEFAULT.price_ids, DEFAULT.regions, DEFAULT.region
source, check_region = DEFAULT.source, DEFAULT.check_region
runtime, rule = DEFAULT.runtime, DEFAULT.rule
ranges = DEFAULT.ranges
products, price_title = DEFAULT.products, DEFAULT.price_title
services, service_name = DEFAULT.services, DEFAULT.service_name
time, times = DEFAULT.time, DEFAULT.times
constant, constants = DEFAULT.constant, DEFAULT.constants
task_sizes, instance_types = DEFAULT.task_sizes, DEFAULT.instance_types
edition = DEFAULT.edition
