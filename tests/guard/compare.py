"""Two versions' answers held against each other: numbers within 1e-9, everything else exactly.

A difference has a path, such as `recommend/w017.out.findings[3].used_p99`. A path that matches a line of
`accepted.txt` is no failure: `PATTERN | REASON`, or `PATTERN | OLD => NEW | REASON`, where `*` stands for
anything and `?` for one character.
"""

from __future__ import annotations

import difflib
import gzip
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import Any

SUBJECTS = (
    *("recommend", "assess", "cost", "forecast", "sweep", "check", "report", "pickles"),
    *("bad", "bill", "init", "human", "plain", "templates", "help", "export", "signatures"),
)
TOLERANCE = 1e-9  # of a number
FLOOR = 1e-15  # below it a difference is none
EXACT = {"help", "signatures", "export"}  # their texts are compared as they are: no number is looked for
TIES = {"alternatives": "score_usd"}  # rows of equal rank may stand in any order
UNORDERED = {
    "excluded": "because"
}  # rows that the baseline has in another order from one process to the next
NUMBER = re.compile(r"(?<![\w.])\d[\d,]*(?:\.\d+)?(?:[eE][+-]?\d+)?")
ABSENT = "(absent)"
MOST_CHARACTERS = 160  # characters of a value that a line shows
Answers = dict[str, dict[str, Any]]  # by subject and name


@dataclass(frozen=True)
class Difference:
    """Where two answers part, and what each has there."""

    path: str
    old: str
    new: str

    def __str__(self) -> str:
        return f"{self.path}: {self.old[:MOST_CHARACTERS]} => {self.new[:MOST_CHARACTERS]}"


def differences(old: Any, new: Any, path: str = "", exact: bool = False) -> Iterator[Difference]:
    """All differences between two values of JSON; `exact`: texts are equal or not, whatever is in them."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        yield from _mappings(old, new, path, exact)
    elif isinstance(old, list) and isinstance(new, list):
        yield from _lists(old, new, path, exact)
    elif not _equal(old, new, exact):
        yield Difference(path, _text_of(old), _text_of(new))


def compared(old: Answers, new: Answers, subject: str) -> list[Difference]:
    """The differences of a subject, and the answers on either side that are no answers."""
    rows = list(differences(old.get(subject), new.get(subject), subject, subject in EXACT))
    for side, answers in (("old", old), ("new", new)):
        if not answers.get(subject):
            rows.append(Difference(subject, f"no answers of the {side} side", ABSENT))
        errors = _unexpected(answers.get(subject))
        rows += [Difference(f"{subject}/{path}", side, text) for path, text in errors]
    return rows


def _unexpected(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The errors that no command should end with."""
    if isinstance(value, Mapping):
        if "unexpected" in value:
            yield f"{path}.unexpected", str(value["unexpected"])
        for key, inner in value.items():
            yield from _unexpected(inner, f"{path}.{key}" if path else str(key))


def _mappings(old: Mapping[str, Any], new: Mapping[str, Any], path: str, exact: bool) -> Iterator[Difference]:
    slash = "/" if "/" not in path else "."
    for key in dict.fromkeys((*old, *new)):
        place = f"{path}{slash}{key}" if path else str(key)
        if key not in old or key not in new:
            yield Difference(place, _text_of(old.get(key, ABSENT)), _text_of(new.get(key, ABSENT)))
        elif key in UNORDERED and all(isinstance(side[key], list) for side in (old, new)):
            mine, theirs = (sorted(side[key], key=itemgetter(UNORDERED[key])) for side in (old, new))
            yield from differences(mine, theirs, place, exact)
        elif key in TIES and old[key] != new[key]:
            yield from _ranked_differences(old[key], new[key], place, TIES[key])
        else:
            yield from differences(old[key], new[key], place, exact)


def _lists(old: list[Any], new: list[Any], path: str, exact: bool) -> Iterator[Difference]:
    texts = all(isinstance(value, str) for value in (*old, *new))
    if len(old) == len(new) or not texts:
        if len(old) != len(new):
            yield Difference(f"{path}.length", str(len(old)), str(len(new)))
        for number, (mine, theirs) in enumerate(zip(old, new)):
            yield from differences(mine, theirs, f"{path}[{number}]", exact)
        return
    for kind, first, last, start, end in difflib.SequenceMatcher(None, old, new, False).get_opcodes():
        if kind != "equal" and last - first == end - start:
            yield from _lists(old[first:last], new[start:end], f"{path}[{first}:]", exact)
        elif kind != "equal":
            yield Difference(f"{path}[{first}:]", _text_of(old[first:last]), _text_of(new[start:end]))


def _ranked_differences(old: Any, new: Any, path: str, rank: str) -> Iterator[Difference]:
    """Rows matched by their design; their order is a difference where it is not that of a tie."""
    if not (isinstance(old, list) and isinstance(new, list)):
        yield from differences(old, new, path)
        return
    before, after = ({json.dumps(row.get("design")): row for row in rows} for rows in (old, new))
    if list(before) == list(after) or len(before) < len(old) or len(after) < len(new):
        yield from _lists(old, new, path, False)
        return
    for key in dict.fromkeys((*before, *after)):
        name = ",".join(json.loads(key).values())
        yield from differences(before.get(key, ABSENT), after.get(key, ABSENT), f"{path}[{name}]")
    for number, (mine, theirs) in enumerate(zip(old, new)):
        if not _equal(mine.get(rank), theirs.get(rank), False):
            yield Difference(f"{path}.order[{number}]", _text_of(mine.get(rank)), _text_of(theirs.get(rank)))


def _equal(old: Any, new: Any, exact: bool) -> bool:
    if isinstance(old, bool) or isinstance(new, bool):
        return old is new
    if isinstance(old, int | float) and isinstance(new, int | float):
        return _near(old, new)
    if isinstance(old, str) and isinstance(new, str):
        return old == new or (not exact and _same_text(old, new))
    return bool(old == new)


def _near(old: float, new: float) -> bool:
    return bool(abs(old - new) <= max(TOLERANCE * max(abs(old), abs(new)), FLOOR))


def _same_text(old: str, new: str) -> bool:
    """Whether two texts differ in their numbers alone, and those are near."""
    if NUMBER.sub("#", old) != NUMBER.sub("#", new):
        return False
    pairs = zip(NUMBER.findall(old), NUMBER.findall(new))
    return all(mine == theirs or _near(_number(mine), _number(theirs)) for mine, theirs in pairs)


def _number(text: str) -> float:
    return float(text.replace(",", ""))


def _text_of(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


# What is accepted -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Accepted:
    """A kind of difference that is meant, and why."""

    pattern: str
    reason: str
    old: str = "*"
    new: str = "*"

    def covers(self, difference: Difference) -> bool:
        """Whether a difference is of this kind."""
        pairs = (
            (self.pattern, difference.path),
            (self.old, difference.old),
            (self.new, difference.new),
        )
        return all(_matches(pattern, text) for pattern, text in pairs)


def _matches(pattern: str, text: str) -> bool:
    parts = {"*": ".*", "?": "."}
    return bool(re.fullmatch("".join(parts.get(c) or re.escape(c) for c in pattern), text, re.DOTALL))


def accepted(path: Path) -> list[Accepted]:
    """The lines of a file of accepted differences. Raises ValueError naming a line that is none."""
    lines = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        parts = [part.strip() for part in line.split(" | ")]
        pattern, change, reason = parts[0], parts[1:-1], parts[-1]
        shaped = len(parts) == 2 or (len(parts) == 3 and " => " in change[0])
        if not shaped or not pattern or not reason:
            raise ValueError(f"{path.name} line {number}: expected PATTERN | [OLD => NEW |] REASON")
        old, _, new = change[0].partition(" => ") if change else ("*", "", "*")
        lines.append(Accepted(pattern, reason, old.strip(), new.strip()))
    return lines


def refused(rows: Iterable[Difference], lines: Sequence[Accepted]) -> list[Difference]:
    """The differences that no line accepts."""
    return [one for one in rows if not any(line.covers(one) for line in lines)]


# Files ------------------------------------------------------------------------------------------------


def read(folder: Path) -> Answers:
    """The answers of a folder, the parts of a subject together."""
    answers: Answers = {}
    for path in sorted([*folder.glob("*.json"), *folder.glob("*.json.gz")]):
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
        answers.setdefault(path.name.split(".")[0], {}).update(json.loads(content))
    return answers


def write(answers: Answers, folder: Path) -> None:
    """The answers as compressed files, one a subject: the same bytes for the same answers."""
    folder.mkdir(parents=True, exist_ok=True)
    for subject, of in answers.items():
        text = json.dumps(of, ensure_ascii=False, separators=(",", ":"), sort_keys=False)
        (folder / f"{subject}.json.gz").write_bytes(gzip.compress(text.encode(), 9, mtime=0))
