"""Long work cut into invocations, with its state between them: what its executions share."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

import numpy as np

from explorer.facts.units import Number

from .option import Linear, Lines, Load, Over, Piece, Slices, Step, Use
from .pieces import Allow, Setting, objects
from .work import LambdaExecution, backlog

MOST = 32  # slices that are counted one by one


class Sliced(LambdaExecution):
    """Long work cut into invocations, with its state between them."""

    state_limit: ClassVar[str] = ""  # what is larger goes through S3

    def budget_s(self, load: Load) -> float:
        """How much work one invocation takes on: its time-out less a margin [s]."""
        return load.limit("lambda.timeout") - load.constant("hop.margin_s")

    def divides(self, load: Load) -> bool:
        """Whether the work may go on in another invocation."""
        return load.workload.runtime.divisible and load.flow.asynchronous

    def slices(self, load: Load) -> Number:
        if not self.divides(load):
            return 1.0
        return load.memo("slices", lambda: self._slices(load))

    def _slices(self, load: Load) -> Number:
        """The mean as the sum over k of P(more than k slices), and beyond `MOST` as an integral."""
        measure = self.per_slice(1.0, 0.0, load)
        total: Number = 1.0
        for k in range(1, MOST):
            total = total + load.runtime.exceed(measure.room(k))
        rest = np.minimum(measure.room(MOST), 1e300)
        return total + load.runtime.exceed(rest) / 2 + load.runtime.excess(rest) / self.budget_s(load)

    def limits(self, load: Load) -> Iterable[Use]:
        if self.divides(load):  # a step is not cut: it has to fit into one invocation
            yield Over("lambda.timeout", "runtime", Linear(1 / load.steps))
        else:
            yield load.time_limit("lambda.timeout")
        yield from super().limits(load)

    def per_slice(self, each: float, offset: float, load: Load) -> Slices:
        """A use that grows with each invocation that the work takes."""
        return Slices(self.budget_s(load), load.steps, each, offset)

    def state_moves(self, load: Load) -> Lines:
        """The lines for keeping the state in S3 between invocations, where it is too large to hand over."""
        moved = np.where(
            load.state_bytes > load.limit(self.state_limit),
            load.requests * (self.slices(load) - 1),
            0.0,
        )
        yield "s3.standard_tier1_request", moved
        yield "s3.standard_tier2_request", moved

    def _handover(self, load: Load) -> str:
        return "async.to_lambda"

    def _arrival(self, load: Load) -> Iterable[Step]:
        if not load.flow.asynchronous:
            return
        hops = 1.0
        if self.divides(load):
            hops = self.per_slice(1.0, 0.0, load).size(load.at_levels("runtime"))
        seconds = hops * load.time(self._handover(load))
        yield Step("queue", "hand the job over", ("front", "worker"), seconds)
        yield from backlog(load, self.age_limit)

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield from super().pieces(load)
        yield Setting("slice_margin_s", load.constant("hop.margin_s"))
        yield Setting("state_bytes", int(load.limit(self.state_limit)))
        yield Setting("hops", int(load.constant("job.hops")) if self.divides(load) else 1)
        yield Allow("work", ("s3:GetObject", "s3:PutObject"), objects("ResultsBucket", "state/"))
