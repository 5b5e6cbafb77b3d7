"""A local cloud as it is found: where it is, and sessions that talk to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from explorer.errors import CloudError

from .process import Process
from .vouch import CANNOT_VOUCH_FOR, VOUCHES_FOR

STACKS = "stacks"  # in a cloud's folder: a file for each stack that stands on it, named before it does
NO_PROFILE = {"profile": (None, None, None, None)}  # the user's own, known or not, is not asked for


@dataclass(frozen=True)
class Cloud:
    """One local cloud, running or not, and what may be concluded from it.

    `credentials` are those of its administrator: they open this cloud and nothing else. One that has
    `crashed` was up and ended without being stopped.
    """

    name: str
    running: bool
    endpoint_url: str | None = None
    region: str | None = None
    credentials: Mapping[str, str] | None = None
    folder: Path | None = None
    process: Process | None = None
    crashed: bool = False
    lost_stacks: tuple[str, ...] = ()  # stacks that went with one that crashed

    def to_dict(self) -> dict[str, Any]:
        """As `explorer cloud start` and `cloud status` print it."""
        return {
            "running": self.running,
            "endpoint_url": self.endpoint_url,
            "region": self.region,
            "credentials": dict(self.credentials) if self.credentials else None,
            "vouches_for": list(VOUCHES_FOR),
            "cannot_vouch_for": list(CANNOT_VOUCH_FOR),
            **({"crashed": True, "gone": list(self.lost_stacks)} if self.crashed else {}),
        }

    def session(self, region: str | None = None) -> Any:
        """A boto3 session whose clients talk to this cloud as its administrator."""
        import boto3
        from botocore.config import Config

        if not self.running or self.credentials is None:
            raise CloudError(f'the local cloud "{self.name}" is not running: start it first')
        session = boto3.Session(
            aws_access_key_id=self.credentials["access_key_id"],
            aws_secret_access_key=self.credentials["secret_access_key"],
            region_name=region or self.region,
            botocore_session=_begun(),
        )
        config = Config(proxies={}, s3={"addressing_style": "path"}, signature_version="v4")
        where: dict[str, Any] = {"endpoint_url": self.endpoint_url, "config": config}
        for maker in ("client", "resource"):
            setattr(session, maker, partial(getattr(session, maker), **where))
        return session


def _begun() -> Any:
    """A botocore session that shares with the others what was read of the services' models."""
    from botocore.session import Session

    session = Session(session_vars=NO_PROFILE)
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    from botocore.session import Session

    return Session(session_vars=NO_PROFILE).get_component("data_loader")
