"""Share a workload as a short text; read a workload from a pasted text or an uploaded file."""

from __future__ import annotations

import re
import tempfile
import tomllib
import zlib
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Mapping
from datetime import date
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError, WorkloadError
from explorer.workload.workload import Workload

from .drawer import FILES

MARK = "explorer1-"  # prefix of a shared workload, with the version of the format
LARGEST = 2**20  # bytes of a workload given as text
LARGEST_LOG = 64 * 2**20
ACCEPTED = f"a text that begins with {MARK}, or a workload in TOML"


def workload_as_text(workload: Workload) -> str:
    """The workload as one line of characters that survive a message."""
    packed = zlib.compress(workload.to_toml().encode(), 9)
    return MARK + urlsafe_b64encode(packed).decode().rstrip("=")


def is_shared(text: str) -> bool:
    """Whether a text is a shared workload and not a file name."""
    return text.strip().startswith(MARK)


def workload_of_paste(text: str) -> Workload:
    """The workload in a shared text or TOML. Raises WorkloadError in one line."""
    return from_toml(_unpacked_toml(text) if is_shared(text) else text, "pasted text")


def _unpacked_toml(text: str) -> str:
    letters = re.sub(r"\s", "", text).removeprefix(MARK)
    try:
        packed = urlsafe_b64decode(letters + "=" * (-len(letters) % 4))
        decompressor = zlib.decompressobj()
        toml = decompressor.decompress(packed, LARGEST)
        if not decompressor.eof:
            raise ValueError
        return toml.decode()
    except (ValueError, zlib.error):
        beginning = text.strip()[:40]
        raise WorkloadError(
            f'pasted text is "{beginning}...": it is not whole; expected {ACCEPTED}'
        ) from None


def from_toml(text: str, source: str) -> Workload:
    """The workload in a TOML text from elsewhere. Names of local files are rejected."""
    try:
        content = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise WorkloadError(f"{source}: is not TOML ({error}): expected {ACCEPTED}") from None
    for section, fields in content.items():
        if not isinstance(fields, Mapping):
            continue
        for name in FILES:
            if isinstance(fields.get(name), str):
                raise WorkloadError(
                    f'{source}: {section}.{name} is "{fields[name]}", a file beside it: expected the values '
                    "themselves; or give the path to ex.explore or explorer app"
                )
    return Workload(source, **{"name": Path(source).stem, **content})


def workload_of_file(name: str, content: bytes) -> tuple[Workload, str]:
    """The workload in an uploaded file, and a remark: TOML, or a log that is read as traffic."""
    if name.lower().endswith(".toml"):
        if len(content) > LARGEST:
            raise WorkloadError(f"{name}: has {len(content):,} bytes: expected at most {LARGEST:,}")
        try:
            return from_toml(content.decode(), name), ""
        except UnicodeDecodeError:
            raise WorkloadError(f"{name}: is not UTF-8: expected a workload in TOML") from None
    return _workload_of_log(name, content)


def _workload_of_log(name: str, content: bytes) -> tuple[Workload, str]:
    """A workload from a log; missing fields have placeholders, which the remark names."""
    from explorer.ingest.reader import read_inputs
    from explorer.ingest.result import Summary
    from explorer.ingest.workload import PLACEHOLDERS, draft

    if len(content) > LARGEST_LOG:
        raise WorkloadError(
            f"{name}: has {len(content):,} bytes: expected at most {LARGEST_LOG:,}; explorer ingest takes any"
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "traffic"
        path.write_bytes(content)
        try:
            tally = read_inputs([str(path)])
        except ExplorerError as error:
            raise WorkloadError(str(error).replace(str(path), name)) from None
        if not tally.used_lines:
            raise WorkloadError(
                f"{name}: no invocation in {tally.read:,} lines: expected a workload in TOML, or a log of "
                "REPORT lines, platform.report events or access log lines"
            )
        workload_draft = draft(Summary(tally), Path(name).stem, date.today())
    open_ = [field for field in workload_draft.missing if field in PLACEHOLDERS]
    fields: dict[str, Any] = {"name": Path(name).stem, **workload_draft.as_tables()}
    for field in open_:
        fields = _with_placeholder(fields, field, PLACEHOLDERS[field])
    remark = f"{tally.used_lines:,} of {tally.read:,} lines read."
    if open_:
        remark += f" The log does not say {', '.join(open_)}: turn those."
    return Workload(name, **fields), remark


def _with_placeholder(content: dict[str, Any], field: str, value: Any) -> dict[str, Any]:
    value_there = content.get(field)
    return {**content, field: {**value_there, "value": value} if isinstance(value_there, Mapping) else value}
