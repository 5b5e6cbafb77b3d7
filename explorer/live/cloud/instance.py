"""The state of one local cloud: its address, its credentials and sessions for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

from explorer.errors import CloudError

from .process import Process
from .vouch import CANNOT_VOUCH_FOR, VOUCHES_FOR

STACKS = "stacks"  # in a cloud's folder: a file for each stack on it, written before the stack is created
NO_PROFILE = {"profile": (None, None, None, None)}  # the user's own AWS profile is not read


@dataclass(frozen=True)
class Cloud:
    """One local cloud, running or not.

    Parameters
    ----------
    name : of the cloud
    running : whether it answers
    endpoint_url : for AWS SDKs, None if it does not run
    region : that its clients use by default
    credentials : `access_key_id` and `secret_access_key` of its administrator; valid for this cloud only
    folder : its run folder
    process : its server process
    crashed : it ran and ended without being stopped
    lost_stacks : names of the stacks that were on a cloud that crashed
    """

    name: str
    running: bool
    endpoint_url: str | None = None
    region: str | None = None
    credentials: Mapping[str, str] | None = None
    folder: Path | None = None
    process: Process | None = None
    crashed: bool = False
    lost_stacks: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `explorer cloud start` and `cloud status` print."""
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
        """A boto3 session whose clients call this cloud as its administrator.

        Parameters
        ----------
        region : of the clients, the cloud's own if None

        Raises CloudError if the cloud does not run.
        """
        import boto3
        from botocore.config import Config

        if not self.running or self.credentials is None:
            raise CloudError(f'the local cloud "{self.name}" is not running: start it first')
        session = boto3.Session(
            aws_access_key_id=self.credentials["access_key_id"],
            aws_secret_access_key=self.credentials["secret_access_key"],
            region_name=region or self.region,
            botocore_session=_botocore_session(),
        )
        config = Config(proxies={}, s3={"addressing_style": "path"}, signature_version="v4")
        client_options: dict[str, Any] = {"endpoint_url": self.endpoint_url, "config": config}
        for maker in ("client", "resource"):
            setattr(session, maker, partial(getattr(session, maker), **client_options))
        return session


def _botocore_session() -> Any:
    """A botocore session that shares the cache of service models with the others."""
    from botocore.session import Session

    session = Session(session_vars=NO_PROFILE)
    session.register_component("data_loader", _loader())
    return session


@cache
def _loader() -> Any:
    from botocore.session import Session

    return Session(session_vars=NO_PROFILE).get_component("data_loader")
