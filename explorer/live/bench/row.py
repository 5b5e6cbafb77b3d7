"""What became of one request: a row of the result."""

from __future__ import annotations

from dataclasses import dataclass, fields

NAN = float("nan")
PHASES = ("submit", "queue", "cold start", "work", "poll", "fetch")


@dataclass(slots=True)
class Row:
    """One request. Times of day are in epoch seconds; the others count from the start of the run [s].

    `latency_s` counts from the scheduled time, `service_s` from the time of sending. The phases from
    `submit_s` to `fetch_s` follow one another, and with `lateness_s` add up to `latency_s`.
    """

    number: int
    scheduled_s: float
    sent_s: float = NAN
    accepted_s: float = NAN  # the endpoint accepted the job, or answered
    seen_s: float = NAN  # the client read that the job had ended
    ended_s: float = NAN  # the result was received completely, or the job was given up
    repetition: int = 0
    stretch: int = 0
    warm_up: bool = False
    lateness_s: float = NAN
    latency_s: float = NAN
    service_s: float = NAN
    submit_s: float = NAN
    queue_s: float = NAN
    cold_start_s: float = NAN
    work_s: float = NAN
    poll_s: float = NAN
    fetch_s: float = NAN
    first_byte_s: float = NAN  # of the result, part of `fetch_s`
    status_s: float = NAN  # the exchange that reported the end, part of `poll_s`
    submitted: float = NAN  # by the endpoint's clock, as the next two
    started: float = NAN
    ended: float = NAN
    id: str = ""
    status: str = ""  # succeeded, failed, cancelled, refused, lost, corrupted, dropped or unknown
    error: str = ""  # its kind
    http_status: int = 0
    attempts: int = 0
    polls: int = 0
    poll_errors: int = 0
    bytes: int = 0  # of the result
    received_bytes: int = 0  # as transferred: fewer if it is compressed
    sha256: str = ""
    content_sha256: str = ""  # of all pages, decompressed
    cold: bool | None = None  # whether its work met a cold start; None: no log reports it
    runtime_s: float = NAN  # requested of the sample work
    request_bytes: int = 0

    @property
    def accepted(self) -> bool:
        """Whether the endpoint accepted the job."""
        return self.http_status == 202

    def fail(self, status: str, error: str) -> None:
        """Record that the request ended without its result."""
        self.status, self.error = status, error


COLUMNS = tuple(field.name for field in fields(Row))
