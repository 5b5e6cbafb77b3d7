"""Every error that a user can cause, under one base."""


class ExplorerError(Exception):
    """What was given cannot be used; the message names it and what is accepted.

    Examples
    --------
    >>> try:
    ...     ex.Workload(requests_per_month=1e6, response="2 XB", runtime="1 s")
    ... except ex.ExplorerError as error:
    ...     print(error)
    workload: response is "2 XB": expected a size such as "9 MB" or 9437184
    """


class WorkloadError(ExplorerError):
    """A workload, or one of its fields, cannot be read."""


class DesignError(ExplorerError):
    """A design names an unknown concern or option, or options that cannot go together."""


class FactsError(ExplorerError):
    """A table of `data/` breaks its own rules."""


class UnknownIdError(ExplorerError):
    """An id has no row in `data/`."""


class PriceError(ExplorerError):
    """A quantity cannot be priced."""


class CloudError(ExplorerError):
    """The cloud refused or failed: the local one, or AWS itself.

    Examples
    --------
    >>> isinstance(ex.live.CloudError("no such stack"), ex.ExplorerError)
    True
    """


class ReportError(ExplorerError):
    """A report cannot be written in the form or to the place that was asked for."""


class MissingExtraError(ExplorerError):
    """A library that not every installation has is needed; the message has the command that installs it."""
