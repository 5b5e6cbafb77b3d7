"""Items that were seen and not checked: where they are, why, and what to do about them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.facts.suggestions import expected_one_of

MISSING_FILE = "missing-file"  # the template names a file that does not exist
MACRO = "macro"  # a macro or a loop creates the resources at deployment
UNRESOLVED = "unresolved"  # the value depends on facts known only at deployment
UNSUPPORTED = "unsupported-format"  # an infrastructure file in a format that is not read
CONDITION = "condition"  # depends on a condition that the parameters do not decide
REMOTE = "remote"  # in a bucket, a registry or at a URL
REASONS = (MISSING_FILE, MACRO, UNRESOLVED, UNSUPPORTED, CONDITION, REMOTE)


@dataclass(frozen=True)
class Skipped:
    """One item that was seen and not checked.

    Parameters
    ----------
    file, line
        The location, as in a finding.
    resource
        The logical id, or the file's name if the item is a whole file.
    what
        The item that was not read: "AWS::StepFunctions::StateMachine DefinitionUri", "serverless.yml".
    reason
        One of `REASONS`.
    text
        A sentence for people: why, and what to do. It contains no value of a template.
    limits
        The ids of the limits that were not checked; empty if they are not known.
    """

    file: str
    line: int
    resource: str
    what: str
    reason: str
    text: str
    limits: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.reason not in REASONS:
            raise ValueError(f"{self.reason!r} is no reason for what is skipped: {expected_one_of(REASONS)}")

    def to_dict(self) -> dict[str, Any]:
        """The item as a dict for the JSON answer."""
        return {
            "file": self.file,
            "line": self.line,
            "resource": self.resource,
            "what": self.what,
            "limits": list(self.limits),
            "reason": self.reason,
            "text": self.text,
        }
