"""A baseline: the findings of an earlier run, so that only new or worse findings fail."""

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
    """The findings and the skipped items of an earlier run.

    A finding is known if the baseline has one of the same file, resource, limit and subject with the same
    or a worse verdict; lines and values may differ. Two such findings are known only if the baseline has two.
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
        """Read a baseline from a file. Raises ExplorerError if the file is no JSON answer of `check`."""
        try:
            return cls(json.loads(path.read_text(encoding="utf-8-sig")))
        except FileNotFoundError:
            raise ExplorerError(f"--baseline {path}: no such file: {EXPECTED}") from None
        except OSError as error:
            raise ExplorerError(f"--baseline {path}: {error.strerror or 'cannot be read'}") from None
        except (ValueError, KeyError, TypeError, AttributeError):
            raise ExplorerError(f"--baseline {path}: is no answer of check: {EXPECTED}") from None

    def new(self, findings: Iterable[Finding]) -> list[Finding]:
        """The findings that the baseline does not have, or has with a better verdict."""
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
        """The skipped items that the baseline does not have."""
        return [
            one for one in skipped if (in_repository(one.file), one.resource, one.what) not in self._skipped
        ]
