"""A report as text, JSON, SARIF, JUnit, GitHub's annotations or GitLab's code quality."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from typing import Any
from urllib.parse import quote

from explorer.facts import catalogue
from explorer.facts.units import format_count

from .findings import BREACH, FITS, ORDER, TIGHT, UNKNOWN, Finding
from .places import fingerprints, in_repository, subject
from .runner import Report
from .skipped import Skipped

LEVELS = {BREACH: "error", TIGHT: "warning", UNKNOWN: "note", FITS: "none"}
ANNOTATIONS = {BREACH: "error", TIGHT: "warning", UNKNOWN: "notice"}
PLURALS = {BREACH: "breaches", FITS: "fit"}
DEFAULT_VERDICTS = (BREACH, TIGHT)  # the verdicts that a report shows without `--all`
CONTROLS = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f\ud800-\udfff\ufffe\uffff]")
SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def format_report(report: Report, form: str, version: str, every: bool = False) -> str:
    """The report in one of `FORMATS`; with `every`, the text also shows what fits or is unknown."""
    return FORMATS[form](report, version, every)


# Text ---------------------------------------------------------------------------------------------


def _text(report: Report, version: str, every: bool) -> str:
    new = _ids(report.new)
    findings = [
        one for one in report.findings if every or (one.verdict in DEFAULT_VERDICTS and id(one) in new)
    ]
    lines = [_line(finding) + ("" if id(finding) in new else " (in the baseline)") for finding in findings]
    lines += [f"{file}: unreadable: {reason}" for file, reason in report.unreadable]
    lines += [f"{note.file}:{note.line}: ignore of {note.limit}: {note.text}" for note in report.notes]
    lines += _skips(report.skipped if every else report.newly_skipped, every)
    if every:
        lines += [f"{_line(finding)} (ignored: {finding.reason})" for finding in report.suppressed_findings]
    return "\n".join([*map(_printable, lines), _summary(report)])


def _ids(findings: Iterable[Finding]) -> set[int]:
    return {id(finding) for finding in findings}


def _line(finding: Finding) -> str:
    place, verdict = f"{finding.file}:{finding.line}", finding.verdict
    return f"{place}: {verdict}: {finding.limit}: {finding.resource}: {finding.message}"


def _skips(skipped: list[Skipped], every: bool) -> list[str]:
    """One line for each skipped item; items with the same text share a line, unless `--all` is set."""
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
    parts = [
        f"{count:,} {verdict if count == 1 else PLURALS.get(verdict, verdict)}"
        for verdict, count in counts.items()
        if count
    ]
    parts += [f"{len(report.suppressed_findings):,} ignored"] if report.suppressed_findings else []
    in_baseline = len(report.findings) - len(report.new)
    parts += [f"{in_baseline:,} of these in the baseline"] if in_baseline else []
    parts += [f"{len(report.skipped):,} skipped"] if report.skipped else []
    parts += [f"{len(report.unreadable):,} unreadable"] if report.unreadable else []
    files = format_count(len(report.files), "file")
    return f"{files}: {', '.join(parts) or 'nothing to hold a limit against'}"


# JSON, SARIF --------------------------------------------------------------------------------------


def _json(report: Report, version: str, every: bool) -> str:
    return json.dumps(report.to_dict(), indent=2, allow_nan=False)


def _sarif(report: Report, version: str, every: bool) -> str:
    findings = [finding for finding in report.all_findings if finding.verdict != FITS]
    limits = sorted({finding.limit for finding in report.all_findings})
    new = _ids(report.new)
    results = []
    for finding, mark in zip(findings, fingerprints(findings), strict=True):
        result = _result(finding, limits.index(finding.limit), mark)
        if report.baseline is not None and not finding.reason:
            result["baselineState"] = "new" if id(finding) in new else "unchanged"
        results.append(result)
    run = {
        "tool": {"driver": {"name": "explorer", "version": version, "rules": [*map(_rule, limits)]}},
        "results": results,
        "invocations": [
            {
                "executionSuccessful": bool(report.files),
                "toolExecutionNotifications": [*_notifications(report)],
            }
        ],
        "columnKind": "unicodeCodePoints",
    }
    return json.dumps({"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2)


def _notifications(report: Report) -> Iterator[dict[str, Any]]:
    """Notices that are no findings: unreadable files, skipped items, suppressions without effect."""
    for file, reason in report.unreadable:
        yield _notification("error", f"{file}: {reason}", file, 1)
    for skipped in report.skipped:
        text = f"skipped: {skipped.what}: {skipped.resource}: {skipped.text}"
        yield _notification("warning", text, skipped.file, skipped.line)
    for note in report.notes:
        yield _notification("warning", f"ignore of {note.limit}: {note.text}", note.file, note.line)


def _notification(level: str, text: str, file: str, line: int) -> dict[str, Any]:
    return {
        "level": level,
        "message": {"text": text},
        "locations": [{"physicalLocation": _place(file, line)}],
    }


def _place(file: str, line: int) -> dict[str, Any]:
    """The location of a finding: a path from the top of the repository, else the file's absolute URI."""
    path = in_repository(file)
    uri = quote(path, errors="replace")
    location = f"file://{uri}" if path.startswith("/") else uri
    return {"artifactLocation": {"uri": location}, "region": {"startLine": max(1, line)}}


def _rule(limit_id: str) -> dict[str, Any]:
    row = catalogue.limit(limit_id)
    return {
        "id": limit_id,
        "shortDescription": {"text": row.title},
        "fullDescription": {"text": row.notes or row.title},
        "helpUri": row.source_url,
    }


def _result(finding: Finding, rule: int, mark: str) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.limit,
        "ruleIndex": rule,
        "level": LEVELS[finding.verdict],
        "message": {"text": f"{finding.resource}: {finding.message}"},
        "locations": [
            {
                "physicalLocation": _place(finding.file, finding.line),
                "logicalLocations": [{"name": finding.resource, "kind": "resource"}],
            }
        ],
        "partialFingerprints": {"limit/v1": mark},
    }
    if finding.reason:
        result["suppressions"] = [{"kind": "inSource", "justification": finding.reason}]
    return result


# JUnit --------------------------------------------------------------------------------------------


COUNTS = {"tests": "testcase", "failures": "failure", "errors": "error", "skipped": "skipped"}


def _junit(report: Report, version: str, every: bool) -> str:
    """JUnit XML that is valid against Jenkins' xUnit schema (junit-10.xsd), the strictest one in use."""
    from xml.etree import ElementTree as Tree

    suites, new = Tree.Element("testsuites", name="explorer check"), _ids(report.new)
    unreadable = dict(report.unreadable)
    files = [*report.files, *unreadable, *(one.file for one in report.skipped)]
    for file in dict.fromkeys(files):
        findings = [finding for finding in report.all_findings if finding.file == file]
        skipped = [one for one in report.skipped if one.file == file]
        reason = unreadable.get(file)
        suite = Tree.SubElement(suites, "testsuite", name=_xml(file))
        cases = [(f"{one.resource}: {one.limit}", one.message) for one in findings]
        cases += [(f"{one.resource}: {one.what}", one.text) for one in skipped]
        names = iter(_distinct(cases))
        for finding in findings:
            _case(Tree, suite, finding, next(names), id(finding) in new)
        for one in skipped:
            case = Tree.SubElement(suite, "testcase", classname=_xml(file), name=_xml(next(names)))
            Tree.SubElement(case, "skipped", message=_xml(f"not checked: {one.text}"))
        if reason is not None:
            case = Tree.SubElement(suite, "testcase", classname=_xml(file), name="read")
            Tree.SubElement(case, "error", message=_xml(reason), type="unreadable")
        for name, tag in (
            ("tests", "testcase"),
            ("failures", "failure"),
            ("errors", "error"),
            ("skipped", "skipped"),
        ):
            suite.set(name, str(sum(1 for _ in suite.iter(tag))))
    Tree.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + Tree.tostring(suites, encoding="unicode")


def _distinct(cases: list[tuple[str, str]]) -> list[str]:
    """Unique names of test cases: equal names get their subject, and then a number."""
    often = Counter(name for name, _ in cases)
    names = [f"{name}: {subject(message)}" if often[name] > 1 else name for name, message in cases]
    counts: Counter[str] = Counter()
    for index, name in enumerate(names):
        counts[name] += 1
        names[index] = f"{name} ({counts[name]})" if counts[name] > 1 else name
    return names


def _case(tree: Any, suite: Any, finding: Finding, name: str, is_new: bool) -> None:
    case = tree.SubElement(suite, "testcase", classname=_xml(finding.file), name=_xml(name))
    place = f"{finding.file}:{finding.line}\n{finding.source_url}"
    if finding.reason:
        tree.SubElement(case, "skipped", message=_xml(f"ignored: {finding.reason}"))
    elif finding.verdict == BREACH and is_new:
        failure = tree.SubElement(case, "failure", message=_xml(finding.message), type=BREACH)
        failure.text = _xml(place)
    elif finding.verdict == BREACH:
        tree.SubElement(case, "skipped", message=_xml(f"in the baseline: {finding.message}"))
    elif finding.verdict == UNKNOWN:
        tree.SubElement(case, "skipped", message=_xml(finding.message))
    elif finding.verdict == TIGHT:
        tree.SubElement(case, "system-out").text = _xml(f"{finding.message}\n{place}")


def _xml(text: str) -> str:
    """A text without the characters that XML cannot hold."""
    return CONTROLS.sub("?", text)


# GitHub -------------------------------------------------------------------------------------------

MOST_ANNOTATIONS = 10  # of each level that GitHub shows for one step


def _github(report: Report, version: str, every: bool) -> str:
    """Annotations for the worst findings, as many as GitHub shows; the rest as lines of the log."""
    counts, lines = Counter[str](), []
    for level, file, line, title, message in sorted(_annotations(report), key=lambda one: one[0] != "error"):
        counts[level] += 1
        if counts[level] > MOST_ANNOTATIONS:
            lines.append(_printable(f"{file}:{line}: {level}: {title}: {message}"))
            continue
        place = f"file={_property(file)},line={line},title={_property(title)}"
        lines.append(f"::{level} {place}::{_message(message)}")
    return "\n".join([*lines, _summary(report)])


def _annotations(report: Report) -> Iterator[tuple[str, str, int, str, str]]:
    """The content of the annotations: level, path, line, title, text."""
    for finding in report.new:
        if finding.verdict in DEFAULT_VERDICTS:
            title, message = (
                f"{finding.limit}: {finding.resource}",
                f"{finding.message} ({finding.source_url})",
            )
            yield ANNOTATIONS[finding.verdict], in_repository(finding.file), finding.line, title, message
    for file, reason in report.unreadable:
        yield "warning", in_repository(file), 1, "unreadable", reason
    for note in report.notes:
        yield "warning", in_repository(note.file), note.line, f"ignore of {note.limit}", note.text
    for skipped in report.newly_skipped:
        yield (
            "notice",
            in_repository(skipped.file),
            skipped.line,
            f"not checked: {skipped.what}",
            skipped.text,
        )


def _message(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")


def step_summary(report: Report) -> str:
    """All new findings as Markdown, for GitHub's job summary, which can hold more than ten."""
    rows: list[tuple[str, ...]] = [
        (verdict, _at(one.file, one.line), one.resource, one.limit, one.message)
        for verdict in DEFAULT_VERDICTS
        for one in report.new
        if one.verdict == verdict
    ]
    rows += [("unreadable", in_repository(file), "", "", reason) for file, reason in report.unreadable]
    rows += [("ignore", _at(note.file, note.line), "", note.limit, note.text) for note in report.notes]
    rows += [
        ("skipped", _at(one.file, one.line), one.resource, ", ".join(one.limits), one.text)
        for one in report.newly_skipped
    ]
    lines = ["### explorer check", "", _summary(report), ""]
    if rows:
        lines += ["| | where | resource | limit | |", "| --- | --- | --- | --- | --- |"]
        lines += [f"| {' | '.join(map(_cell, row))} |" for row in rows]
    return "\n".join(lines) + "\n"


def _at(file: str, line: int) -> str:
    return f"{in_repository(file)}:{line}"


def _cell(text: str) -> str:
    """A text as a cell of a Markdown table, with special characters escaped."""
    plain = _printable(text).replace("&", "&amp;").replace("<", "&lt;").replace("|", "\\|")
    return re.sub(r"([\\`*_\[\]])(?!\|)", r"\\\1", plain)


# GitLab -------------------------------------------------------------------------------------------

SEVERITIES = {BREACH: "critical", TIGHT: "minor"}


def _gitlab(report: Report, version: str, every: bool) -> str:
    """A code quality report, which GitLab itself compares with the report of the target branch."""
    findings = [finding for finding in report.findings if finding.verdict in SEVERITIES]
    issues = [
        _issue(f"{one.resource}: {one.message}", one.limit, mark, SEVERITIES[one.verdict], one.file, one.line)
        for one, mark in zip(findings, fingerprints(findings), strict=True)
    ]
    others = [("unreadable", reason, "major", file, 1) for file, reason in report.unreadable]
    others += [("skipped", f"not checked: {one.what}: {one.resource}: {one.text}", "info", one.file, one.line)
               for one in report.skipped]  # fmt: skip
    others += [("ignore", f"ignore of {note.limit}: {note.text}", "minor", note.file, note.line)
               for note in report.notes]  # fmt: skip
    counts: Counter[str] = Counter()
    for name, text, severity, file, line in others:
        own = f"{name}|{in_repository(file)}|{text}"
        counts[own] += 1
        mark = hashlib.sha256(f"{own}|{counts[own]}".encode("utf-8", "replace")).hexdigest()
        issues.append(_issue(text, name, mark, severity, file, line))
    return json.dumps(issues, indent=2)


def _issue(description: str, name: str, mark: str, severity: str, file: str, line: int) -> dict[str, Any]:
    return {
        "description": description,
        "check_name": name,
        "fingerprint": mark,
        "severity": severity,
        "location": {"path": in_repository(file), "lines": {"begin": max(1, line)}},
    }


FORMATS: dict[str, Callable[[Report, str, bool], str]] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "junit": _junit,
    "github": _github,
    "gitlab": _gitlab,
}
