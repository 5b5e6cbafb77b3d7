"""Calls AWS, and reports errors in one line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from explorer.errors import CloudError
from explorer.facts.extras import require

CREDENTIALS = {
    "NoCredentialsError",
    "PartialCredentialsError",
    "CredentialRetrievalError",
    "NoAuthTokenError",
    "TokenRetrievalError",
    "SSOError",
    "ProfileNotFound",
}
DENIED = {
    "AccessDenied",
    "AccessDeniedException",
    "UnauthorizedOperation",
    "UnrecognizedClientException",
    "InvalidClientTokenId",
    "ExpiredToken",
    "ExpiredTokenException",
    "SignatureDoesNotMatch",
}


class AwsUnreachable(CloudError):
    """No request was made: there is no network, or there are no credentials."""


def aws_client(session: Any, service: str, region: str) -> Any:
    """A client that retries when AWS throttles; raises MissingExtraError without boto3."""
    require("a refresh", "boto3")
    import boto3
    from botocore.config import Config

    retries = {"mode": "adaptive", "total_max_attempts": 5}
    config = Config(retries=retries, connect_timeout=10, read_timeout=60)
    with one_line_aws_errors(service, "a client"):
        return (session or boto3.Session()).client(service, region_name=region, config=config)


@contextmanager
def one_line_aws_errors(service: str, action: str) -> Iterator[None]:
    """Turn errors of boto3 into a CloudError of one line."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        code, text = (str(error.response["Error"].get(key, "")) for key in ("Code", "Message"))
        hint = f": expected credentials that may {service}:{action}" if code in DENIED else ""
        raise CloudError(_line(f"{service} refused {action}: {code}: {text}") + hint) from None
    except BotoCoreError as error:
        kinds = {kind.__name__ for kind in type(error).__mro__}
        if kinds & CREDENTIALS:
            hint = f"expected credentials that may {service}:{action}, such as `aws sso login` gives"
            raise AwsUnreachable(_line(f"no AWS credentials to refresh with: {error}; {hint}")) from None
        silence = f"{service} gave no answer to {action}: {error}: expected a network"
        raise AwsUnreachable(_line(silence)) from None


def _line(text: str) -> str:
    return " ".join(text.split()).rstrip(".")


def aws_pages(
    session_client: Any, service: str, action: str, operation: str, **arguments: Any
) -> Iterator[Any]:
    """Every page of a list; none for a service that AWS does not know in the region.

    Raises CloudError if a page fails.
    """
    with one_line_aws_errors(service, action):
        try:
            yield from session_client.get_paginator(operation).paginate(**arguments)
        except session_client.exceptions.ClientError as error:
            if error.response["Error"].get("Code") != "NoSuchResourceException":
                raise
