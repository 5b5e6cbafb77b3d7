"""A report as text, JSON, SARIF, JUnit or GitHub's annotations."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from explorer.facts import catalogue
from explorer.facts.units import format_count

from .findings import BREACH, FITS, ORDER, TIGHT, UNKNOWN, Finding
from .runner import Report
from .skipped import Skipped

LEVELS = {BREACH: "error", TIGHT: "warning", UNKNOWN: "note", FITS: "none"}
ANNOTATIONS = {BREACH: "error", TIGHT: "warning", UNKNOWN: "notice"}
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def written(report: Report, form: str, version: str, every: bool = False) -> str:
    """The report in one of the `FORMATS`; `every`: text shows what fits or is unknown too."""
    return FORMATS[form](report, version, every)


# Text ---------------------------------------------------------------------------------------------


def _text(report: Report, version: str, every: bool) -> str:
    shown = [one for one in report.findings if every or one.verdict in (BREACH, TIGHT)]
    lines = [_line(finding) for finding in shown]
    lines += [f"{file}: unreadable: {reason}" for file, reason in report.unreadable]
    lines += _skips(report.skipped, every)
    if every:
        lines += [f"{_line(finding)} (ignored: {finding.reason})" for finding in report.suppressed]
    return "\n".join([*map(_printable, lines), _summary(report)])


def _line(finding: Finding) -> str:
    place, verdict = f"{finding.file}:{finding.line}", finding.verdict
    return f"{place}: {verdict}: {finding.limit}: {finding.resource}: {finding.message}"


def _skips(skipped: list[Skipped], every: bool) -> list[str]:
    """A line for each; those that say the same in one line, unless all are asked for."""
    alike: dict[tuple[str, str], list[Skipped]] = {}
    for one in skipped:
        alike.setdefault(
            (f"{one.file}:{one.line} {one.resource}" if every else one.what, one.text), []
        ).append(one)
    lines = []
    for one, *others in alike.values():
        more = f" (and {format_count(len(others), 'more place')}: --all)" if others else ""
        lines.append(f"{one.file}:{one.line}: skipped: {one.what}: {one.resource}: {one.text}{more}")
    return lines


def _printable(line: str) -> str:
    return "".join(character if character.isprintable() else " " for character in line)


def _summary(report: Report) -> str:
    counts = {verdict: sum(f.verdict == verdict for f in report.findings) for verdict in ORDER}
    parts = [f"{count:,} {verdict}" for verdict, count in counts.items() if count]
    parts += [f"{len(report.suppressed):,} ignored"] if report.suppressed else []
    parts += [f"{len(report.skipped):,} skipped"] if report.skipped else []
    parts += [f"{len(report.unreadable):,} unreadable"] if report.unreadable else []
    files = format_count(len(report.files), "file")
    return f"{files}: {', '.join(parts) or 'nothing to hold a limit against'}"


# JSON, SARIF --------------------------------------------------------------------------------------


def _json(report: Report, version: str, every: bool) -> str:
    return json.dumps(report.to_dict(), indent=2, allow_nan=False)


def _sarif(report: Report, version: str, every: bool) -> str:
    found = [finding for finding in report.found if finding.verdict != FITS]
    limits = sorted({finding.limit for finding in report.found})
    run = {
        "tool": {"driver": {"name": "explorer", "version": version, "rules": [*map(_rule, limits)]}},
        "results": [_result(finding, limits.index(finding.limit)) for finding in found],
        "invocations": [
            {
                "executionSuccessful": bool(report.files),
                "toolExecutionNotifications": [
                    {"level": "warning", "message": {"text": f"{file}: {reason}"}}
                    for file, reason in report.unreadable
                ],
            }
        ],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _rule(limit_id: str) -> dict[str, Any]:
    row = catalogue.limit(limit_id)
    return {
        "id": limit_id,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.notes or row.title},
        "helpUri": row.source_url,
    }


def _result(finding: Finding, rule: int) -> dict[str, Any]:
    place = {
        "artifactLocation": {"uri": quote(finding.file, errors="replace")},
        "region": {"startLine": max(1, finding.line)},
    }
    marks = f"{finding.file}|{finding.resource}|{finding.limit}"
    result: dict[str, Any] = {
        "ruleId": finding.limit,
        "ruleIndex": rule,
        "level": LEVELS[finding.verdict],
        "message": {"text": f"{finding.resource}: {finding.message}"},
        "locations": [
            {
                "physicalLocation": place,
                "logicalLocations": [{"name": finding.resource, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"limit/v1": hashlib.sha256(marks.encode("utf-8", "replace")).hexdigest()},
    }
    if finding.reason:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


# JUnit, GitHub ------------------------------------------------------------------------------------


def _junit(report: Report, version: str, every: bool) -> str:
    from xml.etree import ElementTree as Tree

    suites = Tree.Element("testsuites", name="explorer check")
    for file in [*report.files, *(file for file, _ in report.unreadable)]:
        found = [finding for finding in report.found if finding.file == file]
        reason = dict(report.unreadable).get(file)
        counts = {
            "tests": len(found) + (reason is not None),
            "failures": sum(finding.verdict == BREACH and not finding.reason for finding in found),
            "errors": int(reason is not None),
            "skipped": sum(bool(f.reason) or f.verdict == UNKNOWN for f in found),
        }
        marks = {"name": _xml(file), **{name: str(count) for name, count in counts.items()}}
        suite = Tree.SubElement(suites, "testsuite", marks)
        for finding in found:
            _case(Tree, suite, finding)
        if reason is not None:
            case = Tree.SubElement(suite, "testcase", classname=_xml(file), name="read")
            Tree.SubElement(case, "error", message=_xml(reason))
    Tree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(suites, encoding="unicode")


def _case(tree: Any, suite: Any, finding: Finding) -> None:
    name = f"{finding.resource}: {finding.limit}"
    place = {"file": _xml(finding.file), "line": str(finding.line)}
    case = tree.SubElement(suite, "testcase", classname=_xml(finding.file), name=_xml(name), **place)
    if finding.reason:
        tree.SubElement(case, "skipped", message=_xml(f"ignored: {finding.reason}"))
    elif finding.verdict == BREACH:
        said = f"{finding.file}:{finding.line}\n{finding.source_url}"
        tree.SubElement(case, "failure", message=_xml(finding.message), type=BREACH).text = _xml(said)
    elif finding.verdict == UNKNOWN:
        tree.SubElement(case, "skipped", message=_xml(finding.message))
    elif finding.verdict == TIGHT:
        tree.SubElement(case, "system-out").text = _xml(finding.message)


def _xml(said: str) -> str:
    """A text without the characters that XML cannot hold."""
    return CONTROLS.sub("?", said)


def _github(report: Report, version: str, every: bool) -> str:
    lines = [*_annotations(report)]
    lines += [f"::warning file={_property(file)}::{_message(reason)}" for file, reason in report.unreadable]
    return "\n".join([*lines, _summary(report)])


def _annotations(report: Report) -> Iterator[str]:
    for finding in report.findings:
        if finding.verdict in (BREACH, TIGHT):
            place = f"file={_property(finding.file)},line={finding.line}"
            title = f"title={_property(f'{finding.limit}: {finding.resource}')}"
            said = _message(f"{finding.message} ({finding.source_url})")
            yield f"::{ANNOTATIONS[finding.verdict]} {place},{title}::{said}"


def _message(said: str) -> str:
    return said.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(said: str) -> str:
    return _message(said).replace(":", "%3A").replace(",", "%2C")


FORMATS: dict[str, Callable[[Report, str, bool], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
}
