"""Where a stack is put up: on this machine, or on AWS. The same code runs on both.

A target gives a session and the address of an endpoint, and makes and removes what it alone needs.
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

from .aws_errors import spoken

TARGETS = ("local", "aws")
REGIONS = "regions"  # in the cloud's folder: where else a stack was put up
OWN = "for-stacks"  # in the cloud's folder: it was started for a stack, and goes with the last
CONNECT_S = 10.0
OF_AWS = r"(\.amazonaws\.com(\.cn)?|\.api\.aws)$"
ADDRESSES = {  # what AWS names an endpoint, and where the local cloud has it
    r"https://(\w+)\.execute-api\.[^/]+?/?(|/\w+)/?": "/_aws/execute-api/{0}{1}",
    r"https://(\w+)\.lambda-url\.[^/]+/?": "/_aws/lambda-url/{0}",
    r"https://([a-z0-9-]+)-\w+\.[a-z0-9-]+\.elb\.amazonaws\.com/?": "/_alb/{0}",
}


class Target(Protocol):
    """What a stack needs of the place where it is put up."""

    name: str
    region: str
    session: Any
    cannot_vouch_for: tuple[str, ...]

    @property
    def options(self) -> str:
        """What a command takes to come back here, such as " --target aws --region eu-west-1"."""

    @property
    def place(self) -> str:
        """What a person calls it."""

    def client(self, service: str) -> Any:
        """A boto3 client."""

    def url(self, address: str) -> str:
        """Where an endpoint is reached that AWS would give this address."""

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """What it says to a template that asks for more than where the code lies: `bucket` and `key`."""

    def admit(self, stack: str, policy: str) -> Mapping[str, str] | None:
        """The credentials of a new caller who may use the endpoint alone; None: the user's own."""

    def dismiss(self, stack: str) -> None:
        """Remove the callers of a stack."""

    def expect(self, stack: str) -> None:
        """Note the name of a stack before anything of it is made."""

    def expected(self) -> set[str] | None:
        """The names that were noted and not forgotten; None where the target keeps no notes."""

    def forget(self, stack: str) -> None:
        """A stack is gone, with all of it."""

    def leave(self) -> None:
        """A stack is gone: end what was there for stacks alone, if it was the last."""


def local_regions(cloud: instance.Cloud) -> tuple[str, ...]:
    """The regions in which a stack may stand on a local cloud: its own first, then all with prices.

    Any other region of AWS is noted in the cloud's folder when a stack is put up there.
    """
    noted = cloud.folder / REGIONS if cloud.folder else None
    others = noted.read_text(encoding="utf-8").split() if noted and noted.exists() else []
    own = [cloud.region] if cloud.region else []
    return tuple(dict.fromkeys([*own, *others, *catalogue.regions()]))


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
        """The local cloud, if it runs."""
        running = supervisor.status(cloud_name)
        return cls(region, running) if running.running else None

    @classmethod
    def started(cls, region: str, cloud_name: str = "default") -> Local:
        """The local cloud, started if it does not run."""
        local = cls.find(region, cloud_name)
        running = local.cloud if local else supervisor.start(cloud_name, region)
        assert running.folder is not None
        if not local:
            (running.folder / OWN).touch()
        if region not in local_regions(running):
            with (running.folder / REGIONS).open("a", encoding="utf-8") as file:
                file.write(f"{region}\n")
        return local or cls(region, running)

    def client(self, service: str) -> Any:
        """The SDK's client of a service."""
        return self.session.client(service)

    def url(self, address: str) -> str:
        """The local address of an endpoint that the stack gave."""
        for pattern, local in ADDRESSES.items():
            match = re.fullmatch(pattern, address)
            if match:
                stage = match[2] if match.re.groups > 1 else ""
                path = local.format(match[1], stage)
                return f"{self.cloud.endpoint_url}{path}"
        raise CloudError(f'the stack gave the address "{address}": expected an API\'s or a function URL')

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """An image is the code itself here, and nothing on the loopback shows a certificate."""
        certificate = f"arn:aws:acm:{self.region}:000000000000:certificate/none"
        return {"Image": image_of(bucket, key), "CertificateArn": certificate}

    def admit(self, stack: str, policy: str) -> Mapping[str, str]:
        """Make credentials of a caller who may use the stack."""
        iam, user = self.client("iam"), f"{stack}-caller"
        try:
            iam.create_user(UserName=user)
            iam.attach_user_policy(UserName=user, PolicyArn=policy)
        except iam.exceptions.EntityAlreadyExistsException:
            pass  # it has been admitted before: one more key
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return {
            "access_key_id": key["AccessKeyId"],
            "secret_access_key": key["SecretAccessKey"],
            "region": self.region,  # a local address does not name it, and a signature does
        }

    def dismiss(self, stack: str) -> None:
        """Remove the caller and all credentials that were made for it."""
        iam, user = self.client("iam"), {"UserName": f"{stack}-caller"}
        try:
            for key in iam.list_access_keys(**user)["AccessKeyMetadata"]:
                iam.delete_access_key(**user, AccessKeyId=key["AccessKeyId"])
            for policy in iam.list_attached_user_policies(**user)["AttachedPolicies"]:
                iam.detach_user_policy(**user, PolicyArn=policy["PolicyArn"])
            iam.delete_user(**user)
        except iam.exceptions.NoSuchEntityException:
            pass  # nobody was admitted

    def expect(self, stack: str) -> None:
        """Note the name of a stack before anything of it is made."""
        folder = self._noted
        folder.mkdir(exist_ok=True)
        (folder / stack).write_text(self.region, encoding="utf-8")

    def expected(self) -> set[str] | None:
        """The stacks of this region that are noted."""
        here = (path for path in self._noted.glob("*") if path.read_text(encoding="utf-8") == self.region)
        return {path.name for path in here}

    def forget(self, stack: str) -> None:
        """Take the note of a stack away."""
        (self._noted / stack).unlink(missing_ok=True)

    @property
    def _noted(self) -> Path:
        assert self.cloud.folder is not None
        return self.cloud.folder / instance.STACKS

    def leave(self) -> None:
        """Stop a cloud that was started for stacks and holds none any more."""
        folder: Path | None = self.cloud.folder
        if folder and (folder / OWN).exists() and not self._holds():
            supervisor.stop(self.cloud.name)

    def _holds(self) -> bool:
        """Whether there is a stack, or a bucket: of one that is being put up, or someone's own."""
        sessions = (self.cloud.session(region) for region in local_regions(self.cloud))
        return bool(self.client("s3").list_buckets()["Buckets"]) or any(
            session.client("cloudformation").describe_stacks()["Stacks"] for session in sessions
        )


class Aws:
    """An account on AWS, by the user's own credentials.

    `region` : None: that of the environment or the profile; `because` says which, where none was given
    """

    name = "aws"
    cannot_vouch_for: tuple[str, ...] = ()

    def __init__(self, region: str | None) -> None:
        with spoken("--target aws"):
            self.region, self.because = (region, "") if region else _configured()
            self.session = _session(self.region)
        self._clients: dict[str, Any] = {}

    @property
    def options(self) -> str:
        """The options of a command that name this target."""
        return f" --target aws --region {self.region}"

    @property
    def place(self) -> str:
        """The target in a sentence."""
        return f"AWS in {self.region}" + (f" ({self.because})" if self.because else "")

    @property
    def elsewhere(self) -> str | None:
        """The address that is called in place of AWS's, where the environment or the profile names one."""
        with spoken("--target aws"):
            address = str(self.client("cloudformation").meta.endpoint_url)
        return None if re.search(OF_AWS, urlsplit(address).hostname or "") else address

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
        """The account's number: that there are credentials, a network, and that they work."""
        with spoken("find the account"):
            return str(self._client("sts", attempts=2).get_caller_identity()["Account"])

    def url(self, address: str) -> str:
        """The address that the stack gave, without its last slash."""
        return address.rstrip("/")

    def parameters(self, bucket: str, key: str) -> Mapping[str, str]:
        """Nothing: an image and a certificate are the account's own."""
        return {}

    def admit(self, stack: str, policy: str) -> Mapping[str, str] | None:
        """Who deploys may use what they deployed."""
        return None

    def dismiss(self, stack: str) -> None:
        """Nobody was admitted."""

    def expect(self, stack: str) -> None:
        """What is made first has its tags from its first moment."""

    def expected(self) -> set[str] | None:
        """Unknown: its buckets show them."""
        return None

    def forget(self, stack: str) -> None:
        """Nothing was noted."""

    def leave(self) -> None:
        """Nothing was started."""


def _configured() -> tuple[str, str]:
    """The region that the environment or the profile names, and which of them does."""
    for name in ("AWS_REGION", "AWS_DEFAULT_REGION"):  # boto3 itself reads the second alone
        if os.environ.get(name):
            return os.environ[name], name
    region = _session(None).region_name
    return (region, "as the AWS profile says") if region else (catalogue.HOME_REGION, "none is configured")


def _session(region: str | None) -> Any:
    require("--target aws", "boto3")
    import boto3

    return boto3.Session(region_name=region)


def target(name: str, region: str, cloud_name: str = "default") -> Target:
    """The target of a deployment, ready; the local cloud is started if it does not run."""
    if name not in TARGETS:
        raise ExplorerError(f'target is "{name}": {expected_one_of(TARGETS)}')
    return Aws(region) if name == "aws" else Local.started(region, cloud_name)
