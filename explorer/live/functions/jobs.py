"""A job's row, and who may write it: claims, leases and final states.

The worker of a job has its token and a lease. Each of its writes requires this token and a running job, so
that a late write changes nothing. An event that comes twice finds its token used.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import notices
import row as rows
import untaken
from row import Refused, Row
from settings import SETTINGS

ID = re.compile(r"[A-Za-z0-9_-]{24,64}")
ENDED = frozenset({"succeeded", "failed", "cancelled"})
IS_MINE = "#token = :my_token AND #status = :running"
# an event of a later hop shows that the one before is done
IS_TURN = "(#token = :event_token AND #hop <= :hop OR #hop < :hop)"
NOT_STORED = "attribute_not_exists(#id)"
COULD_NOT_BEGIN = {
    "type": "ServiceFailed",
    "detail": "a service that the work needs failed; it could not begin",
}


class Busy(Exception):
    """Another worker holds the job; the event is to be sent again later."""


@dataclass(frozen=True)
class Claim:
    """A job that this worker holds."""

    id: str
    token: str
    hop: int
    row: Row


def random_name() -> str:
    """An id that nobody can guess."""
    return secrets.token_hex(16)


# Submitting -----------------------------------------------------------------------------------


def new_row(owner: str, id: str, body: Mapping[str, Any] | None = None) -> Row:
    """The row of a new job; `body` is the location of a body that is not in the event."""
    now = rows.now()
    return {
        "id": id, "owner": owner, "status": "queued", "progress": 0, "attempts": 0, "hop": 0, "waiting": 0,
        "token": random_name(), "lease": 0, "submitted": now, "updated": now, "cancel": False,
        "expires": int(now) + SETTINGS.kept_s, **({"body": body} if body else {}),
    }  # fmt: skip


def key_id(owner: str, key: str) -> str:
    """The id of an Idempotency-Key's row; no job's id has this form."""
    return "key#" + hashlib.sha256(f"{len(owner)}:{owner}{key}".encode()).hexdigest()


def id_of(owner: str, key: str, digest: str) -> str:
    """The id of acknowledged work: the same for the same caller, key and body."""
    return hashlib.sha256(f"{key_id(owner, key)}{digest}".encode()).hexdigest()[:32]


def put(row: Row, key: str | None, digest: str) -> None:
    """Store a new job and its Idempotency-Key. Raises Refused if either exists."""
    writes: list[tuple[Row, str, Mapping[str, Any]]] = [(row, NOT_STORED, {})]
    if key:
        key_row = {
            "id": key_id(row["owner"], key),
            "job": row["id"],
            "body": digest,
            "expires": row["expires"],
        }
        writes.append((key_row, f"{NOT_STORED} OR #expires <= :now OR #job = :job",
                     {"now": rows.now(), "job": row["id"]}))  # fmt: skip
    rows.put_all(*writes)


def renew_token(row: Row) -> Row | None:
    """Give a queued job a new token, so that the holder of the old one cannot remove it.

    Returns its row, None if there is none.
    """
    while row["status"] == "queued":
        try:
            return rows.update(row["id"], {"token": random_name()},
                               "#status = :queued AND #token = :old_token", queued="queued",
                               old_token=row["token"])  # fmt: skip
        except Refused as refused:
            if refused.row is None:
                return None
            row = refused.row
    return row


def withdraw(row: Row, key: str | None) -> None:
    """Remove a job that could not be handed over. Raises Refused if a worker has it after all."""
    unchanged = ("#token = :token AND #status = :queued", {"token": row["token"], "queued": "queued"})
    deletes: list[tuple[str, str, Mapping[str, Any]]] = [(row["id"], *unchanged)]
    if key:
        is_of_job = f"{NOT_STORED} OR #job = :job"
        deletes.append((key_id(row["owner"], key), is_of_job, {"job": row["id"]}))
    rows.delete_all(*deletes)


# Working --------------------------------------------------------------------------------------


def claim(event: Mapping[str, Any]) -> Claim | None:
    """Take the job of an event; None if there is nothing to do. Raises Busy if another worker holds it."""
    id, hop, my_token = str(event["id"]), int(event["hop"]), random_name()
    sets = _claim_fields(my_token, hop, {"attempts": 1, "started": rows.now()} if hop == 0 else {})
    condition = f"{IS_TURN} AND #status IN (:queued, :running) AND #cancel = :no"
    try:
        row = rows.update(id, sets, f"{condition} AND #expires > :now", event_token=event["token"],
                          queued="queued", running="running", no=False, now=rows.now())  # fmt: skip
    except Refused as refused:
        return _claim_already_written(id, my_token, hop, refused.row) or _take_over(id, hop, refused.row)
    return Claim(id, my_token, hop, row)


def _claim_already_written(id: str, my_token: str, hop: int, row: Row | None) -> Claim | None:
    """The claim of a write whose answer was lost: the SDK repeated it and the condition failed."""
    is_mine = row is not None and row["token"] == my_token and row["status"] == "running"
    return Claim(id, my_token, hop, row) if row is not None and is_mine else None


def _claim_fields(token: str, hop: int, more: Mapping[str, Any]) -> Row:
    now = rows.now()
    lease = round(now + SETTINGS.lease_s, 3)
    return {"token": token, "hop": hop, "waiting": hop, "lease": lease, "status": "running", "updated": now,
            **more}  # fmt: skip


def _take_over(id: str, hop: int, row: Row | None) -> Claim | None:
    """Take over a job that an earlier attempt has left. Raises Busy."""
    now = rows.now()
    if row is None or row["status"] in ENDED or row["expires"] <= now or row["hop"] > hop:
        return None
    if row["cancel"]:
        _end_unheld(row, "cancelled")
        return None
    if row.get("handed", 0) > hop:
        return None  # the next hop's event is on its way: this event came twice
    if row["status"] == "running" and row["lease"] >= now:
        raise Busy(f"job {id} is being worked on")
    if _has_used_all_attempts(row):
        _end_unheld(row, "failed", error=_worker_died_error(row))
        return None
    my_token = random_name()
    sets = _claim_fields(
        my_token, hop, {"attempts": row["attempts"] + 1, "started": row.get("started") or now}
    )
    try:
        return Claim(id, my_token, hop, _update_unchanged(row, sets))
    except Refused as refused:
        if claim := _claim_already_written(id, my_token, hop, refused.row):
            return claim
        raise Busy(f"job {id} was taken meanwhile") from None


def _has_used_all_attempts(row: Row) -> bool:
    """Whether the job's worker has died, as its repeated event shows, in its last attempt.

    Where the platform passes a hop's answer on, an event that is repeated after its hop may also be a late
    one, with the next hop's event on its way. Then no worker need have died.
    """
    late = row["waiting"] > row["hop"] and SETTINGS.hand_over not in (None, "event")
    return bool(row["lease"]) and row["attempts"] >= SETTINGS.attempts and not late


def _update_unchanged(row: Row, sets: Row) -> Row:
    fields = {name: f"old_{name}" for name in ("token", "lease", "updated", "status", "cancel", "waiting")}
    unchanged = " AND ".join(f"#{name} = :{value}" for name, value in fields.items())
    return rows.update(row["id"], sets, unchanged, **{value: row[name] for name, value in fields.items()})


def _end_unheld(row: Row, status: str, **more: Any) -> None:
    """End a job that no worker holds. Raises Busy if one has taken it meanwhile."""
    try:
        notices.send(_update_unchanged(row, _final_fields(status, more)))
    except Refused as refused:
        if refused.row is not None and refused.row["status"] not in ENDED:
            raise Busy(f"job {row['id']} was taken meanwhile") from None


def _final_fields(status: str, more: Mapping[str, Any]) -> Row:
    now = rows.now()
    return {"status": status, "ended": now, "updated": now, "lease": 0, **more}


def _no_worker_error(row: Row) -> Row:
    """The error of a job for which no further event comes."""
    if row["status"] == "queued" or row["waiting"] > row["hop"]:
        return {"type": "NotTaken", "detail": "no worker took the job in time"}
    if not row["lease"]:
        detail = f"a service that the work needs failed; it began {_tries(row)}"
        return {"type": "ServiceFailed", "detail": detail}
    return _worker_died_error(row)


def _worker_died_error(row: Row) -> Row:
    return {"type": "WorkerDied", "detail": f"the worker died; it began {_tries(row)}"}


def _tries(row: Row) -> str:
    return "once" if row["attempts"] == 1 else f"{row['attempts']} times"


def renew(claim: Claim, progress: float) -> Row:
    """Renew the lease; the row shows whether the job was cancelled. Raises Refused."""
    now = rows.now()
    sets = {"lease": round(now + SETTINGS.lease_s, 3), "updated": now, "progress": progress}
    return rows.update(claim.id, sets, IS_MINE, my_token=claim.token, running="running")


def await_next_hop(claim: Claim, progress: float) -> Row:
    """Record that the next hop waits for its worker, which may take longer than a lease. Raises Refused."""
    sets = {"waiting": claim.hop + 1, "updated": rows.now(), "progress": progress}
    return rows.update(claim.id, sets, IS_MINE, my_token=claim.token, running="running")


def confirm_hand_on(id: str, token: str, hop: int) -> None:
    """Record that a hop's event is on its way: a repeated event of the hop before does nothing.

    Raises Refused if the hop has begun, which has the same effect.
    """
    rows.update(id, {"handed": hop}, IS_MINE, my_token=token, running="running")


def release(id: str, token: str, hop: int) -> None:
    """Let the next attempt begin at once, without counting this one as a death. Raises Refused."""
    sets = {"lease": 0, "waiting": hop, "updated": rows.now()}
    rows.update(id, sets, IS_MINE, my_token=token, running="running")


def end(claim: Claim, status: str, **more: Any) -> bool:
    """Set a job's final state; False if this worker no longer holds it."""
    try:
        row = rows.update(
            claim.id, _final_fields(status, more), IS_MINE, my_token=claim.token, running="running"
        )
    except Refused:
        return False
    notices.send(row)
    return True


# Reading and cancelling -----------------------------------------------------------------------


def read(id: str, owner: str) -> Row | None:
    """The owner's job, ended if its worker has died; None for another caller's and for an unknown id."""
    row = rows.get(id) if ID.fullmatch(id) else None
    if row is None or row.get("owner") != owner:
        return None
    return _end_if_dead(row)


def _end_if_dead(row: Row) -> Row:
    error = _outcome_error(row)
    if error is None:
        return row
    status, more = ("cancelled", {}) if row["cancel"] else ("failed", {"error": error})
    try:
        ended_row = _update_unchanged(row, _final_fields(status, more))
    except Refused as refused:
        return refused.row or row
    notices.send(ended_row)
    return ended_row


def _outcome_error(row: Row) -> Row | None:
    """The error of a job that can make no more progress; None as long as it can."""
    if row["status"] in ENDED:
        return None
    if rows.now() >= _deadline_s(row):
        return _no_worker_error(row)
    return COULD_NOT_BEGIN if _cannot_be_taken(row) else None


def _cannot_be_taken(row: Row) -> bool:
    """Whether all attempts to take a job that waits for a worker have failed."""
    is_waiting = row["status"] == "queued" or row["waiting"] > row["hop"]
    latest_s = rows.now() - SETTINGS.retry_s
    if not is_waiting or row["updated"] > latest_s:
        return False  # without a call: a job without failures seldom waits so long
    failed_s = untaken.last_s(row["id"], row["waiting"])
    return failed_s is not None and row["updated"] - 1 < failed_s <= latest_s  # S3 rounds to whole seconds


def _deadline_s(row: Row) -> float:
    """When a job can make no more progress [s since the epoch]."""
    if row["status"] == "queued":
        return float(row["submitted"] + SETTINGS.longest_wait_s)
    if row["waiting"] > row["hop"]:
        return float(row["updated"] + (SETTINGS.lease_s if row["cancel"] else SETTINGS.longest_wait_s))
    if not row["lease"]:
        return float(row["updated"] + SETTINGS.retry_s)
    is_last = row["cancel"] or row["attempts"] >= SETTINGS.attempts
    return float(row["lease"] + (0 if is_last else SETTINGS.retry_s))


def cancel(row: Row) -> Row | None:
    """Cancel a queued job at once, a running one at its next step; None if it has ended."""
    while row["status"] not in ENDED:
        is_queued = row["status"] == "queued"
        sets = {"cancel": True, **(_final_fields("cancelled", {}) if is_queued else {})}
        try:
            cancelled_row = rows.update(row["id"], sets, "#status = :old_status", old_status=row["status"])
        except Refused as refused:
            if refused.row is None:
                return None
            row = refused.row
        else:
            if is_queued:
                notices.send(cancelled_row)
            return cancelled_row
    return None


# Connections ----------------------------------------------------------------------------------


def connect(row: Row, connection: str) -> None:
    """Record the WebSocket that waits for a job's end. Raises Refused if the job has ended."""
    sets = {"connection": connection, "connected": rows.now()}
    rows.update(row["id"], sets, "#status IN (:queued, :running)", queued="queued", running="running")


def read_connected(id: str, connection: str) -> Row | None:
    """The job for which this connection waits, ended if its worker has died; None for any other."""
    row = rows.get(id) if ID.fullmatch(id) else None
    if row is None or row.get("connection") != connection:
        return None
    return _end_if_dead(row)
