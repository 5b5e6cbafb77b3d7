"""What these commands ask and tell, beside their answers: on standard error, where a person looks."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from ..console import NO
from ..errors import ExplorerError

if TYPE_CHECKING:
    from explorer.live.deployment.interrupts import Told
    from explorer.live.deployment.target import Target


def warned(place: Target) -> None:
    """Say where the calls go, if the environment or the profile sends them elsewhere than to AWS."""
    address = getattr(place, "elsewhere", None)
    if address:
        print(f"--target aws goes to {address}, as AWS_ENDPOINT_URL or the profile says", file=sys.stderr)


def must_be_asked(yes: bool, as_json: bool, why: str) -> None:
    """Refuse where nobody can be asked."""
    if not yes and (as_json or not someone_answers()):
        raise ExplorerError(f"{why}: expected --yes to go on without asking")


def someone_answers() -> bool:
    return sys.stdin.isatty()


def ask(question: str) -> None:
    """Wait for a yes; anything else ends the command."""
    try:
        agreed = typer.confirm(question, err=True)
    except typer.Abort:  # Ctrl-C, or nothing more to read
        agreed = False
    if not agreed:
        print("Nothing was changed", file=sys.stderr)
        raise typer.Exit(NO)


def interruptible(context: typer.Context) -> None:
    """Let SIGTERM and SIGHUP interrupt the command as Ctrl-C does: what was begun is undone or told of."""
    from explorer.live.deployment.interrupts import as_ctrl_c

    context.find_root().call_on_close(as_ctrl_c())


@contextmanager
def says_what_became(remedy: str) -> Iterator[None]:
    """Say after an interruption what became of a stack; if nothing is known, what removes it.

    Once that is said, or it is done or has failed, nothing ends the command before its answer is told.
    """
    from explorer.live.deployment.interrupts import too_late

    try:
        yield
    except KeyboardInterrupt as error:
        became = getattr(error, "__notes__", [f"What is left of it goes by: {remedy}"])
        print(f"Interrupted. {became[-1]}", file=sys.stderr)
        raise
    finally:
        too_late()


@contextmanager
def watched(doing: str) -> Iterator[Told]:
    """Show on standard error what is being done, where a person looks."""
    if not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console

    with Console(stderr=True).status(f"{doing} ...") as status:
        yield lambda step: status.update(f"{doing}: {step} ...")
