"""What a handler sees beside its body: its state, its time, its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Stop(BaseException):
    """Unwinds a handler at a checkpoint; no `except Exception` of its own holds it."""


class SliceEnds(Stop):
    """The next slice goes on from this state."""

    def __init__(self, state: Any) -> None:
        super().__init__("the slice ends")
        self.state = state


class Cancelled(Stop):
    """The job was cancelled."""


class Lost(Stop):
    """Another worker holds the job by now."""


class Stopped(Stop):
    """The platform ends the container: another is to begin the job again."""


class BadBody(ValueError):
    """The body is not what the handler takes; `run` answers 422 and a job fails."""


class Context:
    """The second argument of `handle(body, context)`.

    Attributes
    ----------
    state : what the last slice gave to `checkpoint`, None in the first
    configuration : entries of the configuration by name
    """

    def __init__(
        self,
        configuration: Mapping[str, str],
        remaining_s: Callable[[], float],
        state: Any = None,
        at_checkpoint: Callable[[Any, float | None], None] = lambda state, progress: None,
    ) -> None:
        self.configuration, self.state = configuration, state
        self._remaining_s, self._at_checkpoint = remaining_s, at_checkpoint

    @property
    def remaining_s(self) -> float:
        """Seconds that are left of this invocation."""
        return self._remaining_s()

    def checkpoint(self, state: Any = None, progress: float | None = None) -> None:
        """Say that a step is done. The handler may end here and be called again with this state.

        Parameters
        ----------
        state : that the next slice needs, as JSON
        progress : share of the work that is done, 0 to 1
        """
        self.state = state
        self._at_checkpoint(state, progress)
