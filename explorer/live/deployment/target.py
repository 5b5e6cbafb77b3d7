"""Where a stack is deployed: on this machine or on AWS. The same code runs on both.

A target provides a session and the address of an endpoint. It creates and removes what it alone needs.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import urlsplit

from explorer.errors import CloudError, ExplorerError
from explorer.facts import catalogue
from explorer.facts.extras import require
from explorer.facts.suggestions import expected_one_of
from explorer.live.cloud import instance, supervisor
from explorer.live.cloud.images import image_of
from explorer.live.cloud.vouch import CANNOT_VOUCH_FOR

from .aws_errors import explain_errors

TARGETS = ("local", "aws")
REGIONS = "regions"  # in the cloud's folder: other regions with stacks
STARTED_FOR_STACKS = (
    "for-stacks"  # in the cloud's folder: it was started for a stack, and stops with the last
)
CONNECT_S = 10.0
AWS_HOST = r"(\.amazonaws\.com(\.cn)?|\.api\.aws)$"
ADDRESSES = {  # an endpoint's address on AWS, and on the local cloud
    r"https://(\w+)\.execute-api\.[^/]+?/?(|/\w+)/?": "/_aws/execute-api/{0}{1}",
    r"https://(\w+)\.lambda-url\.[^/]+/?": "/_aws/lambda-url/{0}",
    r"https://([a-z0-9-]+)-\w+\.[a-z0-9-]+\.elb\.amazonaws\.com/?": "/_alb/{0}",
}


class Target(Protocol):
    """What a stack needs of the place where it is deployed."""

    name: str
    region: str
    session: Any
    cannot_vouch_for: tuple[str, ...]

    @property
    def options(self) -> str:
        """The options of a command that name this target, such as " --target aws --region eu-west-1"."""

    @property
    def place(self) -> str:
        """The target in a sentence."""

    def client(self, service: str) -> Any:
        """A boto3 client."""

    def url(self, address: str) -> str:
        """The URL of an endpoint that has this address on AWS."""

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """Values for template parameters other than the location of the code, `bucket` and `key`."""

    def create_caller(self, stack: str, policy: str) -> Mapping[str, str] | None:
        """Credentials of a new caller who may only use the endpoint; None: the user's own apply."""

    def remove_callers(self, stack: str) -> None:
        """Remove the callers of a stack."""

    def note_name(self, stack: str) -> None:
        """Note the name of a stack before any part of it is created."""

    def noted_names(self) -> set[str] | None:
        """The names that are noted and not forgotten; None if the target keeps no notes."""

    def forget_name(self, stack: str) -> None:
        """Delete the note of a stack that is removed completely."""

    def stop_if_last(self) -> None:
        """Stop, after the last stack is removed, what runs for stacks alone."""


def local_regions(cloud: instance.Cloud) -> tuple[str, ...]:
    """The regions in which a local cloud may have a stack: its own first, then all with prices.

    Any other region of AWS is noted in the cloud's folder when a stack is deployed there.
    """
    notes = cloud.folder / REGIONS if cloud.folder else None
    others = notes.read_text(encoding="utf-8").split() if notes and notes.exists() else []
    own_region = [cloud.region] if cloud.region else []
    return tuple(dict.fromkeys([*own_region, *others, *catalogue.regions()]))


class Local:
    """The embedded local cloud."""

    name = "local"
    cannot_vouch_for: tuple[str, ...] = tuple(CANNOT_VOUCH_FOR)

    def __init__(self, region: str, running: instance.Cloud) -> None:
        self.region, self.cloud = region, running
        self.session = running.session(region)

    @property
    def options(self) -> str:
        """The options of a command that name this target."""
        return "" if self.cloud.name == "default" else f" --cloud {self.cloud.name}"

    @property
    def place(self) -> str:
        """The target in a sentence."""
        return "the local cloud"

    @classmethod
    def find(cls, region: str, cloud_name: str = "default") -> Local | None:
        """The local cloud if it runs, otherwise None."""
        running = supervisor.status(cloud_name)
        return cls(region, running) if running.running else None

    @classmethod
    def find_or_start(cls, region: str, cloud_name: str = "default") -> Local:
        """The local cloud, started if it does not run."""
        local = cls.find(region, cloud_name)
        running = local.cloud if local else supervisor.start(cloud_name, region)
        assert running.folder is not None
        if not local:
            (running.folder / STARTED_FOR_STACKS).touch()
        if region not in local_regions(running):
            with (running.folder / REGIONS).open("a", encoding="utf-8") as file:
                file.write(f"{region}\n")
        return local or cls(region, running)

    def client(self, service: str) -> Any:
        """The SDK's client of a service."""
        return self.session.client(service)

    def url(self, address: str) -> str:
        """The local URL of an endpoint. Raises CloudError for an address that is not one of AWS's forms."""
        for pattern, local in ADDRESSES.items():
            match = re.fullmatch(pattern, address)
            if match:
                stage = match[2] if match.re.groups > 1 else ""
                path = local.format(match[1], stage)
                return f"{self.cloud.endpoint_url}{path}"
        raise CloudError(f'the stack gave the address "{address}": expected an API\'s or a function URL')

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """The image is the code itself, and a placeholder for the certificate: the loopback shows none."""
        certificate = f"arn:aws:acm:{self.region}:000000000000:certificate/none"
        return {"Image": image_of(bucket, key), "CertificateArn": certificate}

    def create_caller(self, stack: str, policy: str) -> Mapping[str, str]:
        """Create credentials of a caller who may use the stack."""
        iam, user = self.client("iam"), f"{stack}-caller"
        try:
            iam.create_user(UserName=user)
            iam.attach_user_policy(UserName=user, PolicyArn=policy)
        except iam.exceptions.EntityAlreadyExistsException:
            pass  # the caller exists: create one more key
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
            "region": self.region,  # a signature needs it, and a local address does not contain it
        }

    def remove_callers(self, stack: str) -> None:
        """Remove the caller of a stack and its credentials."""
        iam, user = self.client("iam"), {"UserName": f"{stack}-caller"}
        try:
            for key in iam.list_access_keys(**user)["AccessKeyMetadata"]:
                iam.delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
            for policy in iam.list_attached_user_policies(**user)["AttachedPolicies"]:
                iam.detach_user_policy(**user, PolicyArn=policy["PolicyArn"])
            iam.delete_user(**user)
        except iam.exceptions.NoSuchEntityException:
            pass  # there is no caller

    def note_name(self, stack: str) -> None:
        """Note the name of a stack before anything of it is made."""
        folder = self._notes_folder
        folder.mkdir(exist_ok=True)
        (folder / stack).write_text(self.region, encoding="utf-8")

    def noted_names(self) -> set[str] | None:
        """The noted stacks of this region."""
        notes = (
            path for path in self._notes_folder.glob("*") if path.read_text(encoding="utf-8") == self.region
        )
        return {path.name for path in notes}

    def forget_name(self, stack: str) -> None:
        """Delete the note of a stack."""
        (self._notes_folder / stack).unlink(missing_ok=True)

    @property
    def _notes_folder(self) -> Path:
        assert self.cloud.folder is not None
        return self.cloud.folder / instance.STACKS

    def stop_if_last(self) -> None:
        """Stop a cloud that was started for stacks and has none any more."""
        folder: Path | None = self.cloud.folder
        if folder and (folder / STARTED_FOR_STACKS).exists() and not self._holds_anything():
            supervisor.stop(self.cloud.name)

    def _holds_anything(self) -> bool:
        """Whether there is a stack, or a bucket: that of a stack in creation, or of another user."""
        sessions = (self.cloud.session(region) for region in local_regions(self.cloud))
        return bool(self.client("s3").list_buckets()["Buckets"]) or any(
            session.client("cloudformation").describe_stacks()["Stacks"] for session in sessions
        )


class Aws:
    """An account on AWS, with the user's own credentials.

    Parameters
    ----------
    region : None: that of the environment or the profile; `region_source` is then its origin
    """

    name = "aws"
    cannot_vouch_for: tuple[str, ...] = ()

    def __init__(self, region: str | None) -> None:
        with explain_errors("--target aws"):
            self.region, self.region_source = (region, "") if region else _configured_region()
            self.session = _session(self.region)
        self._clients: dict[str, Any] = {}

    @property
    def options(self) -> str:
        """The options of a command that name this target."""
        return f" --target aws --region {self.region}"

    @property
    def place(self) -> str:
        """The target in a sentence."""
        return f"AWS in {self.region}" + (f" ({self.region_source})" if self.region_source else "")

    @property
    def custom_endpoint(self) -> str | None:
        """The endpoint that the environment or the profile names in place of AWS's, None if neither does."""
        with explain_errors("--target aws"):
            address = str(self.client("cloudformation").meta.endpoint_url)
        return None if re.search(AWS_HOST, urlsplit(address).hostname or "") else address

    def client(self, service: str) -> Any:
        """The SDK's client of a service."""
        if service not in self._clients:
            self._clients[service] = self._client(service, attempts=8)
        return self._clients[service]

    def _client(self, service: str, attempts: int) -> Any:
        from botocore.config import Config

        tries = {"mode": "standard", "max_attempts": attempts}
        return self.session.client(service, config=Config(retries=tries, connect_timeout=CONNECT_S))

    def account(self) -> str:
        """The number of the account. Raises CloudError without a network or valid credentials."""
        with explain_errors("find the account"):
            return str(self._client("sts", attempts=2).get_caller_identity()["Account"])

    def url(self, address: str) -> str:
        """The address from the stack, without a slash at its end."""
        return address.rstrip("/")

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """Nothing: an image and a certificate belong to the account."""
        return {}

    def create_caller(self, stack: str, policy: str) -> Mapping[str, str] | None:
        """None: who deploys a stack may use it."""
        return None

    def remove_callers(self, stack: str) -> None:
        """Nothing: no caller was created."""

    def note_name(self, stack: str) -> None:
        """Nothing: the first resource is tagged from the start."""

    def noted_names(self) -> set[str] | None:
        """None: the buckets show the names."""
        return None

    def forget_name(self, stack: str) -> None:
        """Nothing: no name was noted."""

    def stop_if_last(self) -> None:
        """Nothing: nothing was started."""


def _configured_region() -> tuple[str, str]:
    """The region of the environment or the profile, and its origin."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # boto3 itself reads only the second
        if os.environ.get(name):
            return os.environ[name], name
    region = _session(None).region_name
    return (region, "as the AWS profile says") if region else (catalogue.HOME_REGION, "none is configured")


def _session(region: str | None) -> Any:
    require("--target aws", "boto3")
    import boto3

    return boto3.Session(region_name=region)


def target(name: str, region: str, cloud_name: str = "default") -> Target:
    """The target of a deployment; the local cloud is started if it does not run.

    Raises ExplorerError for an unknown name, CloudError if it cannot be used.
    """
    if name not in TARGETS:
        raise ExplorerError(f'target is "{name}": {expected_one_of(TARGETS)}')
    return Aws(region) if name == "aws" else Local.find_or_start(region, cloud_name)
