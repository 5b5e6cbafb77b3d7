"""API Gateway's execution log: many lines per request, one of them with the integration's latency."""

from __future__ import annotations

import re

from explorer.ingest.frame import Part
from explorer.ingest.sources import lines_of

from .exchanges import WAIT_NOTE, Layout, rows

MARK = re.compile(
    r"\([0-9a-f]{8}-[0-9a-f-]{27}\) (?:Method (?:completed|request|response)|Endpoint (?:request|response)"
    r"|Received response|Starting execution|Successfully completed|Extended Request Id|Execution failed"
    r"|Verifying|Sending request)"
)
LATENCY = r"\(([0-9a-f-]{36})\) Received response\. Status: (\d{3}), Integration latency: (\d+) ms"
COMPLETED = r"\(([0-9a-f-]{36})\) Method completed with status: (\d{3})"
SIZES_NOTE = "an execution log cuts bodies off, so it tells no sizes: an access log does"
DATE = r"[A-Z][a-z]{2} ([A-Z][a-z]{2}) (\d{2}) (\d{2}:\d{2}:\d{2}) UTC (\d{4}) :"  # before console tests


def is_execution_log(lines: list[str]) -> bool:
    """Whether lines are of an execution log."""
    return sum(MARK.search(line) is not None for line in lines) * 2 > len(lines)


def read(block: bytes) -> list[Part]:
    """The requests of a block of lines; a request split between two blocks counts once."""
    import polars as pl

    lines = lines_of(block)
    line = pl.col("line")
    groups = line.str.extract_groups(LATENCY).struct.rename_fields(["id", "status", "ms"])
    latency = lines.select(line, groups.struct.unnest())
    waited = latency.filter(pl.col("id").is_not_null())
    ended = lines.select(
        line, line.str.extract_groups(COMPLETED).struct.rename_fields(["id", "final"]).struct.unnest()
    )
    ended = ended.filter(pl.col("id").is_not_null())
    final = ended.select("id", "final").unique("id", keep="last")
    waited = (
        waited.join(final, on="id", how="left")
        .with_columns(status=pl.coalesce("final", "status"))
        .drop("final")
    )
    alone = ended.join(waited, on="id", how="anti").rename({"final": "status"})  # the gateway itself answered
    requests = pl.concat([waited, alone], how="diagonal").rename({"ms": "duration_ms"})
    if not requests.height:
        part = Part(read=lines.height)
    else:
        clock = line.str.extract_groups(DATE).struct
        date = clock[1] + "/" + clock[0] + "/" + clock[3] + ":" + clock[2] + " +0000"
        requests = requests.with_columns(
            at=pl.coalesce(date, line.str.extract(r"^(.*?)\([0-9a-f-]{36}\)", 1))
        )
        requests = requests.with_columns(at=pl.when(pl.col("at") != "").then("at"))
        part = rows(requests, Layout("API Gateway", {}, (WAIT_NOTE, SIZES_NOTE)), lines.height)
        if part.rows is not None:
            part.rows = part.rows.with_columns(key=requests["id"].hash())
    part.ignored_lines["lines of the same requests: headers, bodies, steps"] += lines.height - part.used_lines
    part.ignored_lines = +part.ignored_lines
    return [part]
