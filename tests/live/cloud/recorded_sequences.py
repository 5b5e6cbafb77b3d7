"""Sequences of requests whose answers were recorded on AWS, and how an answer is held against AWS's.

`recorded/*.json.gz` hold them as facts, a file per service: the requests of a sequence in order, and what AWS
answered to those that were compared there. `recorded/README.md` describes the form and the source.
"""

from __future__ import annotations

import gzip
import io
import json
import os
import re
import time
import zipfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import Any

from botocore import xform_name
from botocore.config import Config
from botocore.exceptions import ClientError, HTTPClientError, ParamValidationError

from explorer.live.cloud import supervisor
from tests.support.local_bench import Bench

FOLDER = Path(__file__).with_name("recorded")
AGREEING = FOLDER / "agreeing.txt"
MADE_UP = re.compile(r"<(?P<kind>[A-Za-z][\w.-]*?)?(?:[:-](?P<number>\d+)(?:idx)?)?>")
REFERENCE = re.compile(r"\$\{(\d+):([^}]*)\}")
WAIT_S, SHORT_WAIT_S = 20.0, 3.0  # of a sequence that is listed as agreeing, and of another
UNORDERED = {"VersionStages"}  # lists whose order has no meaning: the source has them sorted
ONCE = Config(
    retries={"total_max_attempts": 1}, parameter_validation=False, inject_host_prefix=False, read_timeout=30
)

HANDLERS = {  # what the functions of the sequences do
    "echo": "def handler(event, context):\n    return event\n",
    "fail": 'def handler(event, context):\n    raise Exception("Some exception was raised.")\n',
    "custom error": """class CustomException(Exception):
    message: str

    def __init__(self):
        self.message = "CustomException message"


def handler(event, context):
    raise CustomException()
""",
    "hello bytes": "def handler(event, context):\n    return b'\"HelloWorld!\"'\n",
    "hello": """
import os

def handler(event, context):
    return os.environ.get("raw_string_result") or {
        "Hello": event.get("map") or os.environ.get("Hello", "_value_missing_")}
""",
    "big": "def handler(event, context):\n    return 'a' * 263168\n",
    "sleep": "import time\n\ndef handler(event, context):\n    time.sleep(60)\n",
}


def packaged(code: str, handler: str) -> bytes:
    """A package of one file whose function, named as the sequence's own, does what its `code` says."""
    module, _, function = handler.partition(".")
    file, index = io.BytesIO(), zipfile.ZipInfo(f"{module}.py")
    index.external_attr = 0o600 << 16
    with zipfile.ZipFile(file, "w") as package:
        package.writestr(index, HANDLERS[code].replace("handler(", f"{function or 'handler'}("))
    return file.getvalue()


class Difference(Exception):
    """An answer that is not AWS's: where, and how."""


@dataclass
class Names:
    """The values behind the placeholders of a sequence: the same value for the same name, and no other."""

    values: dict[str, str] = field(default_factory=dict)

    def hold(self, placeholder: str, value: str, path: str) -> None:
        """Keep the value of a placeholder, or compare it with the one that it has."""
        match = MADE_UP.fullmatch(placeholder)
        if match is None or match["number"] is None:
            return
        value_before = self.values.setdefault(placeholder, value)
        if value_before != value:
            raise Difference(f"{path}: {placeholder} is {value!r}, and was {value_before!r}")
        for other, its_value in self.values.items():
            same_kind = (MADE_UP.fullmatch(other) or match)["kind"] == match["kind"]
            if other != placeholder and its_value == value and same_kind:
                raise Difference(f"{path}: {placeholder} and {other} are both {value!r}")

    def pattern(self, text: str) -> re.Pattern[str]:
        """The texts that a text with placeholders stands for."""
        parts, at = [], 0
        for match in MADE_UP.finditer(text):
            value_before = self.values.get(match[0])
            parts += [
                re.escape(text[at : match.start()]),
                ".*?" if value_before is None else re.escape(value_before),
            ]
            at = match.end()
        return re.compile("".join(parts) + re.escape(text[at:]), re.DOTALL)


def plain(value: Any) -> Any:
    """A value of the SDK as JSON has it."""
    if hasattr(value, "read"):
        value = value.read()
    if isinstance(value, bytes):
        return value.decode("utf-8", "replace")
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, dict):
        return {name: plain(each) for name, each in value.items()}
    return [plain(each) for each in value] if isinstance(value, list) else value


def compare(recorded: Any, answer: Any, names: Names, path: str = "$") -> None:
    """Raise Difference where the answer lacks what AWS recorded; further fields are no difference."""
    if isinstance(recorded, dict | list) and isinstance(answer, str):
        try:
            answer = json.loads(answer)
        except ValueError:
            raise Difference(f"{path}: AWS {str(recorded)[:200]}, here the text {answer[:200]!r}") from None
    if isinstance(recorded, dict) and isinstance(answer, dict):
        for key, value in recorded.items():
            own = names.values.get(key, key)
            if own not in answer and MADE_UP.fullmatch(key):
                own = next(
                    (name for name in answer if name not in recorded and name not in names.values), key
                )
            if own not in answer:
                raise Difference(f"{path}.{key}: AWS {str(value)[:200]}, here not there")
            if MADE_UP.fullmatch(key):
                names.hold(key, own, path)
            both = (sorted(value), sorted(answer[own])) if key in UNORDERED else (value, answer[own])
            compare(*both, names, f"{path}.{key}")
    elif isinstance(recorded, list) and isinstance(answer, list):
        for at, (value, own) in enumerate(zip(recorded, answer, strict=False)):
            compare(value, own, names, f"{path}[{at}]")
        if len(recorded) != len(answer):
            raise Difference(f"{path}: AWS has {len(recorded)} of them, here {len(answer)}")
    elif isinstance(recorded, str) and MADE_UP.fullmatch(recorded):
        names.hold(recorded, str(answer), path)
    elif isinstance(recorded, str) and isinstance(answer, str) and MADE_UP.search(recorded):
        if not names.pattern(recorded).fullmatch(answer):
            raise Difference(f"{path}: AWS {recorded[:300]!r}, here {answer[:300]!r}")
    elif recorded != answer or isinstance(recorded, bool) != isinstance(answer, bool):
        raise Difference(f"{path}: AWS {str(recorded)[:300]!r}, here {str(answer)[:300]!r}")


def at_path(value: Any, path: list[str | int]) -> Any:
    """The part of a value at a path; parts of JSON in a text count as parts."""
    for step in path:
        if isinstance(value, str):
            value = json.loads(value)
        value = value[int(step) if isinstance(value, list) else step]
    return value


@dataclass
class Sequence:
    """The requests of one sequence, and what they answer here."""

    bench: Bench
    steps: list[dict[str, Any]]
    wait_s: float = WAIT_S
    names: Names = field(default_factory=Names)
    answers: list[Any] = field(default_factory=list)

    @cached_property
    def fixed(self) -> dict[str, str]:
        """The values of this cloud that requests name."""
        return {"${role}": self.bench.role, "${endpoint}": self.bench.cloud.endpoint_url}

    def own(self, value: Any) -> Any:
        """The parameters of a request with the values of this cloud."""
        if isinstance(value, dict) and "$code" in value:
            return packaged(**{name.strip("$"): each for name, each in value.items()})
        if isinstance(value, dict):
            if set(value) == {"$text"}:
                return self.own(value["$text"]).encode()
            return {name: self.own(each) for name, each in value.items()}
        if isinstance(value, list):
            return [self.own(each) for each in value]
        if not isinstance(value, str) or "${" not in value:
            return value
        for name, fixed in self.fixed.items():
            value = value.replace(name, fixed)
        return REFERENCE.sub(
            lambda match: str(at_path(self.answers[int(match[1])], match[2].split("|"))), value
        )

    def ask(self, step: dict[str, Any]) -> Any:
        """The answer to one request, a refusal as well."""
        client = self.bench.session.client(step["service"], config=ONCE)
        try:
            answer = getattr(client, xform_name(step["operation"]))(**self.own(step["input"]))
        except ClientError as error:
            answer = error.response
        except (ParamValidationError, HTTPClientError) as error:
            answer = {"Error": {"Code": type(error).__name__, "Message": str(error)}}
        return plain(answer)

    def is_awaited(self, step: dict[str, Any], answer: Any) -> bool:
        """Whether the answer has the values that the sequence waits for."""
        try:
            return all(at_path(answer, path.split("|")) in values for path, values in step["until"].items())
        except (KeyError, IndexError, TypeError, ValueError):
            return False

    def differences(self) -> Iterator[tuple[str, str]]:
        """The name of each recorded answer, and how the answer here differs from it: empty if it agrees."""
        for step in self.steps:
            end = time.monotonic() + self.wait_s
            answer = self.ask(step)
            while "until" in step and not self.is_awaited(step, answer) and time.monotonic() < end:
                time.sleep(0.05)
                answer = self.ask(step)
            while step.get("polled") and self._first_difference(step, answer) and time.monotonic() < end:
                time.sleep(0.05)
                answer = self.ask(step)
            self.answers.append(answer)
            for name, recorded in step.get("answers", {}).items():
                yield name, self._difference(recorded, answer, self.names)

    def outcome(self) -> dict[str, str]:
        """The differences by the names of the answers; those that were not reached differ."""
        beyond = {name: "not recorded here" for step in self.steps for name in step.get("beyond", [])}
        try:
            return dict(self.differences()) | beyond
        except Exception as error:  # a request that this cloud cannot even be asked
            return {"request": f"{type(error).__name__}: {error}"} | beyond

    def _first_difference(self, step: dict[str, Any], answer: Any) -> str:
        names = Names(dict(self.names.values))
        differences = (self._difference(one, answer, names) for one in step.get("answers", {}).values())
        return next(filter(None, differences), "")

    @staticmethod
    def _difference(recorded: dict[str, Any], answer: Any, names: Names) -> str:
        try:
            compare(recorded["is"], at_path(answer, recorded.get("at", [])), names)
        except Difference as error:
            return str(error)
        except (KeyError, IndexError, TypeError, ValueError) as error:
            return f"AWS {str(recorded['is'])[:200]}, here {str(answer)[:300]} ({type(error).__name__})"
        return ""


def recorded_sequences() -> dict[str, list[dict[str, Any]]]:
    """The steps of each sequence, by its name."""
    sequences: dict[str, list[dict[str, Any]]] = {}
    for path in sorted(FOLDER.glob("*.json.gz")):
        sequences |= json.loads(gzip.decompress(path.read_bytes()))
    return sequences


def agreeing_names() -> list[str]:
    """The names of the sequences that agree in every answer, as listed."""
    return AGREEING.read_text(encoding="utf-8").splitlines()


def replay(sequences: dict[str, list[dict[str, Any]]], at_once: int = 8) -> dict[str, dict[str, str]]:
    """How each answer of each sequence differs on a cloud of its own, empty where it agrees.

    Parameters
    ----------
    sequences : steps by name
    at_once : sequences that run at the same time
    """
    agreeing = set(agreeing_names())

    def sequence(bench: Bench, name: str, steps: list[dict[str, Any]]) -> Sequence:
        return Sequence(bench, steps, WAIT_S if name in agreeing else SHORT_WAIT_S)

    name = f"recorded-{os.getpid()}"
    supervisor.stop(name)
    try:
        bench = Bench(supervisor.start(name))
        with ThreadPoolExecutor(at_once) as pool:
            return dict(pool.map(lambda one: (one[0], sequence(bench, *one).outcome()), sequences.items()))
    finally:
        supervisor.stop(name)


def summary(outcomes: dict[str, dict[str, str]]) -> str:
    """The numbers of a replay in a line."""
    same = sum(not any(outcome.values()) for outcome in outcomes.values())
    answers = [difference for outcome in outcomes.values() for difference in outcome.values()]
    agree = sum(not difference for difference in answers)
    return (
        f"recorded answers of AWS: {agree} of {len(answers)} agree; "
        f"{same} of {len(outcomes)} sequences agree in all of theirs"
    )


def main() -> None:
    """Print what differs, and list the sequences that agree."""
    outcomes = replay(recorded_sequences())
    for name, outcome in sorted(outcomes.items()):
        for answer, difference in outcome.items():
            if difference:
                print(f"{name} {answer}: {difference}")
    names = sorted(name for name, outcome in outcomes.items() if not any(outcome.values()))
    AGREEING.write_text("".join(f"{name}\n" for name in names), encoding="utf-8")
    print(summary(outcomes))


if __name__ == "__main__":
    main()
