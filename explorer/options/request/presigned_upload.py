"""The body is uploaded to S3 first, by a signed URL."""

from __future__ import annotations

from collections.abc import Iterable

from explorer.options.base.added_time import BucketTransfer
from explorer.options.base.conditions import GB, Conditions
from explorer.options.base.design_part import DesignPart
from explorer.options.base.limit_uses import LimitUse, Linear, PerRequest
from explorer.options.base.option import Exclusion, Option
from explorer.options.base.paths import Paths
from explorer.options.base.request_path import Actor, BodyIn, Phase, RequestPath, Step
from explorer.options.base.resources import (
    Allow,
    Route,
    Setting,
    TemplatePiece,
    Variable,
    bucket,
    days,
    front_part,
    objects,
    ref,
)
from explorer.options.base.usage import UsageLines
from explorer.options.base.usage_lines import compute, front, front_cold


class PresignedUpload(Option):
    """The client requests a signed URL, uploads the body there, and submits a reference to it."""

    concern = "request"
    id = "presigned-upload"
    summary = "the body uploaded to S3 by a signed URL first"
    phrase = "uploads to S3 first"
    parts = (
        DesignPart("uploads bucket", Actor.BUCKET, "S3 bucket"),
        DesignPart("client uploads first", Actor.CLIENT),
    )
    provides = {"body_in": BodyIn.S3}
    added_times = (BucketTransfer("request"),)
    deployable = True
    depends_on = ("behind", "compute", "initialization")

    def excludes(self, load: Conditions) -> Iterable[Exclusion]:
        yield from super().excludes(load)
        if not load.workload.client.uploads:
            yield Exclusion("client.uploads", "the client cannot put a body to a signed URL")

    def limits(self, load: Conditions, path: Paths) -> Iterable[LimitUse]:
        yield PerRequest("s3.put", "request", Linear(1 / GB))

    def usage(self, load: Conditions, path: Paths) -> UsageLines:
        yield from front(load, path, load.requests, "handler.presign")
        yield "s3.standard_tier1_request", load.requests
        yield "s3.standard_tier2_request", load.requests
        month_share = load.constant("upload.kept_s") / load.month_s
        yield "s3.standard_storage", load.requests * load.request.mean / GB * month_share
        yield from compute(load, path, load.typical_s("s3.request") + load.request.mean / load.network)

    def steps(self, load: Conditions, path: Paths) -> Iterable[Step]:
        door = load.time("exchange.rtt") + load.time("handler.presign")
        yield Step(Phase.SUBMIT, "ask for an upload URL", (Actor.CLIENT, Actor.FRONT), door, order=-2)
        yield from front_cold(load, path, Phase.SUBMIT, "handler.presign", order=-2)
        upload = load.time("s3.request") + load.transfer(load.at_levels("request"))
        yield Step(Phase.SUBMIT, "upload the body", (Actor.CLIENT, Actor.BUCKET), upload, order=-1)
        read = load.time("s3.request") + load.at_levels("request") / load.network
        yield Step(Phase.WORK, "read the body", (Actor.WORKER, Actor.BUCKET), read, order=-1)

    def pieces(self, load: Conditions, path: RequestPath) -> Iterable[TemplatePiece]:
        yield front_part(load, "uploads")
        yield Route("uploads", "POST", "/uploads")
        yield from bucket("UploadsBucket", {"uploads/": days(load.constant("upload.kept_s"))})
        yield Setting("upload_bytes", int(load.limit("s3.put") * GB))
        yield Allow("uploads", ("s3:PutObject",), objects("UploadsBucket", "uploads/"))
        readers = ("submit", "work") if path.asynchronous else ("work",)
        for part in readers:
            yield Allow(part, ("s3:GetObject",), objects("UploadsBucket", "uploads/"))
        for part in ("uploads", *readers):
            yield Variable(part, "UPLOADS", ref("UploadsBucket"))
