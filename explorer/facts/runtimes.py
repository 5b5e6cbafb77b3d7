"""Lambda runtimes: their dates, the features that support them, and the nearest measured one."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from functools import lru_cache

from .csv_table import (
    Check,
    Row,
    cell_one_of,
    cell_or_blank,
    date_cell,
    first_day,
    refusal,
    text_cell,
    url_cell,
)
from .suggestions import did_you_mean

FAMILIES = ("dotnet", "dotnetcore", "go", "java", "nodejs", "provided", "python", "ruby")
SAME = {"dotnetcore": "dotnet"}  # a family with a new name
PROGRAM = "provided.al2023"  # the runtime for programs with their own runtime
OWN = "go"  # assumed for any program on provided.*, whose language is unknown
PROGRAMS = ("go", "rust")  # examples of languages that run as a program
FORM = rf"({'|'.join(FAMILIES)})(\d+(?:\.\d+)*)?(?:\.x)?(?:\.al(\d+))?(?:-edge)?"

Version = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Runtime:
    """One Lambda runtime.

    Dates are "" if none is published. For the features, None means unknown.
    """

    runtime: str
    deprecated: str
    create_blocked: str
    update_blocked: str
    successor: str
    snap_start: bool | None
    durable: bool | None
    managed_instance: bool | None
    as_of: str
    source_url: str
    notes: str

    def is_deprecated(self, today: date) -> bool:
        """Whether AWS ended its support by that day."""
        return bool(self.deprecated) and first_day(self.deprecated) <= today


def _yes_no_or_unknown(cell: str) -> bool | None:
    return {"yes": True, "no": False, "unknown": None}[cell_one_of("yes", "no", "unknown")(cell)]


USES = ("snap_start", "durable", "managed_instance")
RUNTIME: dict[str, Check] = {
    "runtime": text_cell,
    **dict.fromkeys(("deprecated", "create_blocked", "update_blocked"), cell_or_blank(date_cell)),
    "successor": str,
    **dict.fromkeys(USES, _yes_no_or_unknown),
    "as_of": date_cell,
    "source_url": url_cell,
    "notes": str,
}


def runtimes_of(rows: Iterable[Row]) -> dict[str, Runtime]:
    """The runtimes by id; raises FactsError for a repeated or malformed id."""
    table: dict[str, Runtime] = {}
    for row in rows:
        id = row["runtime"]
        if id in table:
            raise refusal(row["place"], "runtime", id, "one line a runtime")
        if not is_runtime(id):
            raise refusal(row["place"], "runtime", id, "a runtime such as python3.14")
        dates = {name: row[name] or "" for name in ("deprecated", "create_blocked", "update_blocked")}
        table[id] = Runtime(**{name: row[name] for name in RUNTIME} | dates)
    return table


def is_runtime(id: str) -> bool:
    """Whether `id` has the form of a runtime, known or not: "python3.15", "provided.al2023"."""
    return re.fullmatch(FORM, id) is not None


def is_program(language: str) -> bool:
    """Whether a language runs as a program, not as a Lambda runtime: "go", "rust"."""
    return language == OWN or not is_runtime(language)


@lru_cache
def family_and_version(id: str) -> tuple[str, Version]:
    """The family of a runtime and its version; () if it has none: "nodejs", "provided"."""
    match = re.fullmatch(FORM, id)
    assert match, id
    family, version, base = match.groups()
    if family == "provided":
        version = base
    numbers = tuple(int(part) for part in version.split(".")) if version else ()
    return SAME.get(family, family), numbers


def runtimes_in_order(languages: Iterable[str]) -> list[str]:
    """Lambda's runtimes by family, the newest first; then programs.

    >>> runtimes_in_order(["rust", "python3.9", "go", "python3.13", "java21"])
    ['java21', 'python3.13', 'python3.9', 'go', 'rust']
    """
    names = sorted(languages)
    newest_first = sorted((n for n in names if not is_program(n)), key=lambda n: family_and_version(n)[1])[
        ::-1
    ]
    runtimes = sorted(newest_first, key=lambda name: family_and_version(name)[0])
    return [*runtimes, *(name for name in names if is_program(name))]


def expected_language(text: str, languages: Collection[str]) -> str:
    """The end of a message about an unknown language: the one probably meant, and the newest of each family.

    >>> expected_language("Python 3.13", ["python3.12", "python3.13", "nodejs24.x", "rust"])
    ' (did you mean "python3.13"?): expected a language such as nodejs24.x, python3.13, rust'
    >>> expected_language("node", ["python3.13", "nodejs22.x", "nodejs24.x"])
    ' (did you mean "nodejs24.x"?): expected a language such as nodejs24.x, python3.13'
    >>> expected_language("cobol", ["python3.13", "go"])
    ': expected a language such as python3.13, go'
    """
    names = runtimes_in_order(languages)
    newest = {family_and_version(name)[0]: name for name in reversed(names) if not is_program(name)}
    examples = [name for name in names if name in newest.values() or name in PROGRAMS]
    plain = text.casefold().replace(" ", "")
    nearest = next((name for name in names if plain and name.startswith(plain)), None)
    end = f": expected a language such as {', '.join(examples)}"
    return f' (did you mean "{nearest}"?){end}' if nearest else f"{did_you_mean(plain, names)}{end}"


def runtime_of(id: str, table: Mapping[str, Runtime]) -> Runtime | None:
    """The row of a runtime; features that are unknown come from its family's newest row.

    None if `id` does not have the form of a runtime, or its family has no rows.
    """
    if not is_runtime(id):
        return None
    family, _ = family_and_version(id)
    related = [row for name, row in table.items() if family_and_version(name)[0] == family]
    complete = [row for row in related if all(getattr(row, use) is not None for use in USES)]
    if not complete:
        return table.get(id)
    newest = max(complete, key=lambda row: family_and_version(row.runtime)[1])
    own = table.get(id)
    if own in complete:
        return own
    uses = {use: getattr(newest, use) for use in USES}
    notes = f"as {newest.runtime}, the newest of its family whose uses are known"
    if own:
        dates = (own.deprecated, own.create_blocked, own.update_blocked, own.successor)
        return Runtime(id, *dates, **uses, as_of=own.as_of, source_url=own.source_url, notes=notes)
    return Runtime(id, "", "", "", "", **uses, as_of=newest.as_of, source_url=newest.source_url, notes=notes)


def nearest_runtime(id: str, languages: Collection[str]) -> str | None:
    """The measured language for a runtime without a measurement: the nearest version, the newer of two.

    None if `id` does not have the form of a runtime, or nothing of its family was measured.
    """
    if not is_runtime(id):
        return None
    family, version = family_and_version(id)
    if family in ("provided", "go"):
        return OWN if OWN in languages else None
    others = {other: family_and_version(other) for other in languages if is_runtime(other)}
    versions = {other: v for other, (its_family, v) in others.items() if its_family == family}
    if not versions:
        return None
    if not version:
        return max(versions, key=lambda other: versions[other])
    rank = _version_rank(version)
    return min(
        versions,
        key=lambda other: (abs(_version_rank(versions[other]) - rank), -_version_rank(versions[other])),
    )


def _version_rank(version: Version) -> int:
    major, minor = (*version, 0, 0)[:2]
    return 100 * major + minor
