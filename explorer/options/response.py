"""Responses: how the result gets out."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from explorer.facts.units import Number
from explorer.option import (
    GB,
    Amount,
    Demand,
    Exclusion,
    Flow,
    Linear,
    Lines,
    Load,
    Option,
    Over,
    Piece,
    Step,
    Use,
    compute,
    front,
    front_cold,
    logs,
)
from explorer.parts import days, front_part
from explorer.pieces import Allow, Resource, Route, Setting, Variable, attribute, bucket, objects, ref

TB = GB * 1024


class Response(Option):
    """How the result of the work reaches the client."""

    concern = "response"

    def transferred(self, load: Load) -> Number:
        """Bytes that leave for the internet for one request, on average."""
        return load.response.mean

    def usage(self, load: Load) -> Lines:
        if load.public:
            yield "transfer.internet_out", load.requests * self.transferred(load) / GB

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield Setting("response", load.flow.body_out)
        yield Setting("binary", load.workload.response.binary)
        yield Setting("compression", float(load.compression))
        yield Setting("json_escape", load.constant("encoding.json_escape"))
        if not load.flow.asynchronous:
            yield Route("work", "POST", "/run")


class Buffered(Response):
    id = "buffered"
    deployable = True
    summary = "the whole result in one answer"
    says = {"body_out": "whole"}

    def steps(self, load: Load) -> Iterable[Step]:
        yield Step("download", "the result", ("door", "client"), load.transfer(load.at_levels("response")))


class Compressed(Response):
    id = "compressed"
    deployable = True
    summary = "the whole result, gzipped in the function"
    says = {"body_out": "compressed"}
    reads = ("compute",)

    def transferred(self, load: Load) -> Number:
        return load.response.mean * load.compression

    def _gzip_s(self, load: Load, size_bytes: Number) -> Number:
        return size_bytes / (load.constant("gzip.bytes_per_s") * load.vcpu)

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield from compute(load, self._gzip_s(load, load.response.mean))

    def steps(self, load: Load) -> Iterable[Step]:
        size = load.at_levels("response")
        yield Step("work", "compress the result", ("worker", "worker"), self._gzip_s(load, size), order=1)
        seconds = load.transfer(size * load.compression)
        yield Step("download", "the compressed result", ("door", "client"), seconds)


class Streamed(Response):
    """Sent as it is produced; here only once the work is done, which is the least it can do."""

    id = "streamed"
    summary = "the result streamed, up to 200 MB from a function"
    parts = ("streaming adapter or runtime",)
    says = {"body_out": "stream", "streaming": True}
    reads = ("compute",)

    def clashes(self, flow: Flow) -> str | None:
        if flow.streams or flow.behind == "container":
            return None
        return "streamed needs function-url, rest-api or a service"

    def limits(self, load: Load) -> Iterable[Use]:
        if load.on_lambda:
            yield Over("lambda.stream.response", "response")

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        if load.on_lambda:
            beyond = load.response.excess(load.limit("lambda.stream.burst"))
            yield load.by_architecture("lambda.response_streaming"), load.requests * beyond / GB
            yield from compute(load, load.stream_mean_s)

    def steps(self, load: Load) -> Iterable[Step]:
        size = load.at_levels("response")
        held = load.stream.size(size) if load.on_lambda else 0.0
        yield Step("download", "the stream", ("door", "client"), np.maximum(load.transfer(size), held))


class PagedResponse(Response):
    """Asked for page by page; the work is repeated for each page."""

    id = "paged"
    deployable = True
    summary = "the result asked for page by page"
    parts = ("client asks for the next page",)
    says = {"body_out": "page"}
    reads = ("compute", "door_time", "response_envelope", "response_limits")

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        if not load.workload.response.divisible:
            yield Exclusion("response.divisible", "the response cannot be asked for page by page")

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        again = np.maximum(load.pages - 1, 0)
        if load.flow.compute == "lambda":
            yield load.by_architecture("lambda.request"), load.requests * again
            yield from logs(load, load.requests * again)
        yield from compute(load, again * load.runtime.mean)

    def steps(self, load: Load) -> Iterable[Step]:
        size = load.at_levels("response")
        more = np.maximum(np.ceil(size / load.page_bytes) - 1, 0)
        once = load.time("exchange.rtt") + load.time(load.flow.door_time) + load.at_levels("runtime")
        seconds = load.transfer(size) + more * once
        yield Step("download", "the pages", ("client", "worker"), seconds)

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield from super().pieces(load)
        yield Setting("page_bytes", int(load.page_bytes))


class Stored(Response):
    """The asynchronous endpoint: submit, poll the status, download from a signed URL."""

    id = "stored"
    deployable = True
    summary = "the result stored in S3; the client polls a status and downloads it"
    parts = (
        "submit function",
        "status function",
        "status table",
        "results bucket",
        "client polls and downloads",
    )
    says = {"body_out": "job", "asynchronous": True, "polls": True}
    reads = ("behind", "compute")

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        if not load.workload.client.polls:
            yield Exclusion("client.polls", "the client cannot poll a status")

    def limits(self, load: Load) -> Iterable[Use]:
        yield Over("s3.object", "response", Linear(1 / TB))
        yield Over("s3.presign.role", "response", Linear(1 / load.bandwidth))
        yield Amount("ddb.item", load.constant("status.bytes"))
        if load.flow.behind == "function":
            yield Demand("lambda.concurrency", load.peak_rps * self._front_s(load))

    def _front_s(self, load: Load) -> Number:
        """Seconds of the small functions for one job."""
        return load.typical_s("handler.submit") + load.polls * load.typical_s("handler.status")

    def usage(self, load: Load) -> Lines:
        yield from super().usage(load)
        yield from front(load, load.requests, "handler.submit")
        yield "dynamodb.ondemand_wru", load.requests * load.constant("ddb.writes_per_job")
        yield "s3.standard_tier1_request", load.requests
        yield "s3.standard_tier2_request", load.requests
        kept = load.number("response.kept") / load.month_s
        yield "s3.standard_storage", load.requests * load.response.mean / GB * kept
        yield "dynamodb.storage_standard", load.requests * load.constant("status.bytes") / GB * kept
        yield from compute(load, load.typical_s("s3.request") + load.response.mean / load.network)
        yield from self._told(load)

    def _told(self, load: Load) -> Lines:
        """What it costs that the client learns of the end: it reads the status, again and again."""
        polled = load.requests * load.polls
        yield from front(load, polled, "handler.status")
        yield "dynamodb.ondemand_rru", polled
        if load.public:
            yield "transfer.internet_out", polled * load.constant("status.bytes") / GB

    def steps(self, load: Load) -> Iterable[Step]:
        accept = load.time("handler.submit") + load.time("ddb.request")
        yield Step("submit", "write the job's status, answer 202", ("front", "table"), accept, order=1)
        yield from front_cold(load, "submit", "handler.submit")
        store = load.time("s3.request") + load.at_levels("response") / load.network
        yield Step("work", "store the result", ("worker", "bucket"), store, order=2)
        yield from self._notice(load)
        fetch = load.time("s3.request") + load.time("exchange.rtt")
        fetch = fetch + load.transfer(load.at_levels("response"))
        yield Step("download", "the result by its signed URL", ("bucket", "client"), fetch)

    def _notice(self, load: Load) -> Iterable[Step]:
        yield Step("poll", "wait for the next poll", ("client", "client"), load.poll_wait, order=-1)
        yield Step("poll", "read the status", ("front", "table"), load.time("handler.status"), order=1)

    def pieces(self, load: Load) -> Iterable[Piece]:
        yield from super().pieces(load)
        yield front_part(load, "submit")
        yield Route("submit", "POST", "/jobs")
        yield Route("submit", "DELETE", "/jobs/{id}")
        yield front_part(load, "status")
        yield Route("status", "GET", "/jobs/{id}")
        yield from self._storage(load)
        for setting in ("poll.first_s", "poll.growth"):
            yield Setting(setting.replace(".", "_"), load.constant(setting))
        yield Allow("submit", ("dynamodb:PutItem", "dynamodb:DeleteItem"), attribute("Jobs"))
        yield Allow("status", ("s3:GetObject",), objects("ResultsBucket", "results/"))
        yield Allow("work", ("s3:PutObject",), objects("ResultsBucket", "results/"))
        for part in ("submit", "status", "work"):
            yield Variable(part, "JOBS", ref("Jobs"))
            yield Variable(part, "RESULTS", ref("ResultsBucket"))
            yield Allow(part, ("dynamodb:GetItem", "dynamodb:UpdateItem"), attribute("Jobs"))

    def _storage(self, load: Load) -> Iterable[Piece]:
        kept_s, upload_s = load.number("response.kept"), load.constant("upload.kept_s")
        yield Setting("kept_s", int(kept_s))
        yield Setting("upload_kept_s", int(upload_s))
        short = dict.fromkeys(("bodies/", "state/"), days(upload_s) + 1)
        yield from bucket("ResultsBucket", {"results/": days(kept_s) + 1, **short})
        key = {"AttributeName": "id"}
        yield Resource(
            "Jobs",
            "AWS::DynamoDB::Table",
            {
                "BillingMode": "PAY_PER_REQUEST",
                "AttributeDefinitions": [{**key, "AttributeType": "S"}],
                "KeySchema": [{**key, "KeyType": "HASH"}],
                "TimeToLiveSpecification": {"AttributeName": "expires", "Enabled": True},
            },
        )


class Callback(Stored):
    """As stored, but the client is called when the job is done."""

    id = "callback"
    summary = "the result stored in S3; the client is called when it is done"
    parts = (
        "submit function",
        "callback delivery",
        "status table",
        "results bucket",
        "client's callback endpoint",
    )
    says = {"body_out": "job", "asynchronous": True}
    reads = ("behind", "compute")
    deployable = False

    def excludes(self, load: Load) -> Iterable[Exclusion]:
        if not load.workload.client.receives_callbacks:
            yield Exclusion("client.receives_callbacks", "the client cannot be called back")

    def _front_s(self, load: Load) -> Number:
        return load.typical_s("handler.submit")

    def _told(self, load: Load) -> Lines:
        yield "eventbridge.custom_event", load.requests
        yield "eventbridge.api_destination", load.requests
        if load.public:
            yield "transfer.internet_out", load.requests * load.constant("status.bytes") / GB

    def _notice(self, load: Load) -> Iterable[Step]:
        seconds = load.time("async.to_lambda") + load.time("exchange.rtt")
        yield Step("poll", "call the client back", ("front", "client"), seconds)


OPTIONS = (Buffered(), Compressed(), Streamed(), PagedResponse(), Stored(), Callback())
