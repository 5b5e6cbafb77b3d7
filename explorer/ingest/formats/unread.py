"""Formats that are recognised and not read: the name of each, and what to do."""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True)
class Unread:
    """A format that cannot be used here."""

    name: str
    begins: bytes = b""
    pattern: re.Pattern[bytes] | None = None
    hint: str = ""

    def matches(self, head: bytes) -> bool:
        """Whether a file begins as this format."""
        if self.begins:
            return head.startswith(self.begins)
        return self.pattern is not None and self.pattern.search(head) is not None


FORMATS = (
    Unread("Zstandard", b"\x28\xb5\x2f\xfd", hint="unpack it with zstd -d"),
    Unread("LZ4", b"\x04\x22\x4d\x18", hint="unpack it with lz4 -d"),
    Unread("Snappy", b"\xff\x06\x00\x00sNaPpY", hint="unpack it with snzip -d"),
    Unread("7z", b"7z\xbc\xaf\x27\x1c", hint="unpack it with 7z x"),
    Unread("RAR", b"Rar!\x1a\x07", hint="unpack it with unrar x"),
    Unread("Avro", b"Obj\x01", hint="convert it to JSON lines, with avro-tools tojson"),
    Unread("ORC", b"ORC", hint="convert it to Parquet"),
    Unread("SQLite", b"SQLite format 3\0", hint="export the table as CSV"),
    Unread("a packet capture", b"\xd4\xc3\xb2\xa1", hint="export its HTTP requests, with tshark -T json"),
    Unread("a packet capture", b"\x0a\x0d\x0d\x0a", hint="export its HTTP requests, with tshark -T json"),
    Unread("a Windows event log", b"ElfFile\0", hint="export it as CSV or XML"),
    Unread("a systemd journal", b"LPKSHHRH", hint="export it with journalctl -o json"),
    Unread("PDF", b"%PDF-", hint="give the log itself"),
    Unread(
        "VPC flow log",
        pattern=re.compile(rb"^version account-id interface-id |^\d \d{12} eni-[0-9a-f]+ ", re.M),
        hint="it knows connections, not requests: give an access log",
    ),
    Unread(
        "CloudTrail",
        pattern=re.compile(
            rb'"eventVersion"\s*:[\s\S]*"eventSource"\s*:|"eventSource"\s*:[\s\S]*"eventVersion"\s*:'
        ),
        hint="it holds calls of AWS's API, not requests: give the function's log",
    ),
    Unread(
        "WAF log",
        pattern=re.compile(rb'"webaclId"\s*:'),
        hint="it has neither sizes nor times taken: give the log of the door behind it",
    ),
    Unread(
        "CloudWatch metrics",
        pattern=re.compile(rb'"MetricDataResults"\s*:|"Datapoints"\s*:\s*\['),
        hint="use explorer ingest --function NAME, which asks for them",
    ),
    Unread(
        "Prometheus metrics",
        pattern=re.compile(rb"^# (?:HELP|TYPE) \w+ ", re.M),
        hint="they are sums since a start: give an access log or traces",
    ),
    Unread(
        "Jaeger's JSON",
        pattern=re.compile(rb'"traceID"\s*:[\s\S]*"operationName"\s*:'),
        hint="export the traces as OTLP JSON",
    ),
    Unread(
        "an error log",
        pattern=re.compile(
            rb"\A(?:\d{4}/\d\d/\d\d \d\d:\d\d:\d\d \[\w+\] \d+#"
            rb"|\[\w{3} \w{3} [ \d]\d [\d:.]+ \d{4}\] \[\w*:?\w+\])"
        ),
        hint="give the access log beside it",
    ),
    Unread(
        "a Vegeta result in its binary form",
        pattern=re.compile(rb"\A.{0,60}Result\x01.{0,200}Attack", re.S),
        hint="convert it with vegeta encode",
    ),
)


def recognise(head: bytes) -> Unread | None:
    """The format of a file, if it is one of these."""
    return next((one for one in FORMATS if one.matches(head)), None)
