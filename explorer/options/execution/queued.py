"""Jobs in a queue in front of the function."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

from explorer.facts.units import Number
from explorer.options.base.conditions import Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import Backlogged, FixedUse, LimitUse
from explorer.options.base.mask import EVERYWHERE, Mask
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import FUNCTION, Actor, HandOver, Phase, RequestPath, Step
from explorer.options.base.resources import (
    Allow,
    Resource,
    TemplatePiece,
    Variable,
    attribute,
    queue,
    ref,
    work_target,
    work_timeout_s,
)
from explorer.options.base.usage import UsageLines

from .base import LambdaExecution, backlog, dead_letters, started_chunks

LEAST_AT_ONCE = 2  # smallest maximum concurrency of a mapping; 1 needs reserved concurrency


class Queued(LambdaExecution):
    id = "queued"
    deployable = True
    acknowledges = True
    hand_over = HandOver.QUEUE
    jobs_only = True
    summary = "an SQS queue between submit and worker"
    phrase = "a queue before the worker"
    parts = (
        DesignPart("queue", Actor.HANDS, "queue"),
        DesignPart("dead-letter queue", Actor.HANDS, "queue"),
    )
    provides = {"compute": FUNCTION}
    hand_over_limit = "sqs.message"
    repeats = "a queue may deliver a message twice"
    age_limit = "sqs.retention"

    def holds_back(self, path: Paths) -> Mask:
        """All paths: by the mapping's maximum concurrency, or by reserved concurrency if that is too high."""
        return EVERYWHERE

    def most_at_once(self, load: Conditions, path: Paths) -> Number:
        """The maximum concurrency of the mapping, if the downstream system has a limit."""
        if load.workload.downstream.concurrency is None:
            return np.inf
        return np.minimum(load.downstream_concurrency, load.limit("lambda.esm.sqs.max_concurrency"))

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield load.time_limit("lambda.timeout", path)
        yield from super().limits(load, path)
        mean, peak = load.mean_rps * load.runtime.mean, load.peak_rps * load.runtime.mean
        most, ready = self.most_at_once(load, path), np.asarray(self.pollers(load)) > 0
        need = np.minimum(load.concurrency_needed(load.limit(self.age_limit)), most)
        at_peak = np.minimum(peak, most)
        # a limit binds a path at all points or at none: where the other mode applies, its use is 0
        need, mean, standard = (np.where(ready, 0.0, each) for each in (need, mean, at_peak))
        yield Backlogged("lambda.esm.sqs.concurrency", need, ~ready.all(), mean, standard)
        pollers = np.where(ready, np.ceil(at_peak / load.limit("lambda.esm.sqs.poller.concurrency")), 0.0)
        yield FixedUse("lambda.esm.sqs.pollers", pollers, ready.any(), is_setting=True)

    def pollers(self, load: Conditions) -> Number:
        """The provisioned pollers; 0 where the standard mode scales fast enough, or jobs may wait.

        If a latency is promised, nothing may wait: pollers that cannot be added within the rise are
        provisioned.
        """
        promised = load.latency_p95 is not None
        if not promised or load.workload.downstream.concurrency is not None:  # only one at a time
            return 0.0
        rise = load.limit_per_s("lambda.esm.sqs.pollers.ramp") * load.peak_ramp_s
        missing = load.peak_rps * load.runtime.mean - rise
        need = np.ceil(missing / load.limit("lambda.esm.sqs.poller.concurrency") * (1 - 1e-12))
        least, most = load.constant("sqs.pollers_min"), load.limit("lambda.esm.sqs.pollers.ready")
        return np.asarray(np.where(self._standard_behind_s(load) > 0, np.clip(need, least, most), 0.0))[()]

    def _standard_behind_s(self, load: Conditions) -> Number:
        ready = np.maximum(load.limit("lambda.esm.sqs.start"), load.mean_rps * load.runtime.mean)
        return self._behind_s(load, ready, load.limit_per_s("lambda.esm.sqs.ramp"))

    def _behind_s(self, load: Conditions, ready: Number, per_s: float) -> Number:
        """The longest wait of a job for pollers during a rise [s].

        The jobs in progress that are needed rise evenly over R = `peak_ramp`, from `ready` to the peak. The
        pollers serve `ready` jobs at once and g = `per_s` more each second, so they reach the peak after T.
        Above `ready`, they have by then served g T^2 / 2. Demand above `ready` is g T t / R up to R and g T
        afterwards, so g T R / 2 + g T (t - R) has arrived by t >= R. Both are equal at t = (T + R) / 2: a job
        that arrives then is served at T, after the longest wait, (T - R) / 2. Example: R = 60 s and T = 100 s
        give a wait of 20 s.
        """
        reached_s = (load.peak_rps * load.runtime.mean - ready) / per_s
        return np.maximum(reached_s - load.peak_ramp_s, 0.0) / 2

    def behind_s(self, load: Conditions) -> Number:
        """The longest wait for pollers with the provisioned ones [s]."""
        pollers = self.pollers(load)
        ready = pollers * load.limit("lambda.esm.sqs.poller.concurrency")
        rest_s = self._behind_s(load, ready, load.limit_per_s("lambda.esm.sqs.pollers.ramp"))
        behind: Number = np.where(pollers > 0, rest_s, self._standard_behind_s(load))
        return behind

    def properties(self, load: Conditions, path: RequestPath) -> Mapping[str, Any]:
        reserved = int(self.reserved_concurrency(load))
        return {"ReservedConcurrentExecutions": reserved} if reserved else {}

    def reserved_concurrency(self, load: Conditions) -> Number:
        return np.where(np.asarray(load.downstream_concurrency) < LEAST_AT_ONCE, 1.0, 0.0)

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        # a message is sent and received in chunks of 64 KB, and deleted once
        chunk, each = load.constant("sqs.chunk_bytes"), load.constant("sqs.requests_per_message")
        yield "sqs.standard_request", load.requests * each
        for spill in self.offloaded_uses(load, path):
            more = started_chunks(load, spill, np.arange(chunk, load.limit(spill.limit), chunk))
            yield "sqs.standard_request", spill.where * (load.requests * (each - 1) * more)
        yield "sqs.standard_request", load.constant("sqs.idle_receives_per_s") * load.month_s
        if np.any((pollers := self.pollers(load)) > 0):
            yield "lambda.esm_event_poller_unit_sqs", pollers * load.hours
            polls = load.constant("sqs.poller_idle_receives_per_s") * load.month_s
            yield "sqs.standard_request", pollers * polls

    def _arrival(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield Step(Phase.QUEUE, "through the queue", (Actor.FRONT, Actor.WORKER), load.time("sqs.to_lambda"))
        yield from backlog(load, self.age_limit, EVERYWHERE, self.most_at_once(load, path))
        behind_s = self.behind_s(load)
        if np.any(behind_s > 0):
            lasts_s = 2 * behind_s + load.peak_ramp_s  # per day, until the pollers reach the peak
            share = np.minimum(lasts_s * load.peak_rps / (86400 * load.mean_rps), 1.0)
            title, who = "wait for pollers in a rise", (Actor.HANDS, Actor.WORKER)
            yield Step(Phase.QUEUE, title, who, load.when_cold(share, behind_s), order=1)

    def _hand_over(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield dead_letters(load)
        # the worker shortens the visibility timeout of its message to its lease
        tries = {
            "deadLetterTargetArn": attribute("DeadLetters"),
            "maxReceiveCount": load.constant("job.receives"),
        }
        hidden = {"VisibilityTimeout": int(work_timeout_s(load, path))}
        yield queue("Queue", {**hidden, "RedrivePolicy": tries})
        yield Variable("submit", "HAND_TO", ref("Queue"))
        yield Allow("submit", ("sqs:SendMessage",), attribute("Queue"))
        actions = ("sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes")
        yield Allow("work", (*actions, "sqs:ChangeMessageVisibility"), attribute("Queue"))
        source = {
            "EventSourceArn": attribute("Queue"),
            "FunctionName": work_target(path).name,
            "BatchSize": 1,
        }
        if (most := self.most_at_once(load, Paths.of(path))) >= LEAST_AT_ONCE and np.isfinite(most):
            source["ScalingConfig"] = {"MaximumConcurrency": int(most)}
        yield Resource("WorkSource", "AWS::Lambda::EventSourceMapping", source)
