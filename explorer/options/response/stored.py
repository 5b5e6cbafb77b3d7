"""The asynchronous endpoint: submit, poll the status, download from a signed URL."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from explorer.facts.units import Number
from explorer.options.base.added_time import BucketTransfer
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import FixedUse, LimitUse, Linear, PeakDemand, PerRequest
from explorer.options.base.option import Exclusion
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, Behind, BodyOut, Phase, RequestPath, Step
from explorer.options.base.resources import (
    Allow,
    Resource,
    Route,
    Setting,
    TemplatePiece,
    Variable,
    attribute,
    bucket,
    days,
    front_part,
    objects,
    ref,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute, front, front_cold, to_clients

from .base import TB, Response


class Stored(Response):
    """The asynchronous endpoint: submit, poll the status, download from a signed URL."""

    id = "stored"
    deployable = True
    summary = "the result stored in S3; the client polls a status and downloads it"
    phrase = "an asynchronous endpoint"
    short_name = "asynchronous"
    parts: ClassVar[tuple[str, ...]] = (
        DesignPart("submit function", Actor.FRONT),
        DesignPart("status function", Actor.FRONT),
        DesignPart("status table", Actor.TABLE, "DynamoDB table"),
        DesignPart("results bucket", Actor.BUCKET, "S3 bucket"),
        DesignPart("client polls and downloads", Actor.CLIENT),
    )
    provides = {"body_out": BodyOut.JOB, "asynchronous": True, "polls": True}
    added_times = (BucketTransfer("response"),)
    depends_on: ClassVar[tuple[str, ...]] = ("behind", "compute", "initialization", "gzip", "egress")

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if not load.workload.client.polls:
            yield Exclusion("client.polls", "the client cannot poll a status")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        factor = load.body_factor("response", path)
        yield PerRequest("s3.object", "response", Linear(factor / TB))
        yield PerRequest("s3.presign.role", "response", Linear(factor / load.bandwidth))
        yield FixedUse("ddb.item", load.constant("status.bytes"))
        function = path.behind.is_(Behind.FUNCTION)
        if function.any():
            busy = [load.peak_rps * seconds for seconds in self._front_s(load)]
            yield PeakDemand("lambda.concurrency", busy, where=function)

    def _front_s(self, load: Conditions) -> list[Number]:
        """The seconds of the front functions per job: terms with one driver each."""
        return [load.typical_s("handler.submit"), load.polls * load.typical_s("handler.status")]

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from super().usage(load, path)
        yield from front(load, path, load.requests, "handler.submit")
        yield "dynamodb.ondemand_wru", load.requests * load.constant("ddb.writes_per_job")
        yield "s3.standard_tier1_request", load.requests
        yield "s3.standard_tier2_request", load.requests
        month_share = load.number("response.kept") / load.month_s
        yield "s3.standard_storage", load.requests * load.sent_mean(path) / GB * month_share
        yield "dynamodb.storage_standard", load.requests * load.constant("status.bytes") / GB * month_share
        yield from compute(load, path, load.typical_s("s3.request") + load.sent_mean(path) / load.network)
        yield from self._notice_usage(load, path)

    def _notice_usage(self, load: Conditions, path: Paths) -> UsageLines:
        """The lines for the client to learn of the end: repeated reads of the status."""
        polled = load.requests * load.polls
        yield from front(load, path, polled, "handler.status")
        yield "dynamodb.ondemand_rru", polled
        yield from to_clients(load, path, load.polls * load.constant("status.bytes"))

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        accept = load.time("handler.submit") + load.time("ddb.request")
        yield Step(
            Phase.SUBMIT, "write the job's status, answer 202", (Actor.FRONT, Actor.TABLE), accept, order=1
        )
        yield from front_cold(load, path, Phase.SUBMIT, "handler.submit")
        store = load.time("s3.request") + load.sent_at_levels(path) / load.network
        yield Step(Phase.WORK, "store the result", (Actor.WORKER, Actor.BUCKET), store, order=2)
        yield from self._notice(load, path)
        begun = load.time("s3.request") + load.time("exchange.rtt")
        fetch, who = begun + load.transfer(load.sent_at_levels(path)), (Actor.BUCKET, Actor.CLIENT)
        title = "the result by its signed URL"
        yield Step(Phase.DOWNLOAD, title, who, fetch, before_first_byte=begun, delivers=True)

    def _notice(self, load: Conditions, path: Paths) -> Iterable[Step]:
        yield Step(
            Phase.POLL, "wait for the next poll", (Actor.CLIENT, Actor.CLIENT), load.poll_wait, order=-1
        )
        yield Step(
            Phase.POLL, "read the status", (Actor.FRONT, Actor.TABLE), load.time("handler.status"), order=1
        )

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield from super().pieces(load, path)
        yield front_part(load, "submit")
        yield Route("submit", "POST", "/jobs")
        yield Route("submit", "DELETE", "/jobs/{id}")
        yield front_part(load, "status")
        yield Route("status", "GET", "/jobs/{id}")
        yield from self._storage(load, path)
        for setting in ("poll.first_s", "poll.growth"):
            yield Setting(setting.replace(".", "_"), load.constant(setting))
        yield Allow("submit", ("dynamodb:PutItem", "dynamodb:DeleteItem"), attribute("Jobs"))
        yield Allow("status", ("s3:GetObject",), objects("ResultsBucket", "results/"))
        yield Allow("work", ("s3:PutObject",), objects("ResultsBucket", "results/"))
        for part in ("submit", "status", "work"):
            yield Variable(part, "JOBS", ref("Jobs"))
            yield Variable(part, "RESULTS", ref("ResultsBucket"))
            yield Allow(part, ("dynamodb:GetItem", "dynamodb:UpdateItem"), attribute("Jobs"))

    def _storage(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
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
