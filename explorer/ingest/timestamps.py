"""Convert times of day in logs to epoch seconds, a column at a time."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl

ISO = r"([0-9]{4}-[0-9]{2}-[0-9]{2})[T ]([0-9]{2}:[0-9]{2}:[0-9]{2})[.,]?([0-9]*) ?([+-][0-9]{2}:?[0-9]{2})?"
EPOCH = r'(?i)time(?:stamp|epoch)?\\*"\s*:\s*\\*"?(1[0-9]{9}|1[0-9]{12})[^0-9]'
CLF = r"([0-9]{2}/[A-Za-z]{3}/[0-9]{4})[: ]([0-9]{2}:[0-9]{2}:[0-9]{2})(?:[.][0-9]+)?(?: ([+-][0-9]{4}))?"
SLASHED = r"\b([0-9]{4})/([0-9]{2})/([0-9]{2}) (?:- )?([0-9]{2}:[0-9]{2}:[0-9]{2})"  # Gin, nginx


def seconds(texts: pl.Series) -> pl.Series:
    """Whole epoch seconds of the first time of day in each text; null if there is none."""
    import polars as pl

    text = pl.col("text")
    frame = pl.DataFrame({"text": texts}).with_row_index("row")
    plain = text.str.slice(0, 19).str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="ms")
    times = frame.with_columns(
        at=plain.dt.epoch("s").cast(pl.Float64),
        zulu=text.str.slice(19, 40).str.contains(r"^(?:[.,][0-9]+)?(?:Z|[+]00:?00)"),
    )
    easy = times["at"].is_not_null() & times["zulu"].fill_null(False)
    if easy.all():
        return times["at"].rename("time_s")
    hard = frame.filter(~easy).select(
        "row", pl.coalesce(_iso(text), _clf(text), _with_slashes(text), _epoch(text)).alias("hard")
    )
    at = pl.coalesce(pl.when(easy).then("at"), "hard")
    return times.join(hard, on="row", how="left", maintain_order="left").select(at.alias("time_s"))["time_s"]


def moments(values: pl.Series) -> pl.Series:
    """Epoch seconds of a time field: a date as text, or epoch seconds, ms, us or ns."""
    import polars as pl

    if values.dtype != pl.String:
        numbers, texts = values.cast(pl.Float64, strict=False), None
    else:
        numbers = values.cast(pl.Float64, strict=False)
        hard = values.is_not_null() & numbers.is_null()
        texts = None
        if hard.any():
            texts = _clf_alone(values)
            texts = seconds(values) if texts is None else texts
    number = pl.col("number")
    scaled = pl.DataFrame({"number": numbers}).select(
        pl.when(number < 1e11)
        .then(number)
        .when(number < 1e14)
        .then(number / 1e3)
        .when(number < 1e17)
        .then(number / 1e6)
        .otherwise(number / 1e9)
        .floor()
        .alias("time_s")
    )["time_s"]
    return scaled if texts is None else pl.select(pl.coalesce(scaled, texts).alias("time_s"))["time_s"]


def _iso(text: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = text.str.extract_groups(ISO)
    whole = parts.struct[0] + "T" + parts.struct[1]
    at = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="ms").dt.epoch("s")
    return at.cast(pl.Float64) - _offset(parts.struct[3])


def _clf(text: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = text.str.extract_groups(CLF)
    whole = parts.struct[0] + " " + parts.struct[1]
    at = whole.str.to_datetime("%d/%b/%Y %H:%M:%S", strict=False, time_unit="ms").dt.epoch("s")
    return at.cast(pl.Float64) - _offset(parts.struct[2])


def _clf_alone(values: pl.Series) -> pl.Series | None:
    """Epoch seconds of texts such as "02/Nov/2026:08:00:35 +0100"; None if any has another form."""
    import polars as pl

    first = values.drop_nulls().head(1)
    if not first.len() or first.str.len_bytes()[0] != 26 or first.str.slice(2, 1)[0] != "/":
        return None
    text = pl.col("text")
    at = text.str.slice(0, 20).str.to_datetime("%d/%b/%Y:%H:%M:%S", strict=False, time_unit="ms")
    times = pl.DataFrame({"text": values}).select(
        at=at.dt.epoch("s").cast(pl.Float64) - _offset(text.str.slice(21, 5)), there=text.is_not_null()
    )
    return times["at"] if times.filter(pl.col("there") & pl.col("at").is_null()).height == 0 else None


def _with_slashes(text: pl.Expr) -> pl.Expr:
    import polars as pl

    parts = text.str.extract_groups(SLASHED)
    year, month, day, clock = (parts.struct[at] for at in range(4))
    whole = year + "-" + month + "-" + day + "T" + clock
    at = whole.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="ms").dt.epoch("s")
    return at.cast(pl.Float64)


def _offset(text: pl.Expr) -> pl.Expr:
    """Seconds of "+02:00" or "-0730"; 0 if there is none."""
    import polars as pl

    digits = text.str.replace_all(r"[^0-9]", "")
    hours, minutes = (digits.str.slice(at, 2).cast(pl.Float64, strict=False) for at in (0, 2))
    sign = pl.when(text.str.starts_with("-")).then(-1.0).otherwise(1.0)
    return (sign * (hours * 3600 + minutes * 60)).fill_null(0.0)


def _epoch(text: pl.Expr) -> pl.Expr:
    """Epoch seconds or milliseconds after a name such as "timestamp"."""
    import polars as pl

    digits = text.str.extract(EPOCH)
    at = digits.cast(pl.Float64, strict=False)
    return pl.when(digits.str.len_bytes() == 13).then(at / 1000).otherwise(at)
