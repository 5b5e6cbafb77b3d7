"""The fields of the workload file, each stated once.

Everything that reads, writes, shows, varies or documents a field takes it from its record here: the
validation, the JSON Schema, `init`, `ingest`, the report, the app, the axes of sweeps, break-evens,
sensitivities, assumptions and the documentation. A new field takes one attribute of its table, and the
options that read it; a new table takes a class and one attribute of `Fields`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import ValidationInfo, model_validator

from explorer.facts import catalogue
from explorer.facts.units import (
    BYTES,
    Number,
    format_number,
    format_percent,
    format_rough_share,
    format_share,
    format_size,
)

from .distribution_field import Spread
from .dotenv_count import count_dotenv
from .field_record import (
    REQUIRED,
    BreakEvenAxis,
    DefaultAssumption,
    Field,
    Menu,
    Relaxation,
    Section,
    Slider,
    Toggle,
    field,
    walk_fields,
)
from .kinds import (
    BANDWIDTH,
    CHOICE,
    CHOICES,
    COUNT,
    DATE,
    LANGUAGE,
    LARGEST_SIZE,
    LONGEST_TIME,
    MEMORY,
    MEMORY_OR_ANY,
    NAME,
    NAMES,
    NUMBER,
    PARAGRAPH,
    QUOTAS,
    REGION,
    SHARE,
    SIZE,
    SIZES,
    SWITCH,
    TABLE,
    TABLE_OF_TIMES,
    TIME,
    TIMES,
    USD,
    WAIT,
    WORD,
    Kind,
    field_error,
)

LARGEST_CONFIGURATION = 100 * 1024**2
DAY = 86400.0


class Request(Spread):
    """The size of a request as the client sends it, before any encoding [B]."""

    if_unstated: ClassVar[str | None] = "1 KB"
    binary: bool = field(
        SWITCH,
        False,
        "whether the body is binary, and so travels as base64 through a door that takes JSON events",
        question="whether they are binary: base64 makes them a third larger",
        label="Request body",
        words=("binary", "text"),
        synonyms="base64, encoding, content type, image, upload",
    )


class Response(Spread):
    """The size of a response as the client wants it, before any encoding [B]."""

    binary: bool = field(
        SWITCH,
        False,
        "as for the request",
        question="whether they are binary",
        label="Response body",
        words=("binary", "text"),
        synonyms="base64, encoding, content type, image, download, pdf",
    )
    compression: float = field(
        replace(
            SHARE,
            accepted="compressed size / size, from 0.001 to 1",
            least=0.001,
            short="",
            show=format_number,
        ),
        1.0,
        "size when compressed over size; 1 means that it does not compress",
        question="compressed size / size; 1.0: does not compress",
        is_asked=False,
        label="Response compresses",
        phrase=lambda share: f"to {format_rough_share(share)} of its size" if share < 1 else "no",
        is_axis=True,
        ends=(0.01, 1.0),
        noun="compressed / size",
        origin="measured",
        synonyms="gzip, brotli, deflate, compressed",
    )
    cacheable: float = field(
        SHARE,
        0.0,
        "share of the requests that a cache at the edge answers",
        question="share of the requests that a cache in front could answer",
        is_asked=False,
        label="Cacheable",
        phrase="{} of the requests",
        absent="",
        is_axis=True,
        ends=(0.01, 1.0),
        noun="cacheable share",
        origin="measured",
        control=Slider(0.01, 1.0, "Share that a cache can answer", zero=True, in_drawer=True),
        synonyms="cache, caching, CDN, CloudFront, edge, hit ratio, hit rate, TTL",
    )
    divisible: bool = field(
        SWITCH,
        False,
        "whether it can be asked for page by page",
        question="whether they can be asked for page by page",
        label="Response in pages",
        assumption=DefaultAssumption("not given: taken as one piece", order=1),
        relaxation=Relaxation("the response could be asked for page by page", order=1),
        control=Toggle("Response can be paged", order=1),
        synonyms="pagination, paging, paginated, chunks, cursor",
    )
    kept: float = field(
        TIME,
        DAY,
        "how long a stored result stays",
        question="how long stored results are kept",
        suggestion="1 day",
        is_asked=False,
        label="Results are kept",
        is_axis=True,
        assumption=DefaultAssumption("not given", order=1),
        synonyms="retention, TTL, lifetime, expiry, expires, storage, results",
    )


class Timing(Spread):
    """A duration [s]."""

    kind: ClassVar[Kind] = TIME


class TunedTime(Timing):
    """The time of the work at one memory size, as measured [s]."""

    memory: float = field(MEMORY, REQUIRED, "at which it was measured", missing='a size such as "512 MB"')


class Runtime(Timing):
    """The time of the work itself in a warm environment [s]."""

    first_byte: Timing | None = field(
        TIMES,
        None,
        "until the first byte of the response exists, when it is streamed; omitted: the run time",
        question="until the first byte of a streamed response exists",
        is_asked=False,
        label="First byte after",
        absent="",
        synonyms="streaming, stream, TTFB, time to first byte, tokens",
    )
    cpu: float = field(
        replace(SHARE, accepted="a share from 0.001 to 1", least=0.001),
        0.5,
        "share of the run time that computes; the rest waits for others",
        question="share that computes; the rest waits",
        is_asked=False,
        if_unknown="Which share of the run time computes, rather than waits? Until you say, 0.5 is assumed.",
        label="Computes",
        phrase="{} of the run time",
        is_axis=True,
        ends=(0.01, 1.0),
        noun="computing share",
        origin="measured",
        assumption=DefaultAssumption("not given: half computes, half waits", factors=(0.1, 2.0)),
        break_evens=BreakEvenAxis("computing share", "share", 1.0, order=1),
        control=Slider(0.01, 1.0, "Share that computes", in_drawer=True),
        synonyms="CPU bound, I/O bound, processor, compute, waiting, utilisation, utilization",
    )
    threads: float = field(
        replace(COUNT, accepted="a whole number from 1 to 192", least=1, most=192),
        1,
        "vCPUs that the work can use at once",
        question="vCPUs that it can use at once",
        is_asked=False,
        label="Uses at once",
        phrase="{} vCPU",
        is_axis=True,
        synonyms="cores, parallel, multithreading, vCPU",
    )
    memory: float | Literal["any"] = field(
        MEMORY_OR_ANY,
        1769.0,
        'of the function or the container; "any": each design takes the size that costs least and keeps'
        " the promises",
        question='1,769 MB are one processor; "any": what costs least',
        suggestion="1769 MB",
        if_unknown="How much memory does the function have? Until you say, 1769 MB is assumed.",
        label="Memory",
        is_axis=True,
        ends=(128.0, 30_720.0),
        noun="memory",
        origin="chosen",
        assumption=DefaultAssumption("not given: one vCPU"),
        control=Slider(128, 122_880, on_map=False),
        synonyms="RAM, MB, size of the function",
    )
    used: float = field(
        replace(MEMORY, accepted="1 MB to 120 GB", least=1.0),
        512.0,
        'memory that the work needs: the least that memory "any" may take',
        question='memory that the work needs, where `memory` is "any"',
        suggestion="512 MB",
        is_asked=False,
        label="Memory needed",
        is_axis=True,
        origin="measured",
        assumption=DefaultAssumption("not given: the least that a size may have"),
        synonyms="RAM, heap, footprint, minimum memory",
    )
    tuned: tuple[TunedTime, ...] = field(
        TABLE,
        (),
        "times as measured at several sizes of memory, in place of the share that computes",
        synonyms="power tuning, benchmark, measured, memory sizes",
    )
    architecture: Literal["arm64", "x86_64", "any"] = field(
        CHOICE,
        "arm64",
        'of the processor; "any": what costs least',
        question='or x86_64, or "any"',
        is_asked=False,
        if_unknown="Is it arm64 or x86_64? Until you say, arm64 is assumed.",
        label="Architecture",
        control=Menu("Processor"),
        synonyms="CPU, processor, Graviton, ARM, Intel, x86, AMD",
    )
    language: str = field(
        LANGUAGE,
        "python3.13",
        "Lambda's runtime id, for the cold start",
        question="for the cold start",
        is_asked=False,
        label="Language",
        synonyms="programming language, Python, Node.js, JavaScript, TypeScript, Java, Go, .NET, C#, Rust,"
        " Ruby, runtime version",
    )
    divisible: bool = field(
        SWITCH,
        False,
        "whether the work can be cut into steps with state between them",
        question="whether it can be cut into steps with state between them",
        label="Work can be cut",
        phrase_of_table=lambda runtime: runtime.division,
        assumption=DefaultAssumption("not given: taken as one piece", order=1),
        relaxation=Relaxation("the work could be cut into steps", order=1),
        control=Toggle("Work can be cut into steps", order=1),
        synonyms="steps, checkpoint, resume, chunks, batch, split",
    )
    steps: float | None = field(
        replace(COUNT, accepted="a whole number of 1 or more", least=1, most=1e6),
        None,
        "into how many",
        is_axis=True,
        synonyms="checkpoints, chunks, stages",
    )
    state: float = field(
        SIZE,
        0.0,
        "what one step hands to the next",
        is_axis=True,
        noun="state between steps",
        origin="measured",
        synonyms="checkpoint, payload, handover",
    )
    interruptible: bool = field(
        SWITCH,
        False,
        "whether it may be stopped and begun again, as on Spot capacity",
        question="whether it may be stopped and begun again",
        is_asked=False,
        label="May be interrupted",
        relaxation=Relaxation("the work could be stopped and begun again", order=1),
        control=Toggle("Work may be stopped and begun again", in_drawer=True, order=1),
        synonyms="spot, preemptible, restart, retry",
    )
    once: bool = field(
        SWITCH,
        False,
        "whether it must not run twice",
        question="whether it must not run twice",
        is_asked=False,
        label="Must not run twice",
        assumption=DefaultAssumption("not given: the work may run twice", order=1),
        control=Toggle("Work must not run twice", in_drawer=True, order=1),
        synonyms="exactly once, idempotent, idempotency, duplicates, retry, at most once",
    )
    orchestrated: bool = field(
        SWITCH,
        False,
        "whether it is several services in steps, each retried and seen by itself",
        question="whether it is several services in steps, each retried and seen by itself",
        is_asked=False,
        label="Steps of several services",
        control=Toggle("Work is steps of several services", in_drawer=True, order=1),
        synonyms="workflow, saga, state machine, step functions, orchestration",
    )
    init: Timing | None = field(
        TIMES,
        None,
        "a cold start as measured; omitted: that of an empty function",
        synonyms="cold start, startup, start-up, boot, initialisation, initialization",
    )
    network: float | None = field(
        BANDWIDTH,
        None,
        "bandwidth between the work and S3; omitted: the constant in `data/constants.csv`",
        synonyms="S3 bandwidth, throughput, transfer",
    )

    @property
    def division(self) -> str:
        """Whether the work can be cut into steps, into how many, and with how much state, in words."""
        if not self.divisible:
            return "no"
        steps = f"into {format_number(self.steps)} steps" if self.steps else ""
        state = f"with {format_size(self.state)} of state" if self.state else ""
        return ", ".join(filter(None, ["yes", f"{steps} {state}".strip()]))


class Configuration(Section):
    """What the work reads when it starts; names and values are counted, never stored."""

    total: float = field(
        SIZE,
        0.0,
        "all of it, names and values",
        question="names and values together; or the dotenv that has them",
        suggestion="0 KB",
    )
    entries: float | None = field(
        COUNT,
        None,
        "how many; omitted: as many of the assumed size as the total holds",
        is_axis=True,
        assumption=DefaultAssumption("not given: as many as the total holds at the assumed size"),
        synonyms="environment variables, parameters, settings, keys",
    )
    largest: float | None = field(
        SIZE,
        None,
        "the largest value; omitted: total / entries",
        is_axis=True,
        synonyms="environment variables, longest value, certificate",
    )
    secrets: float = field(
        COUNT,
        0,
        "how many of the entries are secrets",
        question="how many of its entries are secrets",
        label="Secrets",
        phrase_of_table=lambda configuration: configuration.secret_count,
        is_axis=True,
        synonyms="passwords, credentials, keys, tokens, Secrets Manager, vault",
    )
    rotation: bool = field(
        SWITCH,
        False,
        "whether the secrets have to be rotated",
        question="whether they rotate",
        only_if="configuration.secrets",
        synonyms="rotate, expiry, passwords, credentials",
    )
    changes_without_deploy: bool = field(
        SWITCH,
        False,
        "whether it changes while the code does not",
        question="whether it changes between deploys",
        is_asked=False,
        label="Changes without a deploy",
        synonyms="feature flags, toggles, dynamic, AppConfig, reload",
    )
    dotenv: str | None = field(
        WORD,
        None,
        "a file of NAME=value lines that is counted, in place of `total`, `entries` and `largest`",
    )

    @model_validator(mode="before")
    @classmethod
    def _count_dotenv(cls, content: Any, info: ValidationInfo) -> Any:
        if isinstance(content, str | int | float) and not isinstance(content, bool):
            content = {"total": content}
        if isinstance(content, Mapping) and isinstance(content.get("dotenv"), str):
            doubled = next((name for name in ("total", "entries", "largest") if name in content), None)
            if doubled:
                raise field_error(f".{doubled} is given beside dotenv: expected one of them")
            return {**content, **count_dotenv(content["dotenv"], info)}
        return content

    @model_validator(mode="after")
    def _check_entries(self) -> Self:
        entries = self.entry_count
        if self.total > 0 and entries < 1:
            raise field_error(
                f".entries is {entries:g}: expected 1 or more with a total of {self.total:g} bytes"
            )
        if self.secrets > entries:
            raise field_error(f".secrets is {self.secrets:g}: expected at most entries = {entries:g}")
        if self.largest is not None and self.largest > self.total:
            raise field_error(f".largest is {self.largest:g} bytes: expected at most total = {self.total:g}")
        return self

    @property
    def entry_count(self) -> float:
        """The number of entries: as stated, or as many of the assumed size as the total holds."""
        if self.entries is not None:
            return self.entries
        return float(self.entries_of(self.total))

    @property
    def content(self) -> str:
        """The size and the number of entries, in words."""
        entries = f"{format_number(self.entry_count)} entries"
        return f"{format_size(self.total)} in {entries}" if self.total else "none"

    @property
    def secret_count(self) -> str:
        """The number of secrets, in words."""
        rotation = ", rotated" if self.rotation else ""
        return f"{format_number(self.secrets)}{rotation}" if self.secrets else "none"

    def entries_of(self, total: Number) -> Number:
        """The number of entries of the assumed size in a total [B], at least the number of secrets."""
        each = catalogue.constant("configuration.entry_bytes").value
        return np.maximum(np.ceil(total / each), self.secrets)


class Client(Section):
    """What the clients can do."""

    waits: float = field(
        WAIT,
        30.0,
        "how long the client keeps one exchange open before the first byte of the answer",
        question="how long a client waits for the first byte of an answer",
        suggestion="30 s",
        if_unknown="How long do its clients wait for an answer? Until you say, 30 s is assumed.",
        label="Client waits",
        phrase="{} for the first byte",
        is_axis=True,
        noun="client waits",
        origin="chosen",
        assumption=DefaultAssumption("not given"),
        relaxation=Relaxation("the client waited {}"),
        control=Slider(0.1, 3600),
        synonyms="timeout, time-out, deadline, patience, connection",
    )
    polls: bool = field(
        SWITCH,
        True,
        "whether it can ask for a status until the result is there",
        question="whether clients can ask for a status and come back",
        label="Client polls",
        assumption=DefaultAssumption("not given: taken as able to poll"),
        relaxation=Relaxation("the client polled a status"),
        control=Toggle("Client can poll"),
        synonyms="polling, poll, status, asynchronous, async, long-running",
    )
    collects: bool = field(
        SWITCH,
        True,
        "whether it wants the result; false: a webhook that is only acknowledged",
        question="whether they want the result at all",
        is_asked=False,
        label="Client collects the result",
        assumption=DefaultAssumption("not given: taken to want the result"),
        control=Toggle("Client wants the result", in_drawer=True),
        synonyms="webhook, fire and forget, acknowledge, asynchronous, async",
    )
    sockets: bool = field(
        SWITCH,
        False,
        "whether it can keep a WebSocket open",
        question="whether they can keep a WebSocket open",
        is_asked=False,
        label="Client keeps a WebSocket",
        relaxation=Relaxation("the client kept a WebSocket open"),
        control=Toggle("Client can keep a WebSocket", in_drawer=True),
        synonyms="WebSocket, push, real time, realtime, notification, SSE",
    )
    uploads: bool = field(
        SWITCH,
        True,
        "whether it can PUT to a signed URL",
        question="whether they can PUT to a signed URL",
        label="Client uploads to S3",
        assumption=DefaultAssumption("not given: taken as able to upload to a signed URL"),
        relaxation=Relaxation("the client uploaded to a signed URL"),
        control=Toggle("Client can upload to S3"),
        synonyms="presigned, signed URL, S3, multipart",
    )
    receives_callbacks: bool = field(
        SWITCH,
        False,
        "whether it can be called back",
        question="whether they can be called when it is done",
        is_asked=False,
        label="Client takes callbacks",
        relaxation=Relaxation("the client could be called back"),
        control=Toggle("Client can be called back"),
        synonyms="webhook, callback, callback URL, notify",
    )
    bandwidth: float = field(
        BANDWIDTH,
        2.5e6,
        "of the client's connection",
        question="of a client",
        suggestion="20 Mbit/s",
        is_asked=False,
        label="Bandwidth",
        is_axis=True,
        noun="client's bandwidth",
        origin="measured",
        assumption=DefaultAssumption("not given"),
        synonyms="network, throughput, Mbit/s, connection, download speed",
    )
    auth: Literal["none", "iam", "jwt"] | None = field(
        CHOICE,
        None,
        "what the door has to check; omitted: whatever the door has",
        question="none, iam or jwt; left out: whatever the door has",
        label="Authorisation",
        absent="whatever the door has",
        synonyms="authentication, authorization, login, IAM, JWT, OAuth, Cognito, token, security",
    )
    needs: tuple[Literal["custom-domain", "waf", "throttling", "usage-plans", "private"], ...] = field(
        CHOICES,
        (),
        "what the door has to offer besides",
        question="of custom-domain, waf, throttling, usage-plans, private",
        label="Needs of the door",
        absent="none",
        assumption=DefaultAssumption(
            "not given: no custom domain, WAF, throttling, usage plans or private access of the door's own"
        ),
        synonyms="firewall, WAF, custom domain, DNS, throttling, rate limit, API key, usage plan, quota,"
        " private, security",
    )

    headers: float | None = field(
        replace(SIZE, accepted="a size of at most 1 MB", most=1024.0**2),
        None,
        "of a request, with query, cookies and tokens; omitted: as the door's measured event has them",
        question="of a request, with query, cookies and tokens",
        is_asked=False,
        label="Headers of a request",
        absent="",
        is_axis=True,
        noun="request headers",
        origin="measured",
        synonyms="cookies, query string, token, header size",
    )


class Network(Section):
    """Which networks the work reaches."""

    vpc: bool = field(
        SWITCH,
        False,
        "whether the work reaches something private, such as a database",
        question="whether the work reaches something private, such as a database",
        is_asked=False,
        label="Work in a VPC",
        control=Toggle("Work reaches a private network", in_drawer=True, order=1),
        synonyms="database, RDS, subnet, private, VPC",
    )
    internet: bool = field(
        SWITCH,
        False,
        "whether it reaches the internet from there, by NAT gateways",
        question="whether it reaches the internet from there",
        is_asked=False,
        only_if="network.vpc",
        label="Internet from the VPC",
        control=Toggle("Work reaches the internet from there", in_drawer=True, order=1),
        synonyms="NAT, gateway, outbound, egress",
    )
    per_request: float | None = field(
        SIZE,
        None,
        "what one request exchanges with the internet; omitted: request and response together",
        is_asked=False,
        is_axis=True,
        noun="bytes exchanged with the internet",
        origin="measured",
        synonyms="NAT, outbound, egress, traffic",
    )


class Downstream(Section):
    """The system that the work calls."""

    concurrency: float | None = field(
        replace(COUNT, accepted="a whole number of 1 or more", least=1),
        None,
        "calls at once that what the work calls will bear",
        question="calls at once that what the work calls will bear",
        is_asked=False,
        label="Calls at once downstream",
        phrase="at most {}",
        absent="no limit",
        is_axis=True,
        noun="calls that the downstream bears",
        origin="measured",
        relaxation=Relaxation("what the work calls bore {} calls at once"),
        control=Slider(1, 10_000, "Downstream bears", absent="any", on_map=False, in_drawer=True),
        synonyms="database connections, connection pool, backend, back pressure, rate limit, RDS",
    )


class Targets(Section):
    """What is promised to the clients."""

    success: float = field(
        replace(SHARE, accepted="a share from 0.5 to 1, such as 0.999", least=0.5),
        0.999,
        "the share of requests that no limit may break",
        question="share of requests that must be answered",
        label="Requests that succeed",
        is_axis=True,
        ends=(0.5, 1.0),
        assumption=DefaultAssumption("not given", factors=(0.999, 1.001)),
        synonyms="SLO, SLA, availability, error rate, error budget, reliability, uptime",
    )
    latency_p95: float | None = field(
        WAIT,
        None,
        "95 % of the results are in hand within this time; omitted: no promise",
        question="from submitting to the whole result; left out: no promise",
        label="Result in hand, p95",
        absent="no promise",
        is_axis=True,
        noun="promised p95",
        origin="chosen",
        relaxation=Relaxation("the p95 were promised within {}"),
        control=Slider(0.1, 7 * DAY, "Promised p95", absent="none"),
        synonyms="SLO, SLA, latency, response time, timeout, deadline, performance",
    )
    first_byte_p95: float | None = field(
        WAIT,
        None,
        "95 % of the results have begun to arrive within this time; omitted: no promise",
        question="from submitting to the first byte of the result; left out: no promise",
        is_asked=False,
        label="First byte of the result, p95",
        absent="no promise",
        is_axis=True,
        noun="promised first byte, p95",
        origin="chosen",
        relaxation=Relaxation("the first byte's p95 were promised within {}"),
        control=Slider(0.1, 7 * DAY, "Promised first byte, p95", absent="none", in_drawer=True),
        synonyms="SLO, SLA, latency, TTFB, time to first byte, streaming",
    )


class Preferences(Section):
    """How costs are counted, and the price of one more moving part."""

    part_usd: float = field(
        USD,
        10.0,
        "what one more moving part is worth avoiding, USD a month",
        question="USD a month that one more moving part is worth avoiding",
        is_asked=False,
        label="One more part",
        phrase="counts as {} a month",
        is_axis=True,
        noun="USD a part",
        origin="chosen",
        assumption=DefaultAssumption("not given: USD a month that one more part is worth avoiding", order=1),
        control=Slider(1, 1000, "A part is worth", zero=True, on_map=False),
        synonyms="complexity, simplicity, operations, maintenance, cost of a part",
    )
    free_tier: bool = field(
        SWITCH,
        False,
        "whether the monthly free quantities are taken off",
        question="whether the monthly free quantities are counted",
        is_asked=False,
        label="Free tier",
        words=("taken off", "not counted"),
        synonyms="free, credits, allowance",
    )
    month_hours: float = field(
        replace(NUMBER, accepted="672 to 744 hours", least=672, most=744, show="{:g}".format),
        730.0,
        "hours in a month",
        label="A month",
        phrase="{} hours",
        synonyms="730, billing month",
    )
    discount: float = field(
        replace(SHARE, accepted="a share from 0 to 0.99", most=0.99, show=format_share),
        0.0,
        "share taken off every price",
        question="a share from 0 to 0.99",
        is_asked=False,
        label="Discount",
        phrase=format_percent,
        absent="",
        is_axis=True,
        ends=(0.01, 0.99),
        synonyms="EDP, private pricing, rebate, reduction",
    )
    savings_plan: Literal["none", "compute-1y", "compute-3y"] = field(
        CHOICE,
        "none",
        "a Compute Savings Plan without upfront payment, as if it covered all that it can",
        question="compute-1y or compute-3y",
        is_asked=False,
        label="Savings plan",
        control=Menu("Savings plan", in_drawer=True),
        synonyms="reserved, commitment, reservation, discount",
    )


class Decision(Section):
    """The details of a decision record."""

    context: str = field(
        PARAGRAPH,
        "",
        "why it has to be decided now, in a sentence or two",
    )
    date: str | None = field(DATE, None, "the day of the decision")
    deciders: tuple[str, ...] = field(NAMES, (), "who decides")
    status: Literal["proposed", "accepted", "rejected", "deprecated", "superseded"] = field(
        CHOICE, "proposed", "where the decision stands"
    )
    supersedes: str | None = field(NAME, None, "the record that this one replaces")


class Current(Section):
    """Today's design; concerns left out are filled by the best."""

    door: str | None = field(
        WORD,
        None,
        "its option, such as `rest-api`",
        question="today's: {options}; left out: none",
    )
    edge: str | None = field(WORD, None, "such as `cloudfront`")
    request: str | None = field(WORD, None, "such as `inline`")
    response: str | None = field(
        WORD,
        None,
        "such as `buffered`",
        question="today's, such as buffered",
        only_if="current.door",
    )
    compression: str | None = field(WORD, None, "such as `gzip`")
    execution: str | None = field(WORD, None, "such as `single`")
    initialization: str | None = field(WORD, None, "such as `on-demand`")
    configuration: str | None = field(WORD, None, "such as `environment`")


class Fields(Section):
    """The top-level fields of the file, and its tables."""

    name: str = field(NAME, "workload", "for people", question="what it is called", synonyms="title")
    region: str = field(
        REGION,
        "us-east-1",
        "where it runs, and whose prices count",
        question="the AWS region",
        if_unknown="In which AWS region does it run? Until you say, us-east-1 is assumed.",
        label="Region",
        control=Menu("Region"),
        synonyms="AWS region, location, data centre, data center, country, Frankfurt, Ireland, Virginia",
    )
    requests_per_month: float = field(
        replace(NUMBER, accepted="1 to 10 trillion requests a month", least=1, most=1e13),
        REQUIRED,
        "how many requests a month",
        missing="a number of requests such as 3_000_000",
        question="requests a month",
        suggestion=1_000_000,
        if_unknown="How many requests a month are there?",
        label="Requests a month",
        phrase_of_table=lambda w: (
            f"{format_number(w.requests_per_month)}, {format_number(w.mean_rps)} a second"
        ),
        is_axis=True,
        axis_unit="requests/month",
        noun="requests a month",
        origin="measured",
        break_evens=BreakEvenAxis("rate", "requests a month", 1e13, order=1),
        control=Slider(1e2, 1e11, order=-1),
        synonyms="traffic, rate, volume, load, calls, invocations, throughput, rps, tps, qps",
    )
    peak_rps: float | None = field(
        replace(NUMBER, accepted="more than 0 requests a second", least=1e-9, most=1e8),
        None,
        "requests a second at the peak; omitted: 5 times the mean, listed as an assumption",
        question="requests a second at the peak; left out: 5 times the mean",
        if_unknown="How many requests a second are there at the peak?"
        " Until you say, 5 x the mean is assumed.",
        label="Peak",
        phrase="{} a second",
        is_axis=True,
        axis_unit="requests/s",
        noun="peak rate",
        origin="measured",
        assumption=DefaultAssumption("no peak was given: five times the mean rate"),
        synonyms="rps, tps, qps, rate, throughput, burst, spike, traffic, load, requests per second",
    )
    peak_ramp: float = field(
        replace(TIME, accepted="a time from 1 s to 366 days", least=1.0),
        3600.0,
        "how long the load takes from its mean to its peak",
        question="how long the load takes from its mean to its peak",
        suggestion="1 hour",
        is_asked=False,
        label="Load rises within",
        is_axis=True,
        noun="rise to the peak",
        origin="measured",
        assumption=DefaultAssumption("not given", factors=(1 / 60, 2.0)),
        synonyms="burst, spike, scaling, scale up, ramp, surge",
    )
    request: Request = field(
        SIZES,
        lambda: Request.model_validate({}),
        "The request as the client sends it, before any encoding. Omitted: 1 KB.",
        question="as the client sends it",
        quantiles=(
            "half of the requests are at most this large, before any encoding",
            "99 % of them are; left out: all are one size",
        ),
        suggestion="1 KB",
        if_unknown="How large are the requests, before any encoding? Until you say, 1 KB is assumed.",
        label="Request",
        is_carried=True,
        is_axis=True,
        noun="median request",
        origin="measured",
        assumption=DefaultAssumption("no request size was given"),
        break_evens=BreakEvenAxis("median request", "bytes", LARGEST_SIZE),
        control=Slider(100, 5 * BYTES["GB"]),
        synonyms="payload, body, upload, input, size",
    )
    response: Response = field(
        SIZES,
        REQUIRED,
        "The response as the client wants it, before any encoding. Asked for.",
        missing='a size such as "2 MB", or a table of quantiles such as {p50 = "1 MB", p99 = "9 MB"}',
        question="as the client wants it",
        quantiles=(
            "half of the responses are at most this large",
            "99 % of them are; left out: all are one size",
        ),
        suggestion="100 KB",
        if_unknown='How large are the responses, before any encoding? Such as {p50 = "40 KB", p99 = "2 MB"}.',
        label="Response",
        is_carried=True,
        is_axis=True,
        noun="median response",
        origin="measured",
        break_evens=BreakEvenAxis("median response", "bytes", LARGEST_SIZE, order=-1),
        control=Slider(100, 5 * BYTES["GB"], order=-1),
        synonyms="payload, body, download, output, result, size",
    )
    runtime: Runtime = field(
        TIMES,
        REQUIRED,
        "The time of the work itself, warm. Asked for.",
        missing='a time such as "4 s", or a table of quantiles such as {p50 = "4 s", p99 = "40 s"}',
        question="of the work itself",
        quantiles=(
            "half of the work takes at most this long, warm",
            "99 % of it does; left out: always the same time",
        ),
        suggestion="500 ms",
        if_unknown='How long does the work take, warm? Such as {p50 = "400 ms", p99 = "3 s"}.',
        label="Run time",
        is_carried=True,
        is_axis=True,
        noun="median run time",
        origin="measured",
        break_evens=BreakEvenAxis("median run time", "s", LONGEST_TIME),
        control=Slider(1e-3, 7 * DAY),
        synonyms="duration, latency, execution time, processing time, how long, timeout",
    )
    configuration: Configuration = field(
        SIZES,
        Configuration,
        "What the work reads when it starts. Names and values are counted, never stored. Omitted: nothing.",
        question="what the work reads at its start: counted, never stored",
        if_unknown="How large is what it reads at its start? Until you say, nothing is assumed.",
        label="Configuration",
        phrase=lambda configuration: configuration.content,
        is_axis=True,
        origin="measured",
        break_evens=BreakEvenAxis("configuration", "bytes", LARGEST_CONFIGURATION, order=1),
        control=Slider(100, 4 * BYTES["MB"], zero=True),
        synonyms="environment variables, env, dotenv, settings, parameters, config",
    )
    client: Client = field(
        TABLE,
        Client,
        "What the callers can do.",
        question="what the callers can do",
        report_order=-1,
    )
    network: Network = field(TABLE, Network, "What the work reaches.", question="what the work reaches")
    downstream: Downstream = field(
        TABLE, Downstream, "What the work calls.", question="what the work calls will bear"
    )
    account: dict[str, float] = field(
        QUOTAS,
        dict,
        "Quotas as this account has them, in place of AWS's defaults, by the ids of limits that can be"
        " raised.",
        synonyms="quotas, limits, service quotas, concurrency limit, account limits",
    )
    targets: Targets = field(
        TABLE, Targets, "What is promised to the callers.", question="what is promised to them"
    )
    preferences: Preferences = field(
        TABLE, Preferences, "How money is counted.", question="how money is counted"
    )
    current: Current | None = field(
        TABLE,
        None,
        "What runs today, for the question what to change. Optional; concerns left out are filled by"
        " the best.",
        question="what runs today",
    )
    decision: Decision = field(
        TABLE,
        Decision,
        "What a report says of itself as a decision record. Nothing is chosen by it.",
        question="what a decision record says of itself",
    )
    times: dict[str, Timing] = field(
        TABLE_OF_TIMES,
        dict,
        "Times that were measured, in place of those in `data/times.csv`, by their ids there."
        " Written by `ex.calibrate`.",
    )


FIELDS: tuple[Field, ...] = tuple(walk_fields(Fields))
SPREADS: tuple[str, ...] = tuple(f.path for f in FIELDS if f.quantiles)  # top-level distributions
NEEDS = next(f.choices for f in FIELDS if f.path == "client.needs")


@cache
def by_path() -> Mapping[str, Field]:
    """The records by dotted path."""
    return {record.path: record for record in FIELDS}


def synonyms(names: Iterable[str] | None = None) -> dict[str, str]:
    """The other words of fields, by dotted path; of all fields, or of `names`."""
    records = by_path()
    return {name: records[name].synonyms for name in (names or records) if name in records}


def fields_with(part: str) -> list[Field]:
    """The records with a part such as "assumption", in the order in which readers show them."""
    having = [record for record in FIELDS if getattr(record, part)]
    return sorted(having, key=lambda record: getattr(record, part).order)
