"""`explorer bill`: billable quantities priced, line by line."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated

import typer
from rich.console import RenderableType

from explorer.cli.answer_tables import bill_table
from explorer.cli.console import STANDARD, Json, Region, out, standard_input
from explorer.cli.tables import Row
from explorer.errors import ExplorerError
from explorer.facts import catalogue
from explorer.facts.csv_table import decimal_cell, refusal, text_cell
from explorer.facts.text_file import read_text


def bill(
    usage: Annotated[
        str, typer.Argument(metavar="USAGE.csv", help="Columns id,quantity; - reads standard input.")
    ],
    region: Region = "us-east-1",
    free_tier: Annotated[bool, typer.Option(help="Take the monthly free quantities off.")] = False,
    as_json: Json = False,
) -> None:
    """Price billable quantities, line by line."""
    from explorer.engine.cost import bill as price
    from explorer.engine.cost import bill_to_dict

    total = price(quantities(usage), region or "us-east-1", free_tier)
    answer = {"region": total.region, "free_tier": free_tier, **bill_to_dict(total)}
    out(answer, as_json, bill_lines, answer)


COLUMNS = ("id", "quantity")


def quantities(source: str) -> dict[str, Decimal]:
    """Read quantities by price id from a CSV table with the columns id,quantity; repeated ids are added.

    Parameters: `source`, a CSV file, or "-" for standard input.
    Raises ExplorerError with the file, the line, the field, the value and what is accepted.
    """
    name, content = _content(source)
    lines = csv.reader(io.StringIO(content, newline=""), strict=True)
    total: dict[str, Decimal] = {}
    try:
        header = [field.strip() for field in next(lines, [])]
        if missing := [column for column in COLUMNS if column not in header]:
            raise ExplorerError(f"{name} line 1: no column {missing[0]}: expected {','.join(COLUMNS)}")
        for line in filter(None, lines):
            price_id, quantity = _quantity(f"{name} line {lines.line_num}", header, line)
            total[price_id] = total.get(price_id, Decimal(0)) + quantity
    except csv.Error as error:
        raise ExplorerError(f"{name} line {lines.line_num}: is not CSV: {error}") from None
    return total


def _content(source: str) -> tuple[str, str]:
    """The name of the source for messages, and its text."""
    expected = "a table with the columns id,quantity"
    if source == STANDARD:
        return "standard input", standard_input(expected)
    return source, read_text(source, expected)


def _quantity(place: str, header: list[str], line: list[str]) -> tuple[str, Decimal]:
    if len(line) != len(header):
        raise ExplorerError(f"{place}: has {len(line)} fields: expected {len(header)}")
    row = {column: field.strip() for column, field in zip(header, line, strict=True)}
    try:
        catalogue.free(text_cell(row["id"]))
    except (ExplorerError, ValueError) as error:
        accepted = str(error).partition("expected ")[2] or "an id of a price"
        raise refusal(place, "id", row["id"], accepted) from None
    try:
        return row["id"], decimal_cell(row["quantity"])
    except ValueError as error:
        raise refusal(place, "quantity", row["quantity"], str(error)) from None


def bill_lines(answer: Row) -> Iterator[RenderableType]:
    """The answer of `bill`."""
    free = "free tier taken off" if answer["free_tier"] else "no free tier"
    yield from bill_table(answer, f"{answer['region']}, {free}")
