"""One slice of a job: the core of all forms of execution. They differ in how the next one comes about."""

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
from beat import Beat
from clients import code, platform_errors
from context import Cancelled, Context, Lost, SliceEnds, Stopped
from problems import type_and_detail
from row import Refused
from settings import SETTINGS

Event = Mapping[str, Any]  # id, token, hop; body or body_at; state or state_key


def handler() -> Callable[[Any, Context], Any]:
    """The function that does the work: the sample, or the user's own."""
    module, _, name = SETTINGS.handler.partition(":")
    return getattr(import_module(module), name)


def remaining(lambda_context: Any) -> Callable[[], float]:
    """How many seconds the invocation still has."""
    return lambda: lambda_context.get_remaining_time_in_millis() / 1000


def advance(
    event: Event, remaining_s: Callable[[], float], also: Callable[[], None] = lambda: None
) -> dict[str, Any] | None:
    """Do the job's next slice; what the one after it needs, None if the job has ended.

    Raises Busy if another worker holds the job, and what the SDK raises when AWS fails: then the
    event is to be sent again.
    """
    log.note(job=event["id"], hop=event["hop"])
    claim = _claimed(event)
    if claim is None:
        log.note(did="nothing")
        return None
    with Beat(claim, remaining_s, also) as beat:
        try:
            return _slice(event, claim, beat, remaining_s)
        except Stopped:
            log.note(did="stopped")
            with suppress(Refused, *platform_errors()):
                jobs.release(claim.id, claim.token, claim.hop)
            raise
        except platform_errors() as error:
            log.note(failed=log.where(error), code=code(error))
            with suppress(Refused, *platform_errors()):
                jobs.release(claim.id, claim.token, claim.hop)
            raise


def _claimed(event: Event) -> jobs.Claim | None:
    with log.timed("claim_s"):
        try:
            return jobs.claim(event)
        except platform_errors() as error:
            log.note(failed=log.where(error), code=code(error))
            untaken.note(event["id"], event["hop"])
            raise


def _slice(
    event: Event, claim: jobs.Claim, beat: Beat, remaining_s: Callable[[], float]
) -> dict[str, Any] | None:
    try:
        with log.timed("slice_s"):
            result = _handler_result(event, beat, remaining_s)
    except SliceEnds as ended:
        return _next(event, claim, beat, ended.state)
    except Cancelled:
        _end(claim, "cancelled")
    except Lost:
        log.note(did="lost")
    except UserError as error:
        _fail(claim, *type_and_detail(error.__cause__ or error))
    except (results.Unreadable, configuration.Missing) as error:
        _fail(claim, *type_and_detail(error))
    else:
        result = results.compressed(result)
        with log.timed("store_s"):
            stored = results.store(claim, result)
        _end(claim, "succeeded", result=stored, progress=1)
    return None


class UserError(Exception):
    """The handler raised, or answered what cannot be an answer; the cause is its own exception."""


def _handler_result(event: Event, beat: Beat, remaining_s: Callable[[], float]) -> results.Result:
    """Run the handler from the state that the event carries; only what it raises itself is a UserError."""
    body, state = results.body_of(event, beat.claim), results.state_of(event)
    at_checkpoint = checkpoints(remaining_s, beat.check)
    context = Context(configuration.entries(), remaining_s, state, at_checkpoint)
    try:
        if event["hop"] == 0 and event.get("body_at", {}).get("bucket") == "UPLOADS" and SETTINGS.check:
            body_check.function()(body)  # it may have been too large to be checked when it was accepted
        return results.Result.of(handler()(body, context))
    except (Exception, SystemExit) as error:
        raise UserError from error


def checkpoints(
    remaining_s: Callable[[], float], check: Callable[[float | None], None] = lambda progress: None
) -> Callable[[Any, float | None], None]:
    """What a checkpoint does: look for cancellation, and end the slice when it has had its share."""
    count = 0

    def at_checkpoint(state: Any, progress: float | None) -> None:
        nonlocal count
        count += 1
        check(progress)
        is_over = count == SETTINGS.slice_steps or remaining_s() < SETTINGS.slice_margin_s
        if SETTINGS.hops > 1 and is_over:
            raise SliceEnds(state)

    return at_checkpoint


def _next(event: Event, claim: jobs.Claim, beat: Beat, state: Any) -> dict[str, Any] | None:
    """What the next hop is given: its own token is the one with which this hop held the job."""
    if claim.hop + 1 >= SETTINGS.hops:
        _fail(claim, "OutOfHops", f"the work was not done after {SETTINGS.hops} invocations")
        return None
    try:
        payload = results.hop_payload(claim, event, state)
    except (TypeError, ValueError, RecursionError) as error:
        _fail(claim, *type_and_detail(error))  # the state is not JSON
        return None
    try:
        cancelled = jobs.await_next_hop(claim, beat.progress)["cancel"]
    except Refused:
        log.note(did="lost")
        return None
    if cancelled:
        _end(claim, "cancelled")
        return None
    log.note(did="handed on")
    return {"id": claim.id, "token": claim.token, "hop": claim.hop + 1, **payload}


def _fail(claim: jobs.Claim, kind: str, detail: str) -> None:
    _end(claim, "failed", error={"type": kind, "detail": detail})


def _end(claim: jobs.Claim, status: str, **more: Any) -> None:
    log.note(did=status if jobs.end(claim, status, **more) else "lost")
