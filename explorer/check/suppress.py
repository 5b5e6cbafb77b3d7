"""What is not to be reported, and why: a comment, Metadata, or a line of `.explorer-check.toml`.

    Timeout: 60   # explorer: ignore apigw.rest.timeout raised to 120 s, ticket OPS-12

Nothing is suppressed without a reason.
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

from .findings import Finding
from .nodes import Map, mapping, sequence, text
from .stack import Resource, Stack

NAME = ".explorer-check.toml"
COMMENT = re.compile(r"(?:#|//)\s*explorer:\s*ignore\s+([^\s#]+)[ \t]*([^\r\n]*)")
METADATA = "explorer"
WITHOUT = "It is not ignored: no reason is given"


@dataclass(frozen=True)
class Ignore:
    """A limit, by its id or a pattern, of a resource in a file; any of these where it says nothing."""

    limit: str
    reason: str
    file: str = "*"
    resource: str = "*"
    lines: frozenset[int] | None = None

    def covers(self, finding: Finding) -> bool:
        """Whether it is about a finding."""
        return (
            fnmatch.fnmatchcase(finding.limit, self.limit)
            and fnmatch.fnmatchcase(finding.resource, self.resource)
            and (self.lines is None or finding.line in self.lines)
            and any(fnmatch.fnmatchcase(finding.file, pattern) for pattern in (self.file, f"*/{self.file}"))
        )


def applied(findings: Iterable[Finding], ignores: Iterable[Ignore]) -> list[Finding]:
    """The findings, with the reason in those that are suppressed."""
    given = list(ignores)
    return [_applied(finding, given) for finding in findings]


def _applied(finding: Finding, ignores: list[Ignore]) -> Finding:
    about = [ignore for ignore in ignores if ignore.covers(finding)]
    reason = next((ignore.reason for ignore in about if ignore.reason), "")
    if about and not reason:
        return replace(finding, message=f"{finding.message}. {WITHOUT}")
    return replace(finding, reason=reason)


def comments(content: str, stack: Stack | None = None) -> list[Ignore]:
    """Those in comments: of a line, of the one below, or of the resource that begins there."""
    if "explorer:" not in content:
        return []
    starts = {resource.line: resource.id for resource in stack.resources.values()} if stack else {}
    found = []
    for line, said in enumerate(content.splitlines(), start=1):
        match = COMMENT.search(said)
        if not match:
            continue
        limit, reason = match[1], match[2].strip()
        alone = not said[: match.start()].strip()
        at = line + 1 if alone else line
        if at in starts:
            found.append(Ignore(limit, reason, resource=starts[at]))
        else:
            found.append(Ignore(limit, reason, lines=frozenset({line, at})))
    return found


def metadata(stack: Stack) -> list[Ignore]:
    """Those in Metadata, of a resource or of the template: `explorer: {ignore: {LIMIT: REASON}}`."""
    found = [ignore for resource in stack.resources.values() for ignore in _of(resource.metadata, resource)]
    return found + _of(stack.metadata, None)


def _of(said: Map, resource: Resource | None) -> list[Ignore]:
    about = resource.id if resource else "*"
    ignored = mapping(said.get(METADATA)).get("ignore")
    if isinstance(ignored, Map):
        return [Ignore(limit, text(reason) or "", resource=about) for limit, reason in ignored.items()]
    lines = [mapping(one) for one in sequence(ignored)]
    return [
        Ignore(text(one.get("limit")) or "", text(one.get("reason")) or "", resource=about) for one in lines
    ]


@dataclass(frozen=True)
class Settings:
    """What a `.explorer-check.toml` says."""

    ignores: tuple[Ignore, ...] = ()
    exclude: tuple[str, ...] = ()
    warn_at: str | None = None


def settings(beside: Path) -> Settings:
    """Those of the file in a folder, or the nearest above it. Raises ExplorerError for a wrong one."""
    for folder in (beside, *beside.parents):
        path = folder / NAME
        if path.is_file():
            return _read(path)
        if (folder / ".git").exists():
            break
    return Settings()


def _read(path: Path) -> Settings:
    try:
        said = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ExplorerError(f"{path}: cannot be read: {str(error).splitlines()[0]}") from None
    if unknown := said.keys() - {"ignore", "exclude", "warn_at"}:
        accepted = "ignore, exclude or warn_at"
        raise ExplorerError(f"{path}: {min(unknown)} is not a field: expected {accepted}")
    ignores, exclude = said.get("ignore", []), said.get("exclude", [])
    if not isinstance(ignores, list) or not isinstance(exclude, list):
        raise ExplorerError(f'{path}: expected [[ignore]] tables and exclude = ["a pattern"]')
    warn_at = said.get("warn_at")
    return Settings(
        tuple(_ignore(path, one) for one in ignores),
        tuple(map(str, exclude)),
        None if warn_at is None else str(warn_at),
    )


def _ignore(path: Path, said: Any) -> Ignore:
    if not isinstance(said, Mapping) or not said.get("limit") or not said.get("reason"):
        raise ExplorerError(f"{path}: an ignore has no limit or no reason: expected both")
    if unknown := said.keys() - {"limit", "reason", "file", "resource"}:
        raise ExplorerError(
            f"{path}: ignore.{min(unknown)} is not a field: expected limit, reason, file or resource"
        )
    said = {"file": "*", "resource": "*", **said}
    return Ignore(str(said["limit"]), str(said["reason"]), str(said["file"]), str(said["resource"]))
