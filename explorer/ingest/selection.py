"""Select the requests that count: by time, status and path; recognise health checks and static files."""

from __future__ import annotations

import fnmatch
import re
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from explorer.errors import ExplorerError

if TYPE_CHECKING:
    import polars as pl

HEALTH, STATIC = "health checks", "static files"  # not real use of the API
STATUS = re.compile(r"([1-5])(?:xx|XX)|([1-5]\d\d)(?:-([1-5]\d\d))?")
REGULAR = re.compile(r"[\\^$|()+]")
CHECKED = (
    r"(?i)^/(?:[\w.-]+/)?(?:_?health(?:[_-]?check|z)?|healthz|livez|readyz|liveness|readiness|heartbeat|"
)
HEALTH_PATH = CHECKED + r"ping|actuator/health(?:/\w+)?|nginx_status|server-status)/?$"
HEALTH_AGENT = (
    r"(?i)ELB-HealthChecker|kube-probe|GoogleHC|Amazon-Route53-Health|HealthChecker|UptimeRobot|Pingdom"
)
STATIC_PATH = r"(?i)\.(?:js|mjs|css|map|png|jpe?g|gif|svg|ico|webp|avif|woff2?|ttf|otf|eot)$|^/robots\.txt$"
NO_TIME = "lines without a time, which --since and --until need"
NOT_IN_TIME = "lines outside --since and --until"
NOT_SELECTED = "requests that --include and --exclude leave out"
NO_PATH = "lines without the path or status that --include needs"


@dataclass(frozen=True)
class Pattern:
    """One --include or --exclude: statuses, or paths as a regular expression."""

    least: int = 0
    most: int = 0
    path: str = ""

    @classmethod
    def read(cls, text: str, option: str) -> Pattern:
        """Parse a pattern from the command line.

        "404", "4xx" and "400-499" are statuses. Anything else is a path: a shell pattern ("*.js",
        "/static/*"), a regular expression if it contains special characters ("^/v1/(a|b)$"), or a prefix that
        ends at a slash or at the end of the path ("/health").

        Raises ExplorerError for an invalid regular expression.

        Examples
        --------
        >>> Pattern.read("5xx", "--exclude")
        Pattern(least=500, most=599, path='')
        """
        if match := STATUS.fullmatch(text):
            least = int(match[1]) * 100 if match[1] else int(match[2])
            return cls(least, least + 99 if match[1] else int(match[3] or match[2]))
        if REGULAR.search(text):
            path = text
        elif re.search(r"[*?\[]", text):
            path = "(?s)^" + fnmatch.translate(text).removeprefix("(?s:").replace(r")\Z", "$").replace(
                r")\z", "$"
            )
        else:
            path = "^" + re.escape(text.rstrip("/")) + "(?:/|$)"
        import polars as pl

        try:
            pl.Series([""]).str.contains(path)
        except pl.exceptions.PolarsError:
            path = ""
        if not text or not path:
            raise ExplorerError(
                f'{option} is "{text}": expected a status (404, 5xx), or a path (/v1/*, *.js)'
            )
        return cls(path=path)

    def matches(self) -> pl.Expr:
        """Whether a row matches; null if it has no status or path."""
        import polars as pl

        if self.path:
            return pl.col("path").str.contains(self.path)
        return pl.col("status").is_between(self.least, self.most)


@dataclass(frozen=True)
class Selection:
    """Requests from `since` to `until` [epoch s] that match one of `include` and none of `exclude`."""

    include: tuple[Pattern, ...] = ()
    exclude: tuple[Pattern, ...] = ()
    since: float | None = None
    until: float | None = None

    @property
    def is_all(self) -> bool:
        """Whether there are no criteria, so that all requests count."""
        return self == Selection()

    def select(self, rows: pl.DataFrame) -> tuple[pl.DataFrame, Counter[str]]:
        """The rows that count, and the number of other rows by reason."""
        import polars as pl

        left_out: Counter[str] = Counter()
        if self.is_all:
            return rows, left_out
        if self.since is not None or self.until is not None:
            rows = self._in_time(rows, left_out)
        if self.include or self.exclude:
            absent = {"path": pl.String, "status": pl.Float64}.items()
            rows = rows.with_columns(
                pl.lit(None, kind).alias(name) for name, kind in absent if name not in rows.columns
            )
            if self.include:
                is_included = pl.any_horizontal(one.matches() for one in self.include)
                unknown = rows.filter(is_included.is_null()).height
                matching = rows.filter(is_included.fill_null(False))
                left_out += Counter({NO_PATH: unknown, NOT_SELECTED: rows.height - matching.height - unknown})
                rows = matching.with_columns(
                    pl.lit(None, pl.String).alias("aside")
                )  # an explicit --include wins
            if self.exclude:
                matching = rows.filter(
                    ~pl.any_horizontal(one.matches().fill_null(False) for one in self.exclude)
                )
                left_out[NOT_SELECTED] += rows.height - matching.height
                rows = matching
        return rows, +left_out

    def _in_time(self, rows: pl.DataFrame, left_out: Counter[str]) -> pl.DataFrame:
        import polars as pl

        if "time_s" not in rows.columns:
            left_out[NO_TIME] += rows.height
            return rows.clear()
        timed = rows.filter(pl.col("time_s").is_not_null())
        left_out[NO_TIME] += rows.height - timed.height
        least = self.since if self.since is not None else float("-inf")
        most = self.until if self.until is not None else float("inf")
        in_range = timed.filter(pl.col("time_s").is_between(least, most, closed="left"))
        left_out[NOT_IN_TIME] += timed.height - in_range.height
        return in_range


def aside(path: pl.Expr, agent: pl.Expr | None = None) -> pl.Expr:
    """Classify requests by path and user agent as "health checks" or "static files"; else null."""
    import polars as pl

    checked = path.str.contains(HEALTH_PATH)
    if agent is not None:
        checked = checked.fill_null(False) | agent.str.contains(HEALTH_AGENT).fill_null(False)
    return pl.when(checked).then(pl.lit(HEALTH)).when(path.str.contains(STATIC_PATH)).then(pl.lit(STATIC))
