"""What the cloud says when it refuses, as one clear line."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from . import CloudError

EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
WRONG = {
    "InvalidClientTokenId",
    "UnrecognizedClientException",
    "SignatureDoesNotMatch",
    "InvalidSignatureException",
}
DENIED = {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "AuthorizationError"}
THROTTLED = {
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "RequestLimitExceeded",
    "SlowDown",
}


@contextmanager
def spoken(doing: str) -> Iterator[None]:
    """Turn what boto3 raises into a CloudError that says what was being done."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise CloudError(f"{doing}: {_said(error.response['Error'], error.operation_name)}") from None
    except BotoCoreError as error:
        raise CloudError(f"{doing}: {_unsent(error)}") from None


def _said(error: dict[str, str], operation: str) -> str:
    code, message = error.get("Code", "unknown"), " ".join(error.get("Message", "").split())
    if code in EXPIRED:
        return f"{operation}: the credentials have expired: renew them, such as by `aws sso login`"
    if code in WRONG:
        return f"{operation}: AWS does not know these credentials ({code})"
    if code in DENIED:
        return f"{operation}: denied: {message or code}"
    if code in THROTTLED:
        return f"{operation}: throttled ({code}): try again later"
    return f"{operation}: {code}: {message}"


def _unsent(error: Exception) -> str:
    name = type(error).__name__
    if name in {
        "NoCredentialsError",
        "PartialCredentialsError",
        "CredentialRetrievalError",
        "TokenRetrievalError",
    }:
        return "there are no AWS credentials: run `aws configure`, or set AWS_PROFILE"
    if name in {"UnauthorizedSSOTokenError", "SSOTokenLoadError"}:
        return "the SSO session has ended: run `aws sso login`"
    return " ".join(str(error).split())
