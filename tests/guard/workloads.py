"""The workloads that both sides answer for: three hundred made from a seed, and the examples.

Nothing here knows the package: a workload is the text of its file, with the files beside it. Each one
has a generator of its own, so that one more changes none of the others.
"""

from __future__ import annotations

import json
import math
import random
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

SEED = "guard-1"
COUNT = 300
SAMPLE = tuple(range(0, COUNT, 14))  # of the numbers: 22, beside the examples

REGIONS = ("us-east-1", "eu-west-1", "eu-central-1", "us-west-2", "sa-east-1", "ap-southeast-2", "ap-south-1")
LANGUAGES = ("python3.13", "python3.11", "nodejs22.x", "java21", "go", "rust", "dotnet8", "ruby3.3", "bun")
NEEDS = ("custom-domain", "waf", "throttling", "usage-plans", "private")
OPTIONS = {
    "edge": ("none", "cloudfront"),
    "door": ("function-url", "http-api", "rest-api", "alb"),
    "request": ("inline", "presigned-upload"),
    "response": ("buffered", "streamed", "paged", "stored", "callback", "pushed", "accepted"),
    "compression": ("none", "gzip"),
    "execution": (
        "single",
        "queued",
        "managed-instance",
        "fargate",
        "service",
        "recursion",
        "durable",
        "step-functions",
        "express",
    ),
    "initialization": ("on-demand", "provisioned-concurrency", "snap-start"),
    "configuration": (
        "environment",
        "bundled",
        "parameter-store",
        "parameter-store-advanced",
        "secrets-manager",
        "appconfig",
    ),
}
QUOTAS = {  # of an account, from where to where
    "lambda.concurrency": (100, 20_000),
    "apigw.throttle": (1000, 50_000),
}
TIMES = ("exchange.rtt", "door.http-api", "door.rest-api", "s3.request", "ecs.start", "ssm.get")
AXES = {  # what may vary, and from where to where
    "request": (100, 5e7),
    "response": (100, 5e8),
    "runtime": (0.01, 5e4),
    "configuration": (3072, 60_000),
    "requests_per_month": (1e3, 1e9),
    "response.compression": (0.05, 1),
    "response.cacheable": (0.01, 0.99),
    "response.kept": (3600, 3e6),
    "runtime.memory": (128, 10_240),
    "runtime.cpu": (0.01, 1),
    "network.per_request": (100, 1e6),
    "client.waits": (1, 900),
    "client.bandwidth": (1e5, 1e8),
    "targets.success": (0.9, 0.9999),
    "preferences.part_usd": (0.5, 500),
    "preferences.discount": (0.01, 0.5),
}
GROWTH_FIELDS = ("requests_per_month", "request", "response", "runtime", "configuration", "client.waits")


@dataclass(frozen=True)
class Inquiry:
    """A workload file by its text, and what is asked about it."""

    name: str
    text: str
    files: Mapping[str, str] = field(default_factory=dict)  # that lie beside it
    region: str | None = None  # other than its own
    designs: tuple[str, ...] = ()
    growth: tuple[str, ...] = ()
    months: int = 12
    grid: Mapping[str, tuple[float, ...]] = field(default_factory=dict)


def generated(numbers: Sequence[int] = range(COUNT)) -> list[Inquiry]:
    """The workloads of these numbers."""
    return [_Maker(number).inquiry() for number in numbers]


def examples(folder: Path) -> list[Inquiry]:
    """The example workloads of a folder, with what is asked about each."""
    return [_Maker(path.stem).with_questions(path.stem, path.read_text(encoding="utf-8"), {})
            for path in sorted(folder.glob("*.toml"))]  # fmt: skip


class _Maker:
    """One workload, from a generator of its own. `random()` alone is drawn: it is the same everywhere."""

    def __init__(self, number: int | str) -> None:
        self.number = number
        self.draw = random.Random(f"{SEED}/{number}").random
        self.files: dict[str, str] = {}

    # Draws ------------------------------------------------------------------------------------------

    def chance(self, share: float) -> bool:
        return self.draw() < share

    def pick(self, values: Sequence[Any]) -> Any:
        return values[int(self.draw() * len(values))]

    def between(self, low: float, high: float, digits: int = 3) -> float:
        """A number, evenly in its logarithm, as a person would write it."""
        return float(f"{math.exp(math.log(low) + self.draw() * math.log(high / low)):.{digits}g}")

    def some(self, values: Sequence[Any], share: float) -> list[Any]:
        return [value for value in values if self.chance(share)]

    # The file ---------------------------------------------------------------------------------------

    def inquiry(self) -> Inquiry:
        """The workload: of a kind by turns, so that every kind is there often."""
        kinds: tuple[Callable[[dict[str, Any]], None], ...] = (
            self._web, self._large_answers, self._uploads, self._long, self._secretive,
            self._tiny, self._huge, self._infeasible, self._anything, self._batch,
        )  # fmt: skip
        fields = self._anywhere()
        kinds[int(self.number) % len(kinds)](fields)
        self._consistent(fields)
        return self.with_questions(f"w{int(self.number):03}", toml(fields), self.files)

    def with_questions(self, name: str, text: str, files: Mapping[str, str]) -> Inquiry:
        """A workload with what is asked about it."""
        return Inquiry(
            name,
            text,
            files,
            self.pick(REGIONS) if self.chance(0.2) else None,
            (self._design(len(OPTIONS)), self._design(1 + int(self.draw() * 3)), self._design(1)),
            tuple(
                f"{axis}={self._rate()}" for axis in self._distinct(GROWTH_FIELDS, 1 + int(self.draw() * 2))
            ),
            self.pick((6, 12, 24, 36)),
            {axis: self._values(axis) for axis in self._distinct(tuple(AXES), 2 + self.chance(0.25))},
        )

    def _distinct(self, values: Sequence[str], count: int) -> list[str]:
        distinct: list[str] = []
        while len(distinct) < count:
            value = self.pick(values)
            if value not in distinct:
                distinct.append(value)
        return distinct

    def _design(self, concerns: int) -> str:
        names = self._distinct(tuple(OPTIONS), concerns)
        return ",".join(f"{name}={self.pick(OPTIONS[name])}" for name in OPTIONS if name in names)

    def _rate(self) -> str:
        return self.pick(("3%/month", "30 %/year", "0.05", "-2%", "12%/month", "100%/year"))

    def _values(self, axis: str) -> tuple[float, ...]:
        low, high = AXES[axis]
        count = 2 + int(self.draw() * 3)
        return tuple(sorted(self.between(low, high) for _ in range(count)))

    def _anywhere(self) -> dict[str, Any]:
        """What any workload may say."""
        fields: dict[str, Any] = {"requests_per_month": int(self.between(1e3, 1e8))}
        if self.chance(0.8):
            fields["name"] = f"Workload {self.number}"
        if self.chance(0.7):
            fields["region"] = self.pick(REGIONS)
        fields["response"] = self._spread("response", self.between(200, 5e5), self._bytes)
        fields["runtime"] = self._spread("runtime", self.between(0.01, 2), self._seconds)
        if self.chance(0.6):
            fields["request"] = self._spread("request", self.between(100, 3e4), self._bytes)
        if self.chance(0.5):
            fields["peak_factor"] = self.between(1.1, 60)
        fields["client"] = self._client()
        if self.chance(0.6):
            fields["configuration"] = self._configuration(self.between(200, 3e4))
        if self.chance(0.5):
            fields["targets"] = self._targets()
        if self.chance(0.4):
            fields["preferences"] = self._preferences()
        if self.chance(0.3):
            fields["current"] = {name: self.pick(OPTIONS[name]) for name in ("door", "response")}
            if self.chance(0.5):
                del fields["current"]["response"]
        if self.chance(0.1):
            fields["times"] = {
                name: self._spread("times", self.between(0.002, 0.2), self._seconds)
                for name in self._distinct(TIMES, 2)
            }
        if self.chance(0.2):
            fields["peak_ramp"] = self.pick(("1 min", "10 min", "1 hour", "6 hours", 120))
        if self.chance(0.25):
            fields["network"] = self._network()
        if self.chance(0.15):
            fields["downstream"] = {"concurrency": int(self.between(1, 3000))}
        if self.chance(0.15):
            quota = self.pick(tuple(QUOTAS))
            fields["account"] = {quota: int(self.between(*QUOTAS[quota]))}
        return fields

    def _network(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"vpc": self.chance(0.7)}
        if fields["vpc"]:
            fields["internet"] = self.chance(0.5)
        if self.chance(0.5):
            fields["per_request"] = self._bytes(self.between(100, 1e6))
        return fields

    def _client(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.chance(0.6):
            fields["waits"] = self._seconds(self.pick((2, 5, 10, 25, 29, 30, 60, 300, 900)))
        for name, share in (("polls", 0.6), ("uploads", 0.5), ("receives_callbacks", 0.3), ("sockets", 0.3)):
            if self.chance(share):
                fields[name] = self.chance(0.5)
        if self.chance(0.2):
            fields["collects"] = self.chance(0.5)
        if self.chance(0.3):
            fields["bandwidth"] = self.pick(("2 Mbit/s", "20 Mbit/s", "100 Mbit/s", "5 MB/s", 1_250_000))
        if self.chance(0.3):
            fields["auth"] = self.pick(("none", "iam", "jwt"))
        if self.chance(0.25):
            fields["needs"] = self.some(NEEDS, 0.35)
        if self.chance(0.15):
            fields["headers"] = self._bytes(self.between(200, 9000))
        return fields

    def _configuration(self, total: float) -> Any:
        if self.chance(0.1):
            return self._bytes(total)
        if self.chance(0.15):
            self.files[f"{self.number}.env"] = "".join(
                f"NAME_{n}={'x' * int(self.between(4, 900))}\n" for n in range(1 + int(self.draw() * 30))
            )
            fields: dict[str, Any] = {"dotenv": f"{self.number}.env"}
        else:
            fields = {"total": self._bytes(total)}
            if self.chance(0.6):
                fields["entries"] = max(4, int(total / self.between(40, 900)))
            if self.chance(0.3):
                fields["largest"] = int(total * (0.2 + 0.6 * self.draw()))
        if self.chance(0.5):
            fields["secrets"] = int(self.draw() * 4) if "entries" in fields else int(self.chance(0.7))
            fields["rotation"] = self.chance(0.5)
        if self.chance(0.3):
            fields["changes_without_deploy"] = self.chance(0.5)
        return fields

    def _targets(self) -> dict[str, Any]:
        fields: dict[str, Any] = {"success": self.pick((0.9, 0.95, 0.99, 0.999, 0.9999, 1))}
        if self.chance(0.5):
            fields["latency_p95"] = self._seconds(self.between(0.3, 3000))
        if self.chance(0.2):
            fields["first_byte_p95"] = self._seconds(self.between(0.1, 300))
        return fields

    def _preferences(self) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        if self.chance(0.6):
            fields["part_usd"] = self.pick((0, 1, 2.5, 10, 50, 100, 1000))
        if self.chance(0.5):
            fields["free_tier"] = self.chance(0.7)
        if self.chance(0.3):
            fields["discount"] = self.pick((0, 0.05, 0.2, 0.5))
        if self.chance(0.3):
            fields["month_hours"] = self.pick((672, 720, 730, 744))
        if self.chance(0.25):
            fields["savings_plan"] = self.pick(("none", "compute-1y", "compute-3y"))
        return fields

    # Kinds ------------------------------------------------------------------------------------------

    def _web(self, fields: dict[str, Any]) -> None:
        """Small and quick answers, often."""
        fields["requests_per_month"] = int(self.between(1e6, 3e9))
        fields["runtime"] = self._spread("runtime", self.between(0.01, 2), self._seconds, table=True)
        self._sizes(fields["runtime"])

    def _large_answers(self, fields: dict[str, Any]) -> None:
        """Answers about the limits of a payload."""
        fields["response"] = self._spread("response", self.between(5e5, 3e8), self._bytes, table=True)
        fields["response"] |= {"binary": self.chance(0.5), "divisible": self.chance(0.4)}
        if self.chance(0.5):
            fields["response"]["compression"] = self.between(0.05, 1)
        if self.chance(0.3):
            fields["response"]["cacheable"] = round(self.draw(), 3)
        if self.chance(0.5):
            fields["response"]["kept"] = self.pick(("1 hour", "1 day", "7 days", "30 days", 3600))
        fields["requests_per_month"] = int(self.between(1e3, 3e6))

    def _uploads(self, fields: dict[str, Any]) -> None:
        """Requests about the limits of a payload."""
        fields["request"] = self._spread("request", self.between(1e5, 1e8), self._bytes, table=True)
        fields["request"]["binary"] = self.chance(0.6)
        fields["requests_per_month"] = int(self.between(1e3, 3e6))

    def _long(self, fields: dict[str, Any]) -> None:
        """Work of seconds to hours, some of it in steps."""
        fields["runtime"] = self._spread("runtime", self.between(5, 6000), self._seconds, table=True)
        self._work(fields["runtime"])
        fields["requests_per_month"] = int(self.between(100, 1e6))
        if self.chance(0.7):
            fields["client"]["polls"] = True

    def _secretive(self, fields: dict[str, Any]) -> None:
        """Configuration about the limit of the environment."""
        total = self.between(2000, 2e5)
        fields["configuration"] = self._configuration(total)
        fields["runtime"] = self._spread("runtime", self.between(0.05, 20), self._seconds, table=True)
        self._work(fields["runtime"])

    def _tiny(self, fields: dict[str, Any]) -> None:
        """The least that there is, and next to nothing."""
        fields["requests_per_month"] = self.pick((1, 2, 10, 1000))
        fields["response"] = self.pick((0, 1, "1 B", "10 bytes", 0.5))
        fields["runtime"] = self.pick((0, "1 ms", "100 us", 0.001))
        if self.chance(0.5):
            fields["request"] = self.pick((0, "1 KB", 1))

    def _huge(self, fields: dict[str, Any]) -> None:
        """Rates and sizes far out."""
        fields["requests_per_month"] = int(self.between(1e9, 1e12))
        if self.chance(0.5):
            fields["response"] = self._spread("response", self.between(1e6, 1e10), self._bytes)
        if self.chance(0.4):
            fields["runtime"] = self._spread("runtime", self.between(0.1, 1e3), self._seconds)

    def _infeasible(self, fields: dict[str, Any]) -> None:
        """What no design can serve, or nearly none."""
        fields["response"] = self._spread("response", self.between(1e8, 1e11), self._bytes)
        fields["runtime"] = self._spread("runtime", self.between(1e3, 3e6), self._seconds)
        fields["client"] |= {"polls": self.chance(0.3), "waits": self._seconds(self.between(1, 60))}
        fields["targets"] = {"success": 0.9999}
        if self.chance(0.5):
            fields["targets"]["latency_p95"] = self._seconds(self.between(0.01, 10))

    def _anything(self, fields: dict[str, Any]) -> None:
        """Each spread anywhere."""
        fields["response"] = self._spread("response", self.between(100, 1e9), self._bytes)
        fields["request"] = self._spread("request", self.between(100, 1e8), self._bytes)
        fields["runtime"] = self._spread("runtime", self.between(0.001, 1e5), self._seconds)

    def _batch(self, fields: dict[str, Any]) -> None:
        """Long work that can be cut, for clients that come back or are called."""
        fields["requests_per_month"] = int(self.between(10, 1e5))
        fields["runtime"] = self._spread("runtime", self.between(300, 90_000), self._seconds, table=True)
        fields["runtime"] |= {
            "divisible": True,
            "steps": int(self.between(2, 3000)),
            "state": self._bytes(self.between(10, 3e6)),
        }
        fields["client"] |= {"polls": self.chance(0.8), "receives_callbacks": self.chance(0.5)}
        fields.get("targets", {}).pop("latency_p95", None)

    def _work(self, runtime: dict[str, Any]) -> None:
        """The other fields of the work."""
        if self.chance(0.5):
            runtime["divisible"] = self.chance(0.7)
        if runtime.get("divisible") and self.chance(0.8):
            runtime["steps"] = int(self.between(2, 500))
            runtime["state"] = self._bytes(self.between(100, 5e6))
        if self.chance(0.6):
            runtime["memory"] = self.pick((128, "512 MB", 1024, "1769 MB", "3 GB", 10240, "30 GB"))
        if self.chance(0.3):
            runtime["architecture"] = self.pick(("arm64", "x86_64"))
        if self.chance(0.4):
            runtime["language"] = self.pick(LANGUAGES)
        if self.chance(0.2):
            runtime["init"] = self._spread("init", self.between(0.1, 8), self._seconds)
        if self.chance(0.2):
            runtime["network"] = self.pick(("500 Mbit/s", "70 MB/s", 1e7))
        for name in ("interruptible", "once", "orchestrated"):
            if self.chance(0.15):
                runtime[name] = self.chance(0.7)
        self._sizes(runtime)

    def _sizes(self, runtime: dict[str, Any]) -> None:
        """How the work computes, and whether its sizes are left open."""
        if self.chance(0.3):
            runtime["cpu"] = self.pick((0.001, 0.05, 0.3, 0.8, 1))
        if self.chance(0.2):
            runtime["threads"] = self.pick((1, 2, 6))
        if self.chance(0.15):
            runtime["memory"] = "any"
            if self.chance(0.5):
                runtime["used"] = self.pick(("100 MB", "400 MB", "2 GB"))
        if self.chance(0.15):
            runtime["architecture"] = "any"

    # Spreads ----------------------------------------------------------------------------------------

    def _spread(
        self, name: str, median: float, format_value: Callable[[float], Any], table: bool = False
    ) -> Any:
        """A distribution about a median, in one of the forms that a file may have."""
        form = self.draw()
        if form < 0.25:
            value = format_value(median)
            return {"value": value} if table else value
        if form < 0.75:
            return self._quantiles(median, format_value)
        if form < 0.8:
            return {"max": format_value(median * self.between(1, 20))}
        if form < 0.9 or name in ("times", "init"):
            return {"samples": [float(f"{median * self._turn():.4g}") for _ in range(30)]}
        return self._file(name, median)

    def _turn(self) -> float:
        """A factor about 1, lognormal but for its far tails."""
        return math.exp(1.1 * (self.draw() + self.draw() + self.draw() - 1.5))

    def _quantiles(self, median: float, format_value: Callable[[float], Any]) -> dict[str, Any]:
        fields = {"p50": format_value(median)}
        spread = self.between(1.05, 40)
        if self.chance(0.2):
            fields = {"p10": format_value(median / spread**0.5), **fields}
        if self.chance(0.4):
            fields["p90"] = format_value(median * spread**0.55)
        if self.chance(0.8) or len(fields) == 1:
            fields["p99"] = format_value(median * spread)
        if self.chance(0.2):
            fields["p99.9"] = format_value(median * spread**1.3)
        if self.chance(0.35):
            fields["max"] = format_value(median * spread**1.5)
        return fields

    def _file(self, name: str, median: float) -> dict[str, Any]:
        """Samples in a file beside the workload."""
        numbers = [f"{median * self._turn():.5g}" for _ in range(60)]
        form = self.pick(("txt", "csv", "columns"))
        path = f"{self.number}-{name}.{'txt' if form == 'txt' else 'csv'}"
        if form == "txt":
            self.files[path] = "".join(f"{number}\n" for number in numbers)
            return {"samples": path}
        if form == "csv":
            self.files[path] = f"{name}\n" + "".join(f"{number}\n" for number in numbers)
            return {"samples": path}
        self.files[path] = "at,size\n" + "".join(f"{n},{number}\n" for n, number in enumerate(numbers))
        return {"samples": path, "column": "size"}

    def _bytes(self, size: float) -> Any:
        if self.chance(0.3):
            return int(size)
        for unit, factor in (("GB", 1024**3), ("MB", 1024**2), ("KB", 1024)):
            if size >= factor:
                return f"{size / factor:.4g} {unit}"
        return f"{size:.4g} bytes"

    def _seconds(self, time: float) -> Any:
        if self.chance(0.3):
            return float(f"{time:.5g}")
        for unit, factor in (("h", 3600), ("min", 60), ("s", 1), ("ms", 1e-3)):
            if time >= factor:
                return f"{time / factor:.4f} {unit}"
        return f"{time * 1e6:.4f} us"

    def _consistent(self, fields: dict[str, Any]) -> None:
        """Nothing that a workload refuses: the refusals are cases of their own."""
        factor = fields.pop("peak_factor", None)
        if factor:
            hours = fields.get("preferences", {}).get("month_hours", 730)
            fields["peak_rps"] = float(f"{fields['requests_per_month'] / hours / 3600 * factor:.6g}")


def toml(tables: Mapping[str, Any]) -> str:
    """A workload file."""
    plain = {key: value for key, value in tables.items() if not isinstance(value, Mapping)}
    lines = [f"{_key(key)} = {_value(value)}" for key, value in plain.items()]
    for name, table in tables.items():
        if isinstance(table, Mapping):
            lines += ["", f"[{name}]", *(f"{_key(key)} = {_value(value)}" for key, value in table.items())]
    return "\n".join(lines) + "\n"


def _key(key: str) -> str:
    return key if re.fullmatch(r"[A-Za-z0-9_-]+", key) else json.dumps(key)


def _value(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{_key(key)} = {_value(inner)}" for key, inner in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, float):
        return repr(value)
    return json.dumps(value, ensure_ascii=False)
