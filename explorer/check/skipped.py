"""What was seen and not held against its limits: where it stands, why, and what to do about it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from explorer.facts.suggestions import expected_one_of

MISSING_FILE = "missing-file"  # the template names a file that is not there
MACRO = "macro"  # a macro or a loop makes the resources when it is deployed
UNRESOLVED = "unresolved"  # a value is made of what only a deployment knows
UNSUPPORTED = "unsupported-format"  # the file is infrastructure, in a format that is not read
CONDITION = "condition"  # it depends on a condition that the parameters do not settle
REMOTE = "remote"  # it lies in a bucket, a registry or behind an address
REASONS = (MISSING_FILE, MACRO, UNRESOLVED, UNSUPPORTED, CONDITION, REMOTE)


@dataclass(frozen=True)
class Skipped:
    """One thing that was seen and not checked.

    Parameters
    ----------
    file, line
        Where it stands, as in a finding.
    resource
        The logical id, or the file's name for a whole file.
    what
        What was not read: "AWS::StepFunctions::StateMachine DefinitionUri", "serverless.yml".
    reason
        One of `REASONS`.
    text
        A sentence for people: why, and what to do. It holds no value of a template.
    limits
        The ids of the limits that were not looked at; empty where nobody can say which.
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
        """It as the JSON answer has it."""
        return {
            "file": self.file,
            "line": self.line,
            "resource": self.resource,
            "what": self.what,
            "limits": list(self.limits),
            "reason": self.reason,
            "text": self.text,
        }
