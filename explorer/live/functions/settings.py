"""The settings of the stack from settings.json, the same for all its functions."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

MINUTE_S, HOUR_S, DAY_S = 60, 3600, 86400


@dataclass(frozen=True)
class Settings:
    """Sizes in bytes and times in seconds, with defaults for what settings.json leaves out."""

    response: str = "job"  # whole, page, job, or nothing: acknowledged only
    open_to_all: bool = False  # whether unsigned callers are served: a distribution in front signs for them
    gzip: bool = False  # whether the result is compressed, in every form of answer
    binary: bool = False  # whether the sample work answers bytes rather than text
    compression: float = 1.0  # share of the sample's answer that gzip leaves
    json_escape: float = 1.08  # growth of the sample's text inside JSON, as the prediction assumes
    page_bytes: int = 1_000_000
    kept_s: int = DAY_S  # results, rows and idempotency keys
    upload_kept_s: int = HOUR_S
    upload_bytes: int = 5 * 1024**3  # the largest single PUT
    hand_over: str | None = None  # event, queue, durable, machine, task, or fleet: tasks that share the work
    hand_bytes: int = 256_000  # the largest event; a body that makes it larger goes through S3
    state_bytes: int = 256_000  # the largest state, with its overhead
    lease_s: float = 30  # of a worker on its job, renewed each third of it
    retry_s: float = 5 * MINUTE_S  # after a lease's end, all retries of the platform are over
    wait_s: float | None = None  # the longest time that a job may wait for a worker after it is handed over
    attempts: int = 2
    poll_first_s: float = 1
    poll_growth: float = 0.1
    slice_margin_s: float = 60  # a slice ends when less time is left of the invocation
    slice_steps: int | None = None  # or after this number of checkpoints
    at_once: int = 1  # work that one container does at a time
    idle_s: float = 60  # the load balancer's idle time-out
    capacity: str = "FARGATE"  # or FARGATE_SPOT, for a task of one job
    hops: int = 1  # invocations that one job may take; 1: it is not divided
    handler: str = "sample:handle"
    check: str = ""  # called with a body before it is accepted; empty: no check
    sleeps: bool = True  # whether the sample work sleeps
    store: str = "environment"  # bundled, ssm, secretsmanager or appconfig
    refresh_s: float = 5 * MINUTE_S
    plain: str = "environment"  # where entries that are not secret are: there, or in the store
    packs: tuple[str, ...] = ()  # secrets that hold many entries each, as JSON
    entries: tuple[str, ...] = ()

    @property
    def longest_wait_s(self) -> float:
        """The time after which a job that was handed over will never start [s]."""
        kept_s = 4 * DAY_S if self.hand_over == "queue" else 6 * HOUR_S  # a message; an asynchronous event
        return kept_s + 5 * MINUTE_S if self.wait_s is None else self.wait_s


def _read() -> Settings:
    path = Path(__file__).with_name("settings.json")
    literals: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    names = {field.name for field in fields(Settings)}
    return Settings(**{name: value for name, value in literals.items() if name in names})


SETTINGS = _read()


def variable(name: str) -> str:
    """An environment variable from the template."""
    return os.environ[name]


PARTS = frozenset({"submit", "status", "uploads", "work"})


def served_parts() -> frozenset[str]:
    """The parts of the endpoint that this function answers for: those in SERVES, or the one in its name."""
    name = os.environ.get("AWS_LAMBDA_FUNCTION_NAME", "").rpartition("-")[2]
    parts = os.environ.get("SERVES") or name
    return frozenset(parts.split(",")) & PARTS or PARTS
