"""POST /jobs and DELETE /jobs/{id}."""

from __future__ import annotations

import hashlib
import json
import re
from contextlib import suppress

import body_check
import handing
import jobs
import log
import results
import row as rows
import sockets
import status
import uploads
from clients import error_code, platform_errors
from problems import Answer, Problem, json_answer, no_such_job
from request import Request
from row import Refused, Row
from settings import SETTINGS

KEY = re.compile(r"[!-~]{1,255}")
NOTHING = "nothing"  # a value of `SETTINGS.response`: no row, no result
RETRY_AFTER_S, NOT_HANDED_OVER = "5", "the job could not be handed over"


def create(request: Request, owner: str) -> Answer:
    """Accept a job, store it and hand it over."""
    key = _key(request)
    raw, upload = body_of(request, owner)
    if upload:
        body_check.check_upload(upload)
    else:
        body_check.check_body(request.json())
    digest = hashlib.sha256(json.dumps(upload).encode() if upload else raw).hexdigest()
    if SETTINGS.response == NOTHING:
        return _accept_without_row(jobs.id_of(owner, key, digest) if key else jobs.random_name(), raw, upload)
    earlier = _earlier_job(owner, key, digest)
    row, new = (earlier, False) if earlier else _store_job(owner, key, digest, raw, upload)
    if row["status"] == "queued":
        row = row if new else _renew_token(row)
        _hand_over(row, key, raw, new)
    log.note(job=row["id"])
    headers = {"Location": f"/jobs/{row['id']}", "Retry_After": str(status.retry_after_s(row))}
    body = {"id": row["id"], "status": row["status"], **sockets.address_of(row["id"])}
    return json_answer(202, body, **headers)


def _accept_without_row(id: str, raw: bytes, upload: results.Place | None) -> Answer:
    """Hand the work over and store nothing: the same key and body give one id, but the work may run twice."""
    body = upload or (None if handing.fits_in_event(raw) else results.put_body(id, raw))
    row = {"id": id, "token": "", **({"body": body} if body else {})}
    try:
        with log.timer("hand_s"):
            handing.hand_over(id, handing.event(row, raw))
    except platform_errors() as error:
        log.note(failed=log.where(error), code=error_code(error))
        raise Problem(503, NOT_HANDED_OVER, Retry_After=RETRY_AFTER_S) from None
    log.note(job=id)
    return json_answer(202, {"id": id})


def cancel(request: Request, owner: str, id: str) -> Answer:
    """Cancel a job."""
    if SETTINGS.response == NOTHING:
        raise Problem(404, "there is nothing at this path")
    row = jobs.read(id, owner)
    if row is None:
        raise no_such_job()
    log.note(job=id)
    cancelled = jobs.cancel(row)
    if cancelled is None:
        raise Problem(409, "the job has ended")
    return json_answer(202, {"id": id, "status": cancelled["status"]})


def body_of(request: Request, owner: str) -> tuple[bytes, results.Place | None]:
    """The JSON text of a request, or the location of its upload. Raises Problem."""
    if "upload" in request.query:
        if request.body:
            raise Problem(400, "a request with an upload has no body")
        return b"", uploads.find(request.query["upload"], owner)
    request.json()
    return request.body, None


def _key(request: Request) -> str | None:
    key = request.headers.get("idempotency-key")
    if key is not None and not KEY.fullmatch(key):
        raise Problem(400, "Idempotency-Key is not 1 to 255 visible ASCII characters")
    return key


def _earlier_job(owner: str, key: str | None, digest: str) -> Row | None:
    """The job that this key has made before."""
    key_row = rows.get(jobs.key_id(owner, key)) if key else None
    if key_row is None:
        return None
    if key_row["body"] != digest:
        raise Problem(422, "this Idempotency-Key came with another body before")
    return rows.get(key_row["job"])


def _store_job(
    owner: str, key: str | None, digest: str, raw: bytes, upload: results.Place | None
) -> tuple[Row, bool]:
    """The row of the job, and whether it is new."""
    id = jobs.random_name()
    body = upload or (None if handing.fits_in_event(raw) else results.put_body(id, raw))
    row = jobs.new_row(owner, id, body)
    try:
        jobs.put(row, key, digest)
    except Refused:  # the same key, at the same time
        earlier = _earlier_job(owner, key, digest)
        if earlier is None:
            raise Problem(409, "the same Idempotency-Key is being used; try again", Retry_After="1") from None
        return earlier, False
    return row, True


def _renew_token(row: Row) -> Row:
    """An earlier job with a new token: another request can no longer remove it."""
    renewed_row = jobs.renew_token(row)
    if renewed_row is None:
        raise Problem(503, NOT_HANDED_OVER, Retry_After=RETRY_AFTER_S)
    return renewed_row


def _hand_over(row: Row, key: str | None, raw: bytes, new: bool) -> None:
    """Hand the job to the work; a new job that cannot be handed over is removed."""
    if row["status"] != "queued":
        return
    try:
        with log.timer("hand_s"):
            handing.hand_over(row["id"], handing.event(row, raw))
    except platform_errors() as error:
        log.note(failed=log.where(error), code=error_code(error))
        if not (new and _is_taken_anyway(row, key)):
            raise Problem(503, NOT_HANDED_OVER, Retry_After=RETRY_AFTER_S) from None


def _is_taken_anyway(row: Row, key: str | None) -> bool:
    """Remove the job; True if a worker has it after all."""
    with suppress(*platform_errors()):
        try:
            jobs.withdraw(row, key)
        except Refused:
            now = rows.get(row["id"])
            return now is not None and now["status"] != "queued"
    return False
