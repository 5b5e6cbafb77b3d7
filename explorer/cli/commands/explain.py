"""`explorer explain`: one limit: what it is, how it is counted, what the caller sees, what to do."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import RenderableType

from explorer.cli.console import Json, out
from explorer.cli.tables import UnwrappedLine, indented_lines, table, title
from explorer.facts.units import format_quantity

if TYPE_CHECKING:
    from explorer.analysis.limit_explanation import LimitExplanation


def limit_ids(incomplete: str) -> list[str]:
    """Ids of limits with this prefix, for shell completion."""
    from explorer.facts import catalogue

    return [limit_id for limit_id in catalogue.limits() if limit_id.startswith(incomplete)]


def explain(
    limit: Annotated[
        str, typer.Argument(metavar="LIMIT", help="An id, as in findings.", autocompletion=limit_ids)
    ],
    as_json: Json = False,
) -> None:
    """One limit: what it is, how AWS counts it, what the caller sees, what to do."""
    from explorer.analysis.limit_explanation import explain_limit

    answer = explain_limit(limit)
    out(answer.to_dict(), as_json, explanation, answer)


def explanation(answer: LimitExplanation) -> Iterator[RenderableType]:
    """The answer of `explain`."""
    yield title(answer.limit.id, first=True)
    yield answer.what
    if answer.counts:
        yield title("How it is counted")
        yield from indented_lines(answer.counts)
    if answer.seen:
        yield title("What the caller sees")
        rows = [(one.door, str(one.status or ""), one.seen, one.cause) for one in answer.seen]
        yield table(("door", ">status", "seen", "what happened"), rows)
    yield title("What to do")
    yield from indented_lines(answer.advice)
    if len(answer.history) > 1:
        yield title("What it was")
        earlier = [
            (row.as_of, "" if row.value is None else format_quantity(row.value, row.unit), row.evidence)
            for row in answer.history[:-1]
        ]
        yield table(("as of", ">value", "evidence"), earlier)
    yield UnwrappedLine(f"\n{answer.limit.source_url}")
