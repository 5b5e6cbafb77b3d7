"""A baseline: what an earlier run found, so that only what is new or worse fails."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from explorer.errors import ExplorerError

from .findings import ORDER, Finding
from .places import identity, in_repository
from .skipped import Skipped

EXPECTED = "expected what `explorer check ... --json -o FILE` writes"


class Baseline:
    """The findings and the skipped of an earlier run.

    A finding is known where the baseline has one of the same file, resource, limit and subject that is as
    bad or worse; lines and values may have moved. Two are known only where it has two.
    """

    def __init__(self, answer: dict[str, Any]) -> None:
        self._ranks: dict[str, list[int]] = defaultdict(list)
        for one in answer["findings"]:
            own = identity(one["file"], one["resource"], one["limit"], one["message"])
            self._ranks[own].append(ORDER.index(one["verdict"]))
        self._skipped = {
            (in_repository(one["file"]), one["resource"], one["what"]) for one in answer.get("skipped", [])
        }

    @classmethod
    def load(cls, path: Path) -> Baseline:
        """The baseline of a file. Raises ExplorerError for one that is no answer of `check`."""
        try:
            return cls(json.loads(path.read_text(encoding="utf-8-sig")))
        except FileNotFoundError:
            raise ExplorerError(f"--baseline {path}: no such file: {EXPECTED}") from None
        except OSError as error:
            raise ExplorerError(f"--baseline {path}: {error.strerror or 'cannot be read'}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ExplorerError(f"--baseline {path}: is no answer of check: {EXPECTED}") from None

    def new(self, findings: Iterable[Finding]) -> list[Finding]:
        """Those that it does not have, or has less bad."""
        remaining_ranks = {own: sorted(ranks) for own, ranks in self._ranks.items()}
        new_findings = []
        for one in findings:
            ranks = remaining_ranks.get(identity(one.file, one.resource, one.limit, one.message), [])
            rank = ORDER.index(one.verdict)
            if ranks and ranks[0] <= rank:
                ranks.pop(0)
            else:
                new_findings.append(one)
        return new_findings

    def newly_skipped(self, skipped: Iterable[Skipped]) -> list[Skipped]:
        """Those that it does not have."""
        return [
            one for one in skipped if (in_repository(one.file), one.resource, one.what) not in self._skipped
        ]
