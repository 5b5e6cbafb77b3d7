"""What a handler receives in addition to its body: its state, its time, its configuration."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any


class Stop(BaseException):
    """Ends a handler at a checkpoint; an `except Exception` of the handler does not catch it."""


class SliceEnds(Stop):
    """The next slice continues from this state."""

    def __init__(self, state: Any) -> None:
        super().__init__("the slice ends")
        self.state = state


class Cancelled(Stop):
    """The job was cancelled."""


class ClaimLost(Stop):
    """Another worker has claimed the job."""


class Stopped(Stop):
    """The platform ends the container: another one is to start the job again."""


class BadBody(ValueError):
    """The handler does not accept the body: `run` answers 422, and a job fails."""


class Context:
    """The second argument of `handle(body, context)`.

    Attributes
    ----------
    state : what the last slice passed to `checkpoint`, None in the first slice
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
        """Time that is left of this invocation [s]."""
        return self._remaining_s()

    def checkpoint(self, state: Any = None, progress: float | None = None) -> None:
        """Report that a step is done. The handler may be ended here and called again with this state.

        Parameters
        ----------
        state : what the next slice needs, as JSON
        progress : share of the work that is done, 0 to 1
        """
        self.state = state
        self._at_checkpoint(state, progress)
