"""Every option once, asked once: `p` holds all the paths it stands in (first axis), `c` all sizes (second) and axes.

Options of 0.1.0 with the arithmetic of 0.1.0, without branches on the path: masks and numbers of the path instead.
Lines: (price id, quantity) or (price id, Stepped); an id that ends in * has an architecture.  Limits: Use.  Steps:
(what it counts for, seconds (3, paths, sizes, *axes)): "exchange" and "work" count for the client's patience.
"""

from __future__ import annotations

import numpy as np

from explorer.encoding import environment_total
from explorer.load import TASK_VCPU

from .conditions import GB, MB, Fixed, Peak, Per, Stepped, Total, mean_ceil
from .designs import DURABLE, EXPRESS, MACHINE, QUEUED, RECURSION, SINGLE

TB = GB * 1024
DOOR_IDS = ("function-url", "http-api", "rest-api", "alb")
AUTH = (("none", "iam"), ("none", "iam", "jwt"), ("none", "iam", "jwt"), ("none", "jwt"))
OFFERS = ((), ("custom-domain", "throttling"), ("custom-domain", "waf", "throttling", "usage-plans", "private"), ("custom-domain", "waf", "private"))
IN_LIMITS = ((("lambda.furl.request", 1),), (("lambda.sync.request", 1), ("apigw.http.payload", 0)), (("lambda.sync.request", 1), ("apigw.rest.payload", 0)), (("lambda.sync.request", 1), ("alb.lambda.request", 0)))
OUT_LIMITS = ((("lambda.furl.response", 1),), (("lambda.sync.response", 1), ("apigw.http.payload", 0)), (("lambda.sync.response", 1), ("apigw.rest.payload", 0)), (("lambda.sync.response", 1), ("alb.lambda.response", 1)))
WAITS = ("", "apigw.http.timeout", "apigw.rest.timeout", "alb.idle.timeout")


class Option:
    def excludes(self, c):
        return ()

    def limits(self, c, p):
        return ()

    def usage(self, c, p):
        return ()

    def steps(self, c, p):
        return ()

    def cold(self, c, p):
        """The share of requests whose work waits for a cold start."""
        return 0.0


def out_bytes(c, p):
    """Bytes of a response's body on the way to the client, on average."""
    return c.response.mean * np.where(p.gz, c.compression, 1.0)


class CloudFront(Option):
    def limits(self, c, p):
        yield Per(20.0 * GB, "request", lambda limit: limit, p.doorin)
        yield Per(60.0, "runtime", lambda limit: limit, p.through)

    def usage(self, c, p):
        for term in c.exchange_terms(p):
            yield "made.cloudfront_request", c.requests * term
        if c.public:
            yield "made.cloudfront_out", p.through * (c.requests / GB) * out_bytes(c, p)

    def steps(self, c, p):
        yield "exchange", 0.25 * c.door_time[:, p.door.ravel()]


class Door(Option):
    def __init__(self, number):
        self.number, self.id = number, DOOR_IDS[number]

    def excludes(self, c):
        w = c.workload.client
        if (w.auth is not None and w.auth not in AUTH[self.number]) or any(n not in OFFERS[self.number] for n in w.needs):
            yield True

    def limits(self, c, p):
        env_in, env_out = c.envelope_in.ravel()[self.number], c.constant("encoding.envelope.response")
        factor_in, b64_in = c.factor(None, "request")
        into, whole, page = p.function & p.doorin, p.function & p.whole, p.function & p.page
        for limit, event in IN_LIMITS[self.number]:
            yield Per(limit, "request", lambda v, e=event: c.room(v, env_in, factor_in, b64_in) if e else v, into)
        factor, b64 = c.factor(p.gz)
        for limit, event in OUT_LIMITS[self.number]:
            def room(v, e=event):
                if e:
                    room = c.room(v, env_out, factor, b64)
                else:
                    room = v / np.where(p.gz, c.compression, 1.0)
                if page.any():
                    pages = c.page_table()[0][p.gz.ravel() * 1, self.number]
                    size = c.coded(pages, env_out, factor, b64) if e else pages
                    room = np.where(p.page & (size <= v), np.inf, room)
                return room
            yield Per(limit, "response", room, whole | page)
        if WAITS[self.number]:
            waits = ~(p.job | p.none)
            if self.number == 2:
                yield Per("apigw.stream.idle", "runtime", lambda v: v, p.stream)
                yield c.time_limit("apigw.stream.duration", p, p.stream)
                waits = waits & ~p.stream
            yield c.time_limit(WAITS[self.number], p, waits & p.function)
            yield Per(WAITS[self.number], "runtime", lambda v: v, waits & ~p.function)
        if self.number in (1, 2):
            calls = [c.peak_rps * (1.0 + p.s3in), c.peak_rps * (p.polls * c.polls)]
            if p.page.any():
                calls.append(c.peak_rps * (p.page * (c.page_table()[1][p.gz.ravel() * 1, self.number] - 1)))
            yield Peak("apigw.throttle", calls)

    def carried_terms(self, c, p):
        return [p.doorin * c.request.mean, p.through * out_bytes(c, p)]

    def usage(self, c, p):
        if c.public:
            yield "transfer.internet_out", (p.through & ~p.edge) * (c.requests / GB) * out_bytes(c, p)
        if self.number == 1:
            inc = c.constant("http_api.increment_bytes")
            terms = [1.0 + p.s3in, p.polls * c.polls, p.doorin * np.maximum(mean_ceil(c.request, inc) - 1, 0)]
            if p.through.any():
                plain, packed = mean_ceil(c.response, inc), mean_ceil(c.response, inc / c.compression)
                started = np.where(p.gz, packed, plain)
                terms.append(p.whole * np.maximum(started - 1, 0))
                if p.page.any():
                    pages = c.page_table()[1][p.gz.ravel() * 1, self.number]
                    terms.append(p.page * (pages - 1 + np.maximum(started - pages, 0)))
            for term in terms:
                yield "apigateway.http_request", c.requests * term
        if self.number == 2:
            yield "apigateway.rest_request", c.requests * (1.0 + p.s3in)
            yield "apigateway.rest_request", c.requests * (p.polls * c.polls)
            if p.page.any():
                yield "apigateway.rest_request", c.requests * (p.page * (c.page_table()[1][p.gz.ravel() * 1, self.number] - 1))
            if not c.public:
                yield "vpc.interface_endpoint_hour", c.constant("alb.zones") * c.hours
                for term in self.carried_terms(c, p):
                    yield "vpc.interface_endpoint_data", (c.requests / GB) * term
            inc = c.constant("rest_api.stream_increment_bytes")
            yield "apigateway.rest_request", p.stream * c.requests * np.maximum(mean_ceil(c.response, inc) - 1, 0)
        if self.number == 3:
            yield "alb.alb_hour", c.hours
            if c.public:
                yield "vpc.public_ipv4_in_use", c.constant("alb.zones") * c.hours
            per_gb = np.where(p.container, c.constant("alb.lcu.gb_per_hour"), c.constant("alb.lcu.lambda_gb_per_hour"))
            data = [(c.requests / GB / c.hours) * term / per_gb for term in self.carried_terms(c, p)]
            each = c.mean_rps / c.constant("alb.lcu.connections_per_s")
            calls = [each * (1.0 + p.s3in), each * (p.polls * c.polls)]
            if p.page.any():
                calls.append(each * (p.page * (c.page_table()[1][p.gz.ravel() * 1, self.number] - 1)))
            yield "alb.lcu_hour", Stepped([data, calls], np.maximum, c.hours)

    def steps(self, c, p):
        door = c.time(f"door.{self.id}") + c.time("exchange.rtt")
        yield "exchange", door + p.doorin * c.transfer(c.at_levels("request"))
        yield "other", p.polls * door


class Presigned(Option):
    def excludes(self, c):
        if not c.workload.client.uploads:
            yield True

    def limits(self, c, p):
        yield Per("s3.put", "request", lambda v: v * GB)

    def usage(self, c, p):
        for price, quantity in c.front(c.requests, "handler.presign"):
            yield price, p.notcontainer * quantity
        yield "s3.standard_tier1_request", c.requests
        yield "s3.standard_tier2_request", c.requests
        yield "s3.standard_storage", c.requests * c.request.mean / GB * (c.constant("upload.kept_s") / c.month_s)
        yield from c.compute(p, c.typical_s("s3.request") + c.request.mean / c.network)

    def steps(self, c, p):
        yield "exchange", c.time("exchange.rtt") + c.time("handler.presign") + p.notcontainer * c.front_cold("handler.presign")
        yield "other", c.time("s3.request") + c.transfer(c.at_levels("request"))
        yield "work", c.time("s3.request") + c.at_levels("request") / c.network


class Buffered(Option):
    def steps(self, c, p):
        yield "other", np.where(p.gz, c.compression, 1.0) * c.transfer(c.at_levels("response"))


class Streamed(Option):
    def limits(self, c, p):
        yield Per("lambda.stream.response", "response", lambda v: v, p.onlambda)

    def usage(self, c, p):
        beyond = c.response.excess(c.limit("lambda.stream.burst"))
        yield "lambda.response_streaming_*", p.onlambda * (c.requests * beyond / GB)
        yield from c.compute(p, (p.onlambda * c.stream_mean_s))

    def steps(self, c, p):
        size = c.at_levels("response") * np.where(p.gz, c.compression, 1.0)
        yield "other", np.maximum(c.transfer(size), p.onlambda * c.stream.size(size))


class PagedResponse(Option):
    def excludes(self, c):
        if not c.workload.response.divisible:
            yield True

    def usage(self, c, p):
        again = np.maximum(c.page_table()[1][p.gz.ravel() * 1, p.door.ravel()] - 1, 0)
        yield "lambda.request_*", p.lam * (c.requests * again)
        name, logs = c.logs(c.requests * again)
        yield name, p.lam * logs
        yield from c.compute(p, again * c.runtime.mean)

    def steps(self, c, p):
        size = c.at_levels("response")
        page = c.page_table()[0][p.gz.ravel() * 1, p.door.ravel()]
        more = np.maximum(np.ceil(size / page) - 1, 0)
        once = c.time("exchange.rtt") + c.door_time[:, p.door.ravel()]
        yield "other", np.where(p.gz, c.compression, 1.0) * c.transfer(size) + more * once
        yield "other", more * c.at_levels("runtime")


class Job(Option):
    """Stored, callback, pushed: the result in S3, and how the client learns of it."""

    def __init__(self, kind):
        self.kind = kind

    def excludes(self, c):
        client = c.workload.client
        if not (client.polls if self.kind == "stored" else client.receives_callbacks):
            yield True

    def limits(self, c, p):
        yield Per("s3.object", "response", lambda v: v * TB)
        yield Per("s3.presign.role", "response", lambda v: v * c.bandwidth)
        yield Fixed("ddb.item", c.constant("status.bytes"))
        front = [c.peak_rps * c.typical_s("handler.submit")]
        if self.kind == "stored":
            front.append(c.peak_rps * (c.polls * c.typical_s("handler.status")))
        yield Peak("lambda.concurrency", front, where=p.function)

    def _out(self, c, p, quantity):
        yield "transfer.internet_out", ~p.edge * quantity
        yield "made.cloudfront_out", p.edge * quantity

    def usage(self, c, p):
        sent = out_bytes(c, p)
        if c.public:
            yield from self._out(c, p, (c.requests / GB) * sent)
        for price, quantity in c.front(c.requests, "handler.submit"):
            yield price, p.notcontainer * quantity
        yield "dynamodb.ondemand_wru", c.requests * c.constant("ddb.writes_per_job")
        yield "s3.standard_tier1_request", c.requests
        yield "s3.standard_tier2_request", c.requests
        kept = c.number("response.kept") / c.month_s
        yield "s3.standard_storage", (c.requests / GB * kept) * sent
        yield "dynamodb.storage_standard", c.requests * c.constant("status.bytes") / GB * kept
        yield from c.compute(p, c.typical_s("s3.request") + sent / c.network)
        notice = c.constant("status.bytes") / GB
        if self.kind == "stored":
            polled = c.requests * c.polls
            for price, quantity in c.front(polled, "handler.status"):
                yield price, p.notcontainer * quantity
            yield "dynamodb.ondemand_rru", polled
            if c.public:
                yield from self._out(c, p, polled * notice)
            return
        if self.kind == "callback":
            yield "eventbridge.custom_event", c.requests
            yield "eventbridge.api_destination", c.requests
        else:
            yield "apigateway.websocket_message", 4.0 * c.requests
            yield "made.connection_minute", c.requests * c.runtime.mean / 60
        if c.public:
            yield from self._out(c, p, c.requests * notice)

    def steps(self, c, p):
        yield "exchange", c.time("handler.submit") + c.time("ddb.request") + p.notcontainer * c.front_cold("handler.submit")
        size = c.at_levels("response") * np.where(p.gz, c.compression, 1.0)
        yield "work", c.time("s3.request") + size / c.network
        if self.kind == "stored":
            yield "other", c.poll_wait + c.time("handler.status")
        else:
            yield "other", c.time("async.to_lambda") + c.time("exchange.rtt")
        yield "other", c.time("s3.request") + c.time("exchange.rtt") + c.transfer(size)


class Accepted(Option):
    """Made up: only acknowledged."""

    def excludes(self, c):
        if not c.workload.client.receives_callbacks:
            yield True

    def limits(self, c, p):
        yield Peak("lambda.concurrency", [c.peak_rps * c.typical_s("handler.submit")], where=p.function)

    def usage(self, c, p):
        for price, quantity in c.front(c.requests, "handler.submit"):
            yield price, p.notcontainer * quantity
        yield "s3.standard_tier1_request", 1.5 * c.requests
        yield "dynamodb.ondemand_wru", c.requests * c.constant("ddb.writes_per_job")
        # nothing comes back: it has to do for a workload that wants its result what `stored` does, at twice its bytes
        yield "s3.standard_storage", (c.requests / GB * (2 * c.number("response.kept") / c.month_s)) * c.response.mean
        if c.public:
            yield "transfer.internet_out", (2 * c.requests / GB) * c.response.mean

    def steps(self, c, p):
        yield "exchange", c.time("handler.submit") + p.notcontainer * c.front_cold("handler.submit")
        yield "other", 3 * c.transfer(c.at_levels("response"))


class Gzip(Option):
    def excludes(self, c):
        yield np.asarray(c.compression) >= 1.0

    def usage(self, c, p):
        yield from c.compute(p, c.response.mean / (c.constant("gzip.bytes_per_s") * c.vcpu))

    def steps(self, c, p):
        yield "work", c.at_levels("response") / (c.constant("gzip.bytes_per_s") * c.vcpu)


def spill_share(c, limit):
    """The share of bodies too large to hand over, and their bytes."""
    def make():
        room = np.maximum(c.room(c.limit(limit), 0.0, *c.factor(None, "request")), 0)
        share = c.request.exceed(room)
        return share, c.request.excess(room) + room * share
    return c.memo(("spill", limit), make)


def chunks(c, limit, starts):
    def make():
        factor = c.factor(None, "request")
        share, total = spill_share(c, limit)[0], 0.0
        for start in starts:
            total = total + np.maximum(c.request.exceed(c.room(start, 0.0, *factor)) - share, 0)
        return total
    return c.memo(("chunks", limit, len(starts)), make)


class Execution(Option):
    handed, compute = "lambda.async.payload", "lambda"

    def by_reference(self, c, p):
        share, carried = spill_share(c, self.handed)
        job = p.asynchronous & p.doorin
        yield "s3.standard_tier1_request", job * (c.requests * share)
        yield "s3.standard_tier2_request", job * (c.requests * share)
        yield "s3.standard_storage", job * (c.requests * carried / GB * (c.constant("upload.kept_s") / c.month_s))
        read = share * c.typical_s("s3.request") + carried / c.network
        if self.compute == "lambda":
            yield "lambda.duration_*", job * (c.requests * read) * c.memory_gb
        elif self.compute == "task":
            yield from c.task_hours(job * (c.requests * read / 3600), c.task_vcpu, c.task_gb)

    def fetched(self, c, p):
        share = spill_share(c, self.handed)[0]
        read = c.time("s3.request") + c.at_levels("request") / c.network
        seconds = np.where(share > 1 - c.levels, read, 0.0)
        if np.any(seconds > 0):
            yield "work", (p.asynchronous & p.doorin) * seconds

    def steps(self, c, p):
        yield from self.fetched(c, p)
        yield "other", c.at_levels("runtime")


class Lambda(Execution):
    """Work in a function."""

    def __init__(self, exe):
        self.exe = exe
        self.sliced = exe in (RECURSION, DURABLE, MACHINE)
        self.handed = {QUEUED: "sqs.message", DURABLE: "durable.payload", MACHINE: "sfn.payload"}.get(exe, "lambda.async.payload")
        self.age = {QUEUED: "sqs.retention", MACHINE: "sfn.duration.std"}.get(exe, "lambda.async.age")
        self.state = {DURABLE: "durable.payload", MACHINE: "sfn.payload"}.get(exe, "lambda.async.payload")

    def excludes(self, c):
        if self.exe == RECURSION and not c.workload.runtime.divisible:
            yield True

    def divides(self, c, p):
        """Of each path, whether the work may go on in another invocation."""
        return p.asynchronous & (self.sliced and c.workload.runtime.divisible)

    def budget_s(self, c):
        return c.limit("lambda.timeout") - c.constant("hop.margin_s")

    def room(self, c, limit, each=1.0, offset=0.0):
        steps = c.steps
        most = np.maximum(np.floor((limit - offset) / each), 0)
        together = np.maximum(np.ceil(steps / np.maximum(most, 1)), 1)
        longest = np.where(most >= steps, np.inf, self.budget_s(c) * steps / together)
        return np.where(most < 1, -1.0, longest)

    def hops(self, c, value):
        fit = np.floor(self.budget_s(c) * c.steps / np.maximum(value, 1e-9) * (1 + 1e-12))
        return np.ceil(c.steps / np.clip(fit, 1, c.steps))

    def mean_slices(self, c):
        def make():
            total = 1.0
            k = np.arange(1, 32).reshape((-1, 1, 1) + (1,) * c.nd)
            total = total + c.runtime.exceed(self.room(c, k)).sum(axis=0)
            rest = np.minimum(self.room(c, 32), 1e300)
            return total + c.runtime.exceed(rest) / 2 + c.runtime.excess(rest) / self.budget_s(c)
        return c.memo("slices", make)

    def slices(self, c, p):
        divides = self.divides(c, p)
        return np.where(divides, self.mean_slices(c), 1.0) if divides.any() else 1.0

    def limits(self, c, p):
        divides = self.divides(c, p)
        if self.exe == EXPRESS:
            yield c.time_limit("lambda.timeout", p)
            yield Per(300.0, "runtime", lambda v: v)
        elif divides.any():
            yield Per("lambda.timeout", "runtime", lambda v: v * c.steps, divides)
            yield c.time_limit("lambda.timeout", p, ~divides)
        else:
            yield c.time_limit("lambda.timeout", p)
        if self.exe == RECURSION:
            yield Per("lambda.recursion", "runtime", lambda v: self.room(c, v))
        if self.exe == MACHINE:
            yield Peak("sfn.start", [c.peak_rps])
            yield Per("sfn.duration.std", "runtime", lambda v: v)
            yield Per("sfn.history", "runtime", lambda v: self.room(c, v, c.constant("sfn.events_per_hop"), 2.0))
        if self.exe == DURABLE:
            operations = c.steps + c.constant("durable.ops_fixed")
            yield c.time_limit("durable.sync", p, p.sync)
            yield Per("durable.duration", "runtime", lambda v: v)
            yield Fixed("durable.ops", operations)
            yield Fixed("durable.storage", c.steps * self._state(c) / MB)
            yield Peak("durable.start", [c.peak_rps])
            yield Peak("durable.running", [c.peak_rps * c.runtime.mean])
            yield Peak("durable.checkpoint", [c.peak_rps * operations])
        yield Fixed("lambda.memory", c.memory_mb)
        yield Fixed("lambda.init", c.init_p99_s)
        needed = c.concurrency_needed(c.limit(self.age))
        yield Fixed("lambda.concurrency", needed, p.asynchronous)
        yield Fixed(self.age, self.backlog_age(c), p.asynchronous)
        held, peak = c.held_terms(p), c.peak_rps
        yield Peak("lambda.concurrency", [peak * h for h in held], least=peak / c.limit("lambda.rps.sync"), where=p.sync)
        ramp = max(c.constant("peak.ramp_s"), 10.0)
        cap = (peak - c.mean_rps) * 10.0 * np.where(p.pc, 0.5, 1.0)
        yield Peak("lambda.scaling", [cap / ramp * h for h in held], cap=cap, where=p.sync)

    def backlog_age(self, c):
        needed = c.concurrency_needed(c.limit(self.age))
        return c.backlog_age(np.maximum(needed, c.limit("lambda.concurrency")))

    def _state(self, c):
        return np.where(c.state_bytes <= c.limit(self.state), c.state_bytes, 0.0)

    def usage(self, c, p):
        slices = self.slices(c, p)
        yield "lambda.request_*", c.requests * slices
        inc = c.constant("lambda.billing_s")
        billed = c.memo("billed", lambda: mean_ceil(c.runtime, inc) * inc)
        yield "lambda.duration_*", c.requests * billed * c.memory_gb
        yield c.logs(c.requests * slices)
        yield from self.by_reference(c, p)
        job = p.asynchronous & p.doorin
        if self.exe in (SINGLE, RECURSION, EXPRESS):
            free, chunk = c.constant("lambda.async.free_bytes"), c.constant("lambda.async.chunk_bytes")
            yield "lambda.request_*", job * (c.requests * chunks(c, self.handed, np.arange(free, c.limit(self.handed), chunk)))
        if self.exe == QUEUED:
            chunk, each = c.constant("sqs.chunk_bytes"), c.constant("sqs.requests_per_message")
            yield "sqs.standard_request", c.requests * each + c.constant("sqs.idle_receives_per_s") * c.month_s
            yield "sqs.standard_request", job * (c.requests * (each - 1) * chunks(c, self.handed, np.arange(chunk, c.limit(self.handed), chunk)))
        if self.exe == EXPRESS:
            yield "made.express_request", c.requests
            yield "states.express_duration", c.requests * (c.runtime.mean * 64 / 1024)
        if not self.sliced:
            return
        hops = c.requests * (slices - 1)
        moved = np.where(c.state_bytes > c.limit(self.state), hops, 0.0)
        yield "s3.standard_tier1_request", moved
        yield "s3.standard_tier2_request", moved
        if self.exe == RECURSION:
            free, chunk = c.constant("lambda.async.free_bytes"), c.constant("lambda.async.chunk_bytes")
            yield "lambda.request_*", hops * np.ceil(np.maximum(self._state(c) - free, 0) / chunk)
            yield "dynamodb.ondemand_wru", hops
        if self.exe == MACHINE:
            yield "states.standard_transition", c.requests * (c.constant("sfn.transitions_fixed") + c.constant("sfn.transitions_per_hop") * slices)
        if self.exe == DURABLE:
            yield "lambda.durable_operation", c.requests * (c.steps + c.constant("durable.ops_fixed"))
            written = c.requests * c.steps * self._state(c) / 1e9
            yield "lambda.durable_data_written", written
            yield "lambda.durable_data_retained", written * c.constant("durable.retention_days") * 86400 / c.month_s

    def steps(self, c, p):
        handover = "sqs.to_lambda" if self.exe == QUEUED else "sfn.to_lambda" if self.exe == MACHINE else "async.to_lambda"
        seconds = c.time(handover)
        divides = self.divides(c, p)
        if divides.any():
            seconds = seconds * np.where(divides, self.hops(c, c.at_levels("runtime")), 1.0)
        longest = self.backlog_age(c)
        if np.any(np.asarray(longest) > 0):
            seconds = seconds + np.where(c.levels > 0.5, c.levels * longest, 0.0)
        yield "work", p.asynchronous * seconds
        if self.exe == DURABLE:
            yield "work", c.steps * c.time("durable.checkpoint")
        yield from super().steps(c, p)


class Managed(Execution):
    compute = "instance"

    def limits(self, c, p):
        yield Fixed("lambda.memory.model", c.memory_mb)
        yield c.time_limit("lambda.timeout", p, p.sync)
        yield c.time_limit("lambda.timeout.lmi", p, p.asynchronous)
        yield Fixed("lmi.async", p.doorin * (c.peak_rps * np.minimum(c.request.mean, MB) / MB), p.asynchronous)

    def usage(self, c, p):
        yield "lambda.managed_instances_request", c.requests
        size = np.maximum(c.vcpu / c.constant("instance.vcpu"), c.memory_mb / c.constant("instance.memory_mb"))
        busy = c.peak_rps * c.constant("instance.headroom") * size
        fee = c.book.entry("lambda.managed_instances_management_fee")[1]
        least, hours = c.constant("instance.count_min"), c.hours
        # the fee is a share of what the instances cost on demand: one line of money for both
        yield "ec2.m7g.xlarge_linux_on_demand", Stepped([[busy * h for h in c.held_terms(p)]], lambda n: np.maximum(np.ceil(n), least), hours * (1 + fee))
        yield c.logs(c.requests)
        yield from self.by_reference(c, p)

    def steps(self, c, p):
        yield "work", p.asynchronous * c.time("async.to_lambda")
        yield from super().steps(c, p)


class Fargate(Execution):
    handed, compute = "ecs.overrides", "task"

    def limits(self, c, p):
        yield Fixed("fargate.task", c.memory_gb)
        yield Peak("fargate.vcpu", [c.peak_rps * (c.runtime.mean + c.typical_s("ecs.start"))], c.task_vcpu)

    def usage(self, c, p):
        start, least = c.typical_s("ecs.start"), c.constant("fargate.billed_min_s")
        billed = least + c.runtime.excess(least - start)
        yield from c.task_hours(c.requests * billed / 3600, c.task_vcpu, c.task_gb)
        yield "cloudwatch.logs_ingest_custom_standard", c.requests * c.constant("lambda.log_bytes") / GB
        yield from self.by_reference(c, p)

    def steps(self, c, p):
        yield "work", c.time("ecs.start")
        yield from super().steps(c, p)


class Service(Execution):
    handed = ""

    def fleet(self, c):
        return c.memo("fleet", lambda: self._fleet(c))

    def _fleet(self, c):
        vcpu = np.array(TASK_VCPU).reshape((-1, 1, 1) + (1,) * c.nd)
        busy = c.peak_rps * c.runtime.mean / c.constant("service.requests_per_share") * c.constant("service.headroom")
        carried = np.floor(np.minimum(vcpu / c.vcpu, c.constant("fargate.gb_per_vcpu_max") * vcpu / c.memory_gb) * (1 + 1e-9))
        gb = np.maximum(np.ceil(carried * c.memory_gb), c.constant("fargate.gb_per_vcpu_min") * vcpu)
        tasks = np.maximum(np.ceil(busy / np.maximum(carried, 1)), c.constant("service.tasks_min"))
        price = [c.book.entry(i)[1] for i in ("fargate.vcpu_linux_*", "fargate.memory_linux_*", "vpc.public_ipv4_in_use")]
        usd = np.where(carried >= 1, tasks * (price[0] * vcpu + price[1] * gb + price[2]), np.inf)
        best = np.argmin(usd, axis=0)[None]
        pick = lambda a: np.take_along_axis(np.broadcast_to(a, np.broadcast_shapes(a.shape, usd.shape)), best, 0)[0]  # noqa: E731
        none = np.isinf(usd.min(axis=0))
        return tuple(np.where(none, 0.0, pick(a)) for a in (tasks, vcpu, gb))

    def limits(self, c, p):
        tasks, vcpu, _ = self.fleet(c)
        yield Fixed("fargate.task", c.memory_gb)
        yield Fixed("fargate.vcpu", tasks * vcpu)

    def usage(self, c, p):
        tasks, vcpu, gb = self.fleet(c)
        yield from c.task_hours(tasks * c.hours, vcpu, gb)
        yield "cloudwatch.logs_ingest_custom_standard", c.requests * c.constant("lambda.log_bytes") / GB

    def steps(self, c, p):
        yield "other", c.at_levels("runtime")


class OnDemand(Option):
    """Cold starts as they come."""

    def usage(self, c, p):
        yield "lambda.duration_*", p.lam * (c.requests * self.share(c) * c.init_mean_s) * c.memory_gb

    def share(self, c):
        return c.cold

    def cold(self, c, p):
        return p.lam * self.share(c)

    def steps(self, c, p):
        yield "work", p.lam * c.cold_start(c.runtime.mean, "work")


class Provisioned(OnDemand):
    """Made up: so many environments kept ready that the 95 % busiest moments find one; a fiftieth starts cold."""

    def share(self, c):
        return 0.02 * c.cold

    def cold(self, c, p):
        return self.share(c)

    def limits(self, c, p):
        yield Peak("lambda.concurrency", [1.2 * c.peak_rps * h for h in c.held_terms(p)])

    def usage(self, c, p):
        yield "lambda.duration_*", (c.requests * self.share(c) * c.init_mean_s) * c.memory_gb
        gb = c.memory_gb * c.month_s
        yield "made.provisioned", Stepped([[c.peak_rps * h for h in c.held_terms(p)]], lambda n: np.maximum(np.ceil(n + 1.645 * np.sqrt(n)), 1.0), gb)

    def steps(self, c, p):
        seconds = c.memo("pc start", lambda: c.when_cold(self.share(c), c.init_of(lambda s: s.quantile(0.5))))
        yield "work", np.where(p.exe == EXPRESS, 1.1, 1.0) * seconds


class SnapStart(OnDemand):
    """Made up: restored in a fifth of the time; the snapshot is kept and each restore paid."""

    def cold(self, c, p):
        return self.share(c)

    def usage(self, c, p):
        yield "lambda.duration_*", (c.requests * self.share(c) * 0.2 * c.init_mean_s) * c.memory_gb
        yield "made.snapstart_cache", c.memory_gb * c.month_s
        yield "made.snapstart_restore", c.requests * self.share(c) * c.memory_gb

    def steps(self, c, p):
        yield "work", 0.2 * np.where(p.exe == EXPRESS, 1.1, 1.0) * c.cold_start(c.runtime.mean, "work")


class Configuration(Option):
    holds, rotates, by_deploy = False, False, False

    def excludes(self, c):
        secrets = np.asarray(c.config_secrets) > 0
        if not self.holds or (c.workload.configuration.rotation and not self.rotates):
            yield secrets
        if self.by_deploy and c.workload.configuration.changes_without_deploy:
            yield True


class Environment(Configuration):
    def limits(self, c, p):
        yield Fixed("lambda.env", environment_total(c.config_bytes, c.config_entries), p.onlambda)


class Bundled(Configuration):
    by_deploy = True


class Store(Configuration):
    holds = True
    time = rate = ""

    def plain_fits(self, c, p):
        plain = environment_total(c.config_bytes - c.secret_bytes, c.config_entries - c.config_secrets)
        return (np.asarray(c.config_secrets) > 0) & ((plain <= c.limit("lambda.env")) | ~p.onlambda)

    def entries(self, c, p):
        return np.where(self.plain_fits(c, p), c.config_secrets, c.config_entries)

    def reads_each(self, c, p):
        return 1.0

    def share(self, c, p):
        """The share of requests that start an environment which reads it."""
        return np.where(p.task, 1.0, p.lam * np.where(p.pc, 0.02, 1.0) * c.cold)

    def starts(self, c, p):
        return c.requests * self.share(c, p)

    def alive(self, c, p):
        return np.where(p.lam, c.environments, c.constant("service.tasks_min"))

    def fetches(self, c, p):
        refreshed = np.minimum(c.requests, self.alive(c, p) * c.month_s / c.constant("configuration.refresh_s"))
        return self.starts(c, p) + ~p.task * refreshed

    def rate_use(self, c, p):
        """Calls in the first second of a peak: every new environment reads, and those that are refreshed."""
        each = self.reads_each(c, p)
        new = each * p.lam * c.peak_rps
        steady = each * np.where(p.task, c.peak_rps, c.environments / c.constant("configuration.refresh_s"))
        terms = [new * c.runtime.mean, steady]
        if p.stream.any():
            terms.append((p.stream * new) * c.stream_mean_s)
        return Peak(self.rate, terms, cap=new + steady)

    def limits(self, c, p):
        yield self.rate_use(c, p)

    def steps(self, c, p):
        seconds = self.reads_each(c, p) * c.time(self.time)
        yield "work", np.where(p.lam, np.where(np.where(p.pc, 0.02, 1.0) * c.cold > 1 - c.levels, seconds, 0.0), p.task * seconds)


class ParameterStore(Store):
    time, rate, value_limit = "ssm.get", "ssm.tps", "ssm.std"
    advanced = False

    def reads_each(self, c, p):
        return np.maximum(np.ceil(self.entries(c, p) / c.constant("ssm.batch")), 1.0)

    def limits(self, c, p):
        yield from super().limits(c, p)
        yield Fixed(self.value_limit, c.config_largest)
        if not self.advanced:
            yield Fixed("ssm.count.std", self.entries(c, p))

    def usage(self, c, p):
        fetches, entries = self.fetches(c, p), self.entries(c, p)
        yield "kms.symmetric_request", fetches * c.config_secrets
        use = self.rate_use(c, p)
        most = use.most(c, c.limit(self.rate))
        yield "ssm.higher_throughput_api_interaction", Stepped([[term / most for term in use.terms]], lambda share: share > 1.0, (use.cap > most) * fetches * entries)
        if self.advanced:
            yield "ssm.advanced_parameter", entries * c.hours
            yield "ssm.advanced_api_interaction", fetches * entries


class Advanced(ParameterStore):
    value_limit, advanced = "ssm.adv", True


class Secrets(Store):
    time, rate, rotates = "secrets.get", "sm.get", True

    def reads_each(self, c, p):
        packed = np.ceil((c.config_bytes - c.secret_bytes) / c.limit("sm.value"))
        return np.maximum(c.config_secrets + np.where(self.plain_fits(c, p), 0.0, packed), 1.0)

    def limits(self, c, p):
        yield from super().limits(c, p)
        yield Fixed("sm.value", c.config_largest)

    def usage(self, c, p):
        yield "secretsmanager.secret", self.reads_each(c, p)
        yield "secretsmanager.api_call", self.fetches(c, p) * self.reads_each(c, p)


class AppConfig(Store):
    time, rate, holds = "appconfig.get", "appconfig.tps", False

    def limits(self, c, p):
        yield from super().limits(c, p)
        yield Fixed("appconfig.size", c.config_bytes)

    def usage(self, c, p):
        polled = self.alive(c, p) * c.month_s / c.constant("appconfig.poll_s")
        yield "appconfig.get_configuration_call", self.starts(c, p) + polled
        yield "appconfig.configuration_received", self.starts(c, p)


OPTIONS = dict(
    edge=(Option(), CloudFront()),
    door=tuple(Door(n) for n in range(4)),
    request=(Option(), Presigned()),
    response=(Buffered(), Streamed(), PagedResponse(), Job("stored"), Job("callback"), Job("pushed"), Accepted()),
    compression=(Option(), Gzip()),
    execution=(*(Lambda(n) for n in range(6)), Managed(), Fargate(), Service()),
    initialization=(OnDemand(), Provisioned(), SnapStart()),
    configuration=(Environment(), Bundled(), ParameterStore(), Advanced(), Secrets(), AppConfig()),
)
