"""One slice of a job: the core of all execution options, which differ in how the next slice starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

import body_check
import configuration
import jobs
import log
import results
import untaken
from beat import Heartbeat
from clients import error_code, platform_errors
from context import Cancelled, ClaimLost, Context, SliceEnds, Stopped
from problems import type_and_detail
from row import Refused
from settings import SETTINGS

Event = Mapping[str, Any]  # id, token, hop; body or body_at; state or state_key


def work_function() -> Callable[[Any, Context], Any]:
    """The function that does the work: the sample, or the user's own."""
    module, _, name = SETTINGS.handler.partition(":")
    return getattr(import_module(module), name)


def remaining_time(lambda_context: Any) -> Callable[[], float]:
    """A function that returns the time that the invocation has left [s]."""
    return lambda: lambda_context.get_remaining_time_in_millis() / 1000


def advance(
    event: Event, remaining_s: Callable[[], float], renew_also: Callable[[], None] = lambda: None
) -> dict[str, Any] | None:
    """Do the job's next slice.

    Returns the event of the slice after it, None if the job has ended. Raises Busy if another worker holds
    the job, and what the SDK raises if AWS fails: then the event is to be sent again.
    """
    log.note(job=event["id"], hop=event["hop"])
    claim = _claim_job(event)
    if claim is None:
        log.note(did="nothing")
        return None
    with Heartbeat(claim, remaining_s, renew_also) as beat:
        try:
            return _slice(event, claim, beat, remaining_s)
        except Stopped:
            log.note(did="stopped")
            with suppress(Refused, *platform_errors()):
                jobs.release(claim.id, claim.token, claim.hop)
            raise
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))
            with suppress(Refused, *platform_errors()):
                jobs.release(claim.id, claim.token, claim.hop)
            raise


def _claim_job(event: Event) -> jobs.Claim | None:
    with log.timer("claim_s"):
        try:
            return jobs.claim(event)
        except platform_errors() as error:
            log.note(failed=log.where(error), code=error_code(error))
            untaken.note(event["id"], event["hop"])
            raise


def _slice(
    event: Event, claim: jobs.Claim, beat: Heartbeat, remaining_s: Callable[[], float]
) -> dict[str, Any] | None:
    try:
        with log.timer("slice_s"):
            result = _handler_result(event, beat, remaining_s)
    except SliceEnds as end:
        return _next_event(event, claim, beat, end.state)
    except Cancelled:
        _end(claim, "cancelled")
    except ClaimLost:
        log.note(did="lost")
    except UserError as error:
        _fail(claim, *type_and_detail(error.__cause__ or error))
    except (results.Unreadable, configuration.Missing) as error:
        _fail(claim, *type_and_detail(error))
    else:
        result = results.compress(result)
        with log.timer("store_s"):
            location = results.store(claim, result)
        _end(claim, "succeeded", result=location, progress=1)
    return None


class UserError(Exception):
    """The handler raised, or its answer is not valid; the cause is its exception."""


def _handler_result(event: Event, beat: Heartbeat, remaining_s: Callable[[], float]) -> results.Result:
    """Run the handler from the event's state; only its own exceptions become a UserError."""
    body, state = results.body_of(event, beat.claim), results.state_of(event)
    at_checkpoint = checkpoint_hook(remaining_s, beat.check)
    context = Context(configuration.entries(), remaining_s, state, at_checkpoint)
    try:
        if event["hop"] == 0 and event.get("body_at", {}).get("bucket") == "UPLOADS" and SETTINGS.check:
            body_check.check_function()(body)  # it may have been too large for a check when it was accepted
        return results.Result.of(work_function()(body, context))
    except (Exception, SystemExit) as error:
        raise UserError from error


def checkpoint_hook(
    remaining_s: Callable[[], float], check: Callable[[float | None], None] = lambda progress: None
) -> Callable[[Any, float | None], None]:
    """A function for checkpoints: it detects cancellation, and ends the slice when its share is used."""
    count = 0

    def at_checkpoint(state: Any, progress: float | None) -> None:
        nonlocal count
        count += 1
        check(progress)
        is_over = count == SETTINGS.slice_steps or remaining_s() < SETTINGS.slice_margin_s
        if SETTINGS.hops > 1 and is_over:
            raise SliceEnds(state)

    return at_checkpoint


def _next_event(event: Event, claim: jobs.Claim, beat: Heartbeat, state: Any) -> dict[str, Any] | None:
    """The event of the next hop; its token is the one of this hop's claim."""
    if claim.hop + 1 >= SETTINGS.hops:
        _fail(claim, "OutOfHops", f"the work was not done after {SETTINGS.hops} invocations")
        return None
    try:
        payload = results.hop_payload(claim, event, state)
    except (TypeError, ValueError, RecursionError) as error:
        _fail(claim, *type_and_detail(error))  # the state is not JSON
        return None
    try:
        is_cancelled = jobs.await_next_hop(claim, beat.progress)["cancel"]
    except Refused:
        log.note(did="lost")
        return None
    if is_cancelled:
        _end(claim, "cancelled")
        return None
    log.note(did="handed on")
    return {"id": claim.id, "token": claim.token, "hop": claim.hop + 1, **payload}


def _fail(claim: jobs.Claim, kind: str, detail: str) -> None:
    _end(claim, "failed", error={"type": kind, "detail": detail})


def _end(claim: jobs.Claim, status: str, **more: Any) -> None:
    log.note(did=status if jobs.end(claim, status, **more) else "lost")
