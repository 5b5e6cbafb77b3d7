"""The limits as the local cloud enforces them: figures from the facts, refusals in AWS's own words."""

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
    """What AWS answers to what it does not take."""

    status: int
    code: str
    message: str

    def rest_json(self) -> Answer:
        """As Lambda says it: the code in a header."""
        headers = {"Content-Type": "application/json", "x-amzn-errortype": self.code}
        return self.status, headers, _body(Type="User", message=self.message)

    def json_1_1(self) -> Answer:
        """As Parameter Store, Secrets Manager and Step Functions say it: the code in the body."""
        headers = {"Content-Type": "application/x-amz-json-1.1"}
        return self.status, headers, _body(__type=self.code, message=self.message)

    def at_door(self) -> Answer:
        """As a REST API or a function URL says who may not come in: the code in a header."""
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": self.code}
        return self.status, headers, _body(message=self.message)

    def door(self) -> Answer:
        """As a function URL or an API says it to whoever called."""
        if self.code == "RequestEntityTooLargeException":
            headers = {"Content-Type": "application/json", "x-amzn-errortype": self.code}
            return self.status, headers, _body(Message=self.message)
        return self.status, {"Content-Type": "application/json"}, _body(message=self.message)


def _body(**fields: str) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode()


def invalid(value: str, field: str, constraint: str) -> Refusal:
    """AWS's answer to a field that breaks its model; `value` is "" where it is not to be repeated."""
    start = f"Value '{value}' at" if value else "Value at"
    text = f"1 validation error detected: {start} '{field}' failed to satisfy constraint: Member must "
    return Refusal(400, "ValidationException", text + constraint)


def event_reason(refusal: Refusal, service: str) -> str:
    """As CloudFormation's events give a service's refusal."""
    request, token = uuid.uuid4(), uuid.uuid4()
    message = f"{refusal.message} (Service: {service}, Status Code: {refusal.status}, Request ID: {request})"
    code = f"(RequestToken: {token}, HandlerErrorCode: InvalidRequest)"
    return f'Resource handler returned message: "{message}" {code}'


class Limits:
    """The limits of a facts folder, some of them changed.

    Parameters
    ----------
    folder : of the tables, the project's own if none
    changed : other values by the id of a limit or constant, in its own unit: a test can wait 0.3 s, not 30
    """

    def __init__(self, folder: Path | None = None, overrides: Mapping[str, float] | None = None) -> None:
        self.facts = catalogue.Facts(folder) if folder else catalogue.DEFAULT
        self.overrides = dict(overrides or {})
        for id, value in self.overrides.items():
            if self._real(id) is None or not value >= 0:
                raise ExplorerError(f"limit {id} is {value!r}: expected a number from 0")

    def _real(self, id: str) -> float | None:
        """AWS's own value: of a limit, or of a time that AWS takes."""
        constant = self.facts.constants().get(id)
        return constant.value if constant else self.facts.limit(id).value

    def __getitem__(self, id: str) -> float:
        value = self.overrides.get(id, self._real(id))
        if value is None:
            raise CloudError(f"limits.csv: {id} has no value: expected a number")
        return int(value) if value == int(value) else value

    def refusal(self, id: str, size: float = 0, door: str = "") -> Refusal:
        """What the caller of `door` sees when `size` is over the limit `id`: status and code are facts."""
        door = door or DOORS.get(id.rpartition(".")[0], "invoke")
        breach = self.facts.breach_at_door(id, door)
        if breach is None or breach.status is None:
            raise CloudError(f"breaches.csv: {id} at {door} has no status: expected one")
        return Refusal(breach.status, breach.code, TEXTS[id].format(limit=self[id], size=size))

    def status(self, id: str, door: str) -> int:
        """The HTTP status with which `door` says that the limit `id` broke."""
        breach = self.facts.breach_at_door(id, door)
        return breach.status if breach and breach.status else 500
