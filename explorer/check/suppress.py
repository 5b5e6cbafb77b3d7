"""Suppressed findings and their reasons: from a comment, Metadata, or a line of `.explorer-check.toml`.

    Timeout: 60   # explorer: ignore apigw.rest.timeout raised to 120 s, ticket OPS-12

Every suppression needs a reason. A misspelt or unused suppression is reported, because it might hide a limit
that somebody believes to be checked, or outlive its reason.
"""

from __future__ import annotations

import fnmatch
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.suggestions import did_you_mean

from .findings import FITS, Finding
from .nodes import Map, mapping, sequence, text
from .stack import Resource, Stack

NAME = ".explorer-check.toml"
COMMENT = re.compile(r"(?:#|//)\s*explorer:\s*ignore\s+([^\s#]+)[ \t]*([^\r\n]*)", re.IGNORECASE)
ALONE = re.compile(r"\s*(#|//)")  # a line with only a comment
METADATA = "explorer"
WITHOUT = "It is not ignored: no reason is given"


@dataclass(frozen=True)
class Ignore:
    """An ignored limit (id or pattern), resource and file; an empty field matches anything.

    `origin` and `line` are the place of the suppression itself.
    """

    limit: str
    reason: str
    file: str = "*"
    resource: str = "*"
    lines: frozenset[int] | None = None
    origin: str = ""
    line: int = 1

    def covers(self, finding: Finding) -> bool:
        """Whether the suppression matches a finding."""
        return (
            fnmatch.fnmatchcase(finding.limit, self.limit)
            and fnmatch.fnmatchcase(finding.resource, self.resource)
            and (self.lines is None or finding.line in self.lines)
            and any(fnmatch.fnmatchcase(finding.file, pattern) for pattern in (self.file, f"*/{self.file}"))
        )


@dataclass(frozen=True)
class Note:
    """A fault of a suppression, and its location."""

    file: str
    line: int
    limit: str
    text: str

    def to_dict(self) -> dict[str, Any]:
        """The note as a dict for the JSON answer."""
        return dict(vars(self))


EFFECTIVE, FITTING = "effective", "fitting"  # the effect of an ignore: it hides a finding, or one that fits


class Ignores:
    """The suppressions of a check, and the effect of each."""

    def __init__(self) -> None:
        self.effects: dict[Ignore, set[str]] = {}

    def apply(self, findings: Iterable[Finding], ignores: Iterable[Ignore]) -> list[Finding]:
        """The findings; suppressed ones have the reason."""
        suppressions = list(ignores)
        for ignore in suppressions:
            self.effects.setdefault(ignore, set())
        return [self._suppress(finding, suppressions) for finding in findings]

    def _suppress(self, finding: Finding, ignores: list[Ignore]) -> Finding:
        about = [ignore for ignore in ignores if ignore.covers(finding)]
        for ignore in about:
            self.effects[ignore].add(FITTING if finding.verdict == FITS else EFFECTIVE)
        return finding if finding.verdict == FITS else _with_reason(finding, about)

    def notes(self, whole: Iterable[Path]) -> list[Note]:
        """Notes on suppressions without effect.

        Parameters
        ----------
        whole
            The folders that were checked as a whole. For a `.explorer-check.toml` outside them only misspelt
            entries are noted, because the other files that it applies to were not checked.
        """
        folders = [folder.absolute() for folder in whole]
        notes = []
        for ignore, became in self.effects.items():
            if EFFECTIVE in became or not (problem := self._wrong(ignore, became, folders)):
                continue
            notes.append(Note(ignore.origin, ignore.line, ignore.limit, problem))
        return sorted(dict.fromkeys(notes), key=lambda one: (one.file, one.line, one.limit))

    def _wrong(self, ignore: Ignore, became: set[str], folders: list[Path]) -> str:
        limit_ids = catalogue.limits()
        if not any(fnmatch.fnmatchcase(id, ignore.limit) for id in limit_ids):
            return f"no limit is called {ignore.limit}{did_you_mean(ignore.limit, limit_ids)}"
        settings = Path(ignore.origin)
        if settings.name == NAME and not any(
            folder == settings.absolute().parent or folder in settings.absolute().parents
            for folder in folders
        ):
            return ""
        if FITTING in became:
            return f"what it is about fits {ignore.limit}: it can go"
        return f"it matches nothing: no finding of {ignore.limit} stands where it is about"


def _with_reason(finding: Finding, about: list[Ignore]) -> Finding:
    reason = next((ignore.reason for ignore in about if ignore.reason), "")
    if about and not reason:
        return replace(finding, message=f"{finding.message}. {WITHOUT}")
    return replace(finding, reason=reason)


def comments(content: str, file: str, stack: Stack | None = None) -> list[Ignore]:
    """The suppressions in comments: for their own line, the line below, or the resource that begins there."""
    if "explorer:" not in content.lower():
        return []
    starts = {resource.line: resource.id for resource in stack.resources.values()} if stack else {}
    ignores: list[Ignore] = []
    above: list[tuple[int, str, str]] = []  # from the comments directly above a line
    for line, line_text in enumerate(content.splitlines(), start=1):
        match = COMMENT.search(line_text)
        limit, reason = (match[1].rstrip(":,"), match[2].strip(" \t:-")) if match else ("", "")
        if ALONE.match(line_text):
            above += [(line, limit, reason)] if match else []
            continue
        own = [(line, limit, reason)] if match else []
        for at, name, why in (*above, *own):
            ignores.append(_at(name, why, file, at, line, starts))
        above = []
    ignores += [_at(name, why, file, at, at, starts) for at, name, why in above]  # below the last line
    return ignores


def _at(
    limit: str, reason: str, file: str, comment_line: int, line: int, starts: Mapping[int, str]
) -> Ignore:
    """A suppression for a line, or for the resource that begins on it."""
    if line in starts:
        return Ignore(limit, reason, resource=starts[line], origin=file, line=comment_line)
    return Ignore(limit, reason, lines=frozenset({comment_line, line}), origin=file, line=comment_line)


def metadata(stack: Stack) -> list[Ignore]:
    """The suppressions in Metadata, of a resource or the template: `explorer: {ignore: {LIMIT: REASON}}`."""
    ignores = [
        ignore
        for resource in stack.resources.values()
        for ignore in _of(resource.metadata, resource, stack.file)
    ]
    return ignores + _of(stack.metadata, None, stack.file)


def _of(tree: Map, resource: Resource | None, file: str) -> list[Ignore]:
    about = resource.id if resource else "*"
    inner = mapping(tree.get(METADATA))
    ignored = inner.get("ignore")
    if isinstance(ignored, Map):
        pairs = [(limit, reason, ignored.at(limit)) for limit, reason in ignored.items()]
    else:
        tables = [mapping(one) for one in sequence(ignored)]
        pairs = [(text(one.get("limit")) or "", one.get("reason"), one.line) for one in tables]
    return [
        Ignore(limit, text(reason) or "", resource=about, origin=file, line=line)
        for limit, reason, line in pairs
    ]


@dataclass(frozen=True)
class Settings:
    """The content of a `.explorer-check.toml`."""

    ignores: tuple[Ignore, ...] = ()
    exclude: tuple[str, ...] = ()
    warn_at: str | None = None


def settings(beside: Path) -> Settings:
    """The settings from the file in a folder, or the nearest above. Raises ExplorerError if it is invalid."""
    for folder in (beside, *beside.parents):
        path = folder / NAME
        if path.is_file():
            return _read(path)
        if (folder / ".git").exists():
            break
    return Settings()


def _read(path: Path) -> Settings:
    try:
        content = path.read_text(encoding="utf-8")
        fields = tomllib.loads(content)
    except (OSError, ValueError) as error:
        raise ExplorerError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    if unknown := fields.keys() - {"ignore", "exclude", "warn_at"}:
        accepted = "ignore, exclude or warn_at"
        raise ExplorerError(f"{path}: {min(unknown)} is not a field: expected {accepted}")
    ignores, exclude = fields.get("ignore", []), fields.get("exclude", [])
    if not isinstance(ignores, list) or not isinstance(exclude, list):
        raise ExplorerError(f'{path}: expected [[ignore]] tables and exclude = ["a pattern"]')
    warn_at = fields.get("warn_at")
    tables = [at for at, line in enumerate(content.splitlines(), start=1) if line.strip() == "[[ignore]]"]
    lines = tables if len(tables) == len(ignores) else [1] * len(ignores)
    return Settings(
        tuple(_ignore(path, one, line) for one, line in zip(ignores, lines, strict=True)),
        tuple(map(str, exclude)),
        None if warn_at is None else str(warn_at),
    )


def _ignore(path: Path, table: Any, line: int) -> Ignore:
    if not isinstance(table, Mapping) or not table.get("limit") or not table.get("reason"):
        raise ExplorerError(f"{path}: an ignore has no limit or no reason: expected both")
    if unknown := table.keys() - {"limit", "reason", "file", "resource"}:
        raise ExplorerError(
            f"{path}: ignore.{min(unknown)} is not a field: expected limit, reason, file or resource"
        )
    table = {"file": "*", "resource": "*", **table}
    limit, reason, file, resource = (str(table[name]) for name in ("limit", "reason", "file", "resource"))
    return Ignore(limit, reason, file, resource, origin=path.as_posix(), line=line)
