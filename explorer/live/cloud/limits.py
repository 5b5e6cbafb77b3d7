"""The limits that the local cloud enforces: figures from the facts, refusals with AWS's texts."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from explorer.errors import CloudError, ExplorerError
from explorer.facts import catalogue

Answer = tuple[int, dict[str, str], bytes]

TEXTS = {
    "lambda.sync.request": "Request must be smaller than {limit} bytes for the InvokeFunction operation",
    "lambda.furl.request": "Request must be smaller than {limit} bytes for the InvokeFunction operation",
    "lambda.async.payload": (
        "{size} byte payload is too large for the Event invocation type (limit {limit} bytes)"
    ),
    "lambda.sync.response": "Response payload size exceeded maximum allowed payload size ({limit} bytes).",
    "lambda.updatecfg.request": (
        "Request must be smaller than {limit} bytes for the UpdateFunctionConfiguration operation"
    ),
    "apigw.http.payload": "Request Entity Too Large",
    "apigw.rest.payload": "HTTP content length exceeded {limit} bytes",
    "apigw.http.timeout": "Service Unavailable",
    "apigw.rest.timeout": "Endpoint request timed out",
    "ssm.std": (
        "Standard tier parameters support a maximum parameter value of {limit} characters. To create a "
        "larger parameter value, upgrade the parameter to use the advanced-parameter tier. For more "
        "information, see https://docs.aws.amazon.com/systems-manager/latest/userguide/"
        "parameter-store-advanced-parameters.html"
    ),
    "ssm.adv": "Advanced tier parameters support a maximum parameter value of {limit} characters.",
    "sfn.payload": (
        "The state/task returned a result with a size exceeding the maximum number of bytes service limit."
    ),
}
DOORS = {"apigw.http": "http-api", "apigw.rest": "rest-api", "lambda.furl": "function-url"}


@dataclass(frozen=True, slots=True)
class Refusal:
    """AWS's answer to a request that it refuses: HTTP status, error code and message."""

    status: int
    code: str
    message: str

    def rest_json(self) -> Answer:
        """The answer in Lambda's form: the code in a header."""
        headers = {"Content-Type": "application/json", "x-amzn-errortype": self.code}
        return self.status, headers, _body(Type="User", message=self.message)

    def json_1_1(self) -> Answer:
        """The answer in the form of Parameter Store, Secrets Manager and Step Functions: code in the body."""
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return self.status, headers, _body(__type=self.code, message=self.message)

    def authorization_error(self) -> Answer:
        """The answer of a REST API or a function URL to an unauthorised caller: the code in a header."""
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code}
        return self.status, headers, _body(message=self.message)

    def door(self) -> Answer:
        """The answer of an API or a function URL to its caller: no code, except for a too large request."""
        if self.code == "RequestEntityTooLargeException":
            headers = {"Content-Type": "application/json", "x-amzn-errortype": self.code}
            return self.status, headers, _body(Message=self.message)
        return self.status, {"Content-Type": "application/json"}, _body(message=self.message)


def _body(**fields: str) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def invalid(value: str, field: str, constraint: str) -> Refusal:
    """AWS's answer to a field that breaks its model.

    Parameters
    ----------
    value : as AWS repeats it, "" where it must not be repeated
    field : name of the field
    constraint : the end of AWS's sentence after "Member must"
    """
    start = f"Value '{value}' at" if value else "Value at"
    text = f"1 validation error detected: {start} '{field}' failed to satisfy constraint: Member must "
    return Refusal(400, "ValidationException", text + constraint)


def event_reason(refusal: Refusal, service: str) -> str:
    """The text of a service's refusal in CloudFormation's events."""
    request, token = uuid.uuid4(), uuid.uuid4()
    message = f"{refusal.message} (Service: {service}, Status Code: {refusal.status}, Request ID: {request})"
    code = f"(RequestToken: {token}, HandlerErrorCode: InvalidRequest)"
    return f'Resource handler returned message: "{message}" {code}'


class Limits:
    """The limits of a facts folder, with overrides; `limits[id]` is a value in the unit of its row.

    Parameters
    ----------
    folder : of the tables, the project's own if None
    overrides : other values by id of a limit or constant [its own unit]: a test can wait 0.3 s instead of 30

    Raises ExplorerError for an override that is negative or of an id without a value.
    """

    def __init__(self, folder: Path | None = None, overrides: Mapping[str, float] | None = None) -> None:
        self.facts = catalogue.Facts(folder) if folder else catalogue.DEFAULT
        self.overrides = dict(overrides or {})
        for id, value in self.overrides.items():
            if self._aws_value(id) is None or not value >= 0:
                raise ExplorerError(f"limit {id} is {value!r}: expected a number from 0")

    def _aws_value(self, id: str) -> float | None:
        """AWS's value of a limit or constant, None if it has none."""
        constant = self.facts.constants().get(id)
        return constant.value if constant else self.facts.limit(id).value

    def __getitem__(self, id: str) -> float:
        value = self.overrides.get(id, self._aws_value(id))
        if value is None:
            raise CloudError(f"limits.csv: {id} has no value: expected a number")
        return int(value) if value == int(value) else value

    def refusal(self, id: str, size: float = 0, door: str = "") -> Refusal:
        """The answer of `door` to a caller that exceeds the limit `id`.

        Parameters
        ----------
        id : of a limit
        size : of the request [unit of the limit], for texts that repeat it
        door : id of the door; "" for the door in the limit's id, else "invoke"

        Raises CloudError if breaches.csv has no status for it.
        """
        door = door or DOORS.get(id.rpartition(".")[0], "invoke")
        breach = self.facts.breach_at_door(id, door)
        if breach is None or breach.status is None:
            raise CloudError(f"breaches.csv: {id} at {door} has no status: expected one")
        return Refusal(breach.status, breach.code, TEXTS[id].format(limit=self[id], size=size))

    def status(self, id: str, door: str) -> int:
        """The HTTP status of `door` when the limit `id` is exceeded; 500 if breaches.csv has none."""
        breach = self.facts.breach_at_door(id, door)
        return breach.status if breach and breach.status else 500
