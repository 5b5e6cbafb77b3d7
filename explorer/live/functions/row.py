"""Rows of the table of jobs: values of Python and DynamoDB, and conditional writes."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from typing import Any

from clients import client, error_code
from settings import variable

Row = dict[str, Any]


class Refused(Exception):
    """The condition of a write failed; `row` is the existing row, None if there is none."""

    def __init__(self, row: Row | None) -> None:
        super().__init__("another has written meanwhile")
        self.row = row


def now() -> float:
    """Seconds since the epoch, as in rows."""
    return round(time.time(), 3)


def to_dynamodb(value: Any) -> dict[str, Any]:
    """A value in the form of DynamoDB's API."""
    if isinstance(value, bool):
        return {"BOOL": value}
    if isinstance(value, int | float):
        return {"N": repr(value)}
    if isinstance(value, Mapping):
        return {"M": {name: to_dynamodb(inner) for name, inner in value.items()}}
    return {"S": value} if isinstance(value, str) else {"NULL": True}


def from_dynamodb(value: Mapping[str, Any]) -> Any:
    """A Python value from DynamoDB's API."""
    ((kind, inner),) = value.items()
    if kind == "N":
        return float(inner) if set(inner) & set(".eE") else int(inner)
    if kind == "M":
        return row_of(inner)
    return None if kind == "NULL" else inner


def row_of(item: Mapping[str, Any]) -> Row:
    """A row from an item of DynamoDB's API."""
    return {name: from_dynamodb(value) for name, value in item.items()}


def get(id: str) -> Row | None:
    """The current row; None if there is none, or if it has expired: DynamoDB removes those late."""
    answer = client("dynamodb").get_item(
        TableName=variable("JOBS"), Key={"id": to_dynamodb(id)}, ConsistentRead=True
    )
    row = row_of(answer.get("Item") or {})
    return row if row and row["expires"] > now() else None


def update(id: str, sets: Mapping[str, Any], condition: str, **values: Any) -> Row:
    """Set fields of a row if the condition holds; the new row. Raises Refused.

    In the condition, `#name` is a field of the row, and `:name` one of `values` or of `sets`.
    """
    setting = "SET " + ", ".join(f"#{name} = :{name}" for name in sets)
    return _update_item(id, setting, condition, {**sets, **values})


def _update_item(id: str, setting: str, condition: str, values: Mapping[str, Any]) -> Row:
    try:
        answer = client("dynamodb").update_item(
            TableName=variable("JOBS"),
            Key={"id": to_dynamodb(id)},
            UpdateExpression=setting,
            ReturnValues="ALL_NEW",
            ReturnValuesOnConditionCheckFailure="ALL_OLD",
            **expression_arguments(setting, condition, values),
        )
    except Exception as error:
        if error_code(error) != "ConditionalCheckFailedException":
            raise
        item = getattr(error, "response", {}).get("Item")
        raise Refused(row_of(item) if item else None) from None
    return row_of(answer["Attributes"])


def put_all(*puts: tuple[Row, str, Mapping[str, Any]]) -> None:
    """Put rows, each with its condition, all or none. Raises Refused."""
    items = [{"Put": {"Item": {n: to_dynamodb(v) for n, v in row.items()}, **_conditional(condition, values)}}
             for row, condition, values in puts]  # fmt: skip
    _transact(items)


def _conditional(condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
    return {"TableName": variable("JOBS"), **expression_arguments("", condition, values)}


def delete_all(*deletes: tuple[str, str, Mapping[str, Any]]) -> None:
    """Delete rows, each with its condition, all or none. Raises Refused."""
    items = [{"Delete": {"Key": {"id": to_dynamodb(id)}, **_conditional(condition, values)}}
             for id, condition, values in deletes]  # fmt: skip
    _transact(items)


def _transact(items: list[dict[str, Any]]) -> None:
    try:
        client("dynamodb").transact_write_items(TransactItems=items)
    except Exception as error:
        reasons = getattr(error, "response", {}).get("CancellationReasons") or []
        codes = {reason.get("Code") for reason in reasons} - {"None", None}
        if codes and codes <= {"ConditionalCheckFailed", "TransactionConflict"}:
            raise Refused(None) from None
        raise


def expression_arguments(setting: str, condition: str, values: Mapping[str, Any]) -> dict[str, Any]:
    """The condition with its names and values; names are replaced, since many are reserved words."""
    names = set(re.findall(r"#(\w+)", setting + condition))
    value_names = set(re.findall(r":(\w+)", setting + condition))
    parameters: dict[str, Any] = {
        "ConditionExpression": condition,
        "ExpressionAttributeNames": {f"#{name}": name for name in sorted(names)},
    }
    if value_names:
        parameters["ExpressionAttributeValues"] = {
            f":{name}": to_dynamodb(values[name]) for name in sorted(value_names)
        }
    return parameters
