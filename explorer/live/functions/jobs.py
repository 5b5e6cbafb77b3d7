"""A job's row and who may write what: claims, leases and final states.

Whoever works on a job holds its token and a lease. Every write of a worker wants its own token and
a running job, so that a late one changes nothing; an event that comes twice finds its token used.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import row as rows
import untaken
from row import Refused, Row
from settings import SETTINGS

ID = re.compile(r"[A-Za-z0-9_-]{24,64}")
ENDED = frozenset({"succeeded", "failed", "cancelled"})
MINE = "#token = :mine AND #status = :running"
ITS_TURN = (
    "(#token = :its AND #hop <= :hop OR #hop < :hop)"  # a later hop's event tells that the one before is done
)
FRESH = "attribute_not_exists(#id)"
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
    """An id that nobody guesses."""
    return secrets.token_hex(16)


# Submitting -----------------------------------------------------------------------------------


def new(owner: str, id: str, body: Mapping[str, Any] | None = None) -> Row:
    """The row of a job that was just accepted; `body` is where it lies, if not in the event."""
    at = rows.now()
    return {
        "id": id, "owner": owner, "status": "queued", "progress": 0, "attempts": 0, "hop": 0, "waiting": 0,
        "token": random_name(), "lease": 0, "submitted": at, "updated": at, "cancel": False,
        "expires": int(at) + SETTINGS.kept_s, **({"body": body} if body else {}),
    }  # fmt: skip


def key_id(owner: str, key: str) -> str:
    """The id of the row of an Idempotency-Key; no id of a job has its form."""
    return "key#" + hashlib.sha256(f"{len(owner)}:{owner}{key}".encode()).hexdigest()


def id_of(owner: str, key: str, digest: str) -> str:
    """The id of what is only acknowledged: the same for the same caller, key and body."""
    return hashlib.sha256(f"{key_id(owner, key)}{digest}".encode()).hexdigest()[:32]


def put(row: Row, key: str | None, digest: str) -> None:
    """Store a new job, and its Idempotency-Key with it. Raises Refused if either is there."""
    puts: list[tuple[Row, str, Mapping[str, Any]]] = [(row, FRESH, {})]
    if key:
        key_row = {
            "id": key_id(row["owner"], key),
            "job": row["id"],
            "body": digest,
            "expires": row["expires"],
        }
        puts.append((key_row, f"{FRESH} OR #expires <= :now OR #job = :job",
                     {"now": rows.now(), "job": row["id"]}))  # fmt: skip
    rows.put_all(*puts)


def renew_token(row: Row) -> Row | None:
    """Give a queued job another token: who has the last cannot remove it. Its row, None if there is none."""
    while row["status"] == "queued":
        try:
            return rows.update(row["id"], {"token": random_name()}, "#status = :queued AND #token = :its",
                               queued="queued", its=row["token"])  # fmt: skip
        except Refused as refused:
            if refused.row is None:
                return None
            row = refused.row
    return row


def take_back(row: Row, key: str | None) -> None:
    """Remove a job that could not be handed over. Raises Refused if a worker has it nevertheless."""
    untouched = ("#token = :token AND #status = :queued", {"token": row["token"], "queued": "queued"})
    deletes: list[tuple[str, str, Mapping[str, Any]]] = [(row["id"], *untouched)]
    if key:
        mine = f"{FRESH} OR #job = :job"
        deletes.append((key_id(row["owner"], key), mine, {"job": row["id"]}))
    rows.delete_all(*deletes)


# Working --------------------------------------------------------------------------------------


def claim(event: Mapping[str, Any]) -> Claim | None:
    """Take the job of an event; None if nothing is to be done. Raises Busy if another holds it."""
    id, hop, mine = str(event["id"]), int(event["hop"]), random_name()
    sets = _claim_fields(mine, hop, {"attempts": 1, "started": rows.now()} if hop == 0 else {})
    its = f"{ITS_TURN} AND #status IN (:queued, :running) AND #cancel = :no"
    try:
        row = rows.update(id, sets, f"{its} AND #expires > :now", its=event["token"], queued="queued",
                          running="running", no=False, now=rows.now())  # fmt: skip
    except Refused as refused:
        return _own_write(id, mine, hop, refused.row) or _claim_of(id, hop, refused.row)
    return Claim(id, mine, hop, row)


def _own_write(id: str, mine: str, hop: int, row: Row | None) -> Claim | None:
    """The claim that a write has made whose answer was lost: the SDK sent it again, and found it done."""
    is_mine = row is not None and row["token"] == mine and row["status"] == "running"
    return Claim(id, mine, hop, row) if row is not None and is_mine else None


def _claim_fields(token: str, hop: int, more: Mapping[str, Any]) -> Row:
    at = rows.now()
    lease = round(at + SETTINGS.lease_s, 3)
    return {"token": token, "hop": hop, "waiting": hop, "lease": lease, "status": "running", "updated": at,
            **more}  # fmt: skip


def _claim_of(id: str, hop: int, row: Row | None) -> Claim | None:
    """Take over a job that an earlier attempt has left, if it has."""
    at = rows.now()
    if row is None or row["status"] in ENDED or row["expires"] <= at or row["hop"] > hop:
        return None
    if row["cancel"]:
        _concluded(row, "cancelled")
        return None
    if row.get("handed", 0) > hop:
        return None  # the next hop's event is on its way: this one came twice
    if row["status"] == "running" and row["lease"] >= at:
        raise Busy(f"job {id} is being worked on")
    if _used_up(row):
        _concluded(row, "failed", error=_worker_died(row))
        return None
    mine = random_name()
    sets = _claim_fields(mine, hop, {"attempts": row["attempts"] + 1, "started": row.get("started") or at})
    try:
        return Claim(id, mine, hop, _update_unchanged(row, sets))
    except Refused as refused:
        if claim := _own_write(id, mine, hop, refused.row):
            return claim
        raise Busy(f"job {id} was taken meanwhile") from None


def _used_up(row: Row) -> bool:
    """Whether the death of the worker that a job's event tells of by coming again was the last it may have.

    Where the platform passes on what a hop has answered, an event that comes again once the hop is done
    may also be a late one, with the next hop's on its way. Then nobody need have died.
    """
    late = row["waiting"] > row["hop"] and SETTINGS.hand_over not in (None, "event")
    return bool(row["lease"]) and row["attempts"] >= SETTINGS.attempts and not late


def _update_unchanged(row: Row, sets: Row) -> Row:
    fields = {"token": "its", "lease": "was", "updated": "then", "status": "state", "cancel": "so",
              "waiting": "for"}  # fmt: skip
    unchanged = " AND ".join(f"#{name} = :{value}" for name, value in fields.items())
    return rows.update(row["id"], sets, unchanged, **{value: row[name] for name, value in fields.items()})


def _concluded(row: Row, status: str, **more: Any) -> None:
    """End a job that no worker holds. Raises Busy if one has taken it meanwhile."""
    try:
        _update_unchanged(row, _end(status, more))
    except Refused as refused:
        if refused.row is not None and refused.row["status"] not in ENDED:
            raise Busy(f"job {row['id']} was taken meanwhile") from None


def _end(status: str, more: Mapping[str, Any]) -> Row:
    at = rows.now()
    return {"status": status, "ended": at, "updated": at, "lease": 0, **more}


def _abandoned(row: Row) -> Row:
    """Why nobody works any more on a job of which no event comes."""
    if row["status"] == "queued" or row["waiting"] > row["hop"]:
        return {"type": "NotTaken", "detail": "no worker took the job in time"}
    if not row["lease"]:
        detail = f"a service that the work needs failed; it began {_tries(row)}"
        return {"type": "ServiceFailed", "detail": detail}
    return _worker_died(row)


def _worker_died(row: Row) -> Row:
    return {"type": "WorkerDied", "detail": f"the worker died; it began {_tries(row)}"}


def _tries(row: Row) -> str:
    return "once" if row["attempts"] == 1 else f"{row['attempts']} times"


def renew(claim: Claim, progress: float) -> Row:
    """Hold the job for another lease; the row says whether it was cancelled. Raises Refused."""
    at = rows.now()
    sets = {"lease": round(at + SETTINGS.lease_s, 3), "updated": at, "progress": progress}
    return rows.update(claim.id, sets, MINE, mine=claim.token, running="running")


def await_next_hop(claim: Claim, progress: float) -> Row:
    """Note that the next hop waits for its worker, which may take longer than a lease. Raises Refused."""
    sets = {"waiting": claim.hop + 1, "updated": rows.now(), "progress": progress}
    return rows.update(claim.id, sets, MINE, mine=claim.token, running="running")


def confirm_hand_on(id: str, token: str, hop: int) -> None:
    """Note that the event of a hop is on its way: one of the hop before that comes again does nothing.

    Raises Refused if the hop has begun, which says the same.
    """
    rows.update(id, {"handed": hop}, MINE, mine=token, running="running")


def release(id: str, token: str, hop: int) -> None:
    """Let the next attempt begin at once, and not count this one as a death. Raises Refused."""
    sets = {"lease": 0, "waiting": hop, "updated": rows.now()}
    rows.update(id, sets, MINE, mine=token, running="running")


def end(claim: Claim, status: str, **more: Any) -> bool:
    """Bring a job to its final state; False if it is no longer this worker's."""
    try:
        rows.update(claim.id, _end(status, more), MINE, mine=claim.token, running="running")
    except Refused:
        return False
    return True


# Reading and cancelling -----------------------------------------------------------------------


def read(id: str, owner: str) -> Row | None:
    """The owner's job, its worker's death concluded; None for anyone else's and for what never was."""
    row = rows.get(id) if ID.fullmatch(id) else None
    if row is None or row.get("owner") != owner:
        return None
    return _with_deaths(row)


def _with_deaths(row: Row) -> Row:
    error = _became(row)
    if error is None:
        return row
    status, more = ("cancelled", {}) if row["cancel"] else ("failed", {"error": error})
    try:
        return _update_unchanged(row, _end(status, more))
    except Refused as refused:
        return refused.row or row


def _became(row: Row) -> Row | None:
    """What became of a job of which nothing can come any more; None while something can."""
    if row["status"] in ENDED:
        return None
    if rows.now() >= _given_up_at(row):
        return _abandoned(row)
    return COULD_NOT_BEGIN if _not_to_be_taken(row) else None


def _not_to_be_taken(row: Row) -> bool:
    """Whether the tries to take a job that waits for a worker have failed, and are over."""
    waits = row["status"] == "queued" or row["waiting"] > row["hop"]
    over_at = rows.now() - SETTINGS.retry_s
    if not waits or row["updated"] > over_at:
        return False  # without asking: a job that goes well seldom waits so long
    failed_s = untaken.last_s(row["id"], row["waiting"])
    return failed_s is not None and row["updated"] - 1 < failed_s <= over_at  # S3 gives whole seconds


def _given_up_at(row: Row) -> float:
    """When nothing can come of a job any more [s since the epoch]."""
    if row["status"] == "queued":
        return float(row["submitted"] + SETTINGS.longest_wait_s)
    if row["waiting"] > row["hop"]:
        return float(row["updated"] + (SETTINGS.lease_s if row["cancel"] else SETTINGS.longest_wait_s))
    if not row["lease"]:
        return float(row["updated"] + SETTINGS.retry_s)
    used_up = row["cancel"] or row["attempts"] >= SETTINGS.attempts
    return float(row["lease"] + (0 if used_up else SETTINGS.retry_s))


def cancel(row: Row) -> Row | None:
    """Cancel a queued job at once, a running one at its next step; None if it has ended."""
    while row["status"] not in ENDED:
        queued = row["status"] == "queued"
        sets = {"cancel": True, **(_end("cancelled", {}) if queued else {})}
        try:
            return rows.update(row["id"], sets, "#status = :was", was=row["status"])
        except Refused as refused:
            if refused.row is None:
                return None
            row = refused.row
    return None
