"""What the cloud says when it refuses, as one clear line that repeats no value of a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from explorer.errors import CloudError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

LONGEST = 500  # characters of a message
ECHOES = (  # where a message repeats what it was given, and what is kept of it
    (r'Resource handler returned message: "(.*)" \(RequestToken:.*\)', r"\1"),  # CloudFormation's wrapping
    (r"\s*String measured:.*", ""),  # Lambda, of an environment that is too large
    (r"\bValue '.*' at '", "Value at '"),  # a service's own check of its input
    (r", value: .*?, (type|valid)", r", \1"),  # botocore's check of its input
)
CLOCK = "AWS finds the time of the request wrong: set this machine's clock, or renew the credentials"
REFUSED = {  # what is said: for which codes
    "the credentials have expired: renew them, such as by `aws sso login`": {
        "ExpiredToken",
        "ExpiredTokenException",
        "TokenRefreshRequired",
    },
    CLOCK: {"RequestExpired", "RequestTimeTooSkewed"},
    "AWS does not know these credentials ({code}): expected another key or profile, or a region that the "
    "account has enabled": {
        "AuthFailure",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "MissingAuthenticationToken",
        "MissingAuthenticationTokenException",
        "SignatureDoesNotMatch",
        "UnrecognizedClientException",
    },
    "denied: {message}": {
        "403",
        "AccessDenied",
        "AccessDeniedException",
        "AuthorizationError",
        "AuthorizationErrorException",
        "Forbidden",
        "ForbiddenException",
        "NotAuthorized",
        "UnauthorizedException",
        "UnauthorizedOperation",
    },
    "throttled ({code}): try again later": {
        "RequestLimitExceeded",
        "RequestThrottled",
        "RequestThrottledException",
        "SlowDown",
        "Throttling",
        "ThrottledException",
        "ThrottlingException",
        "TooManyRequestsException",
        "TooManyUpdates",
    },
    "a quota of the account is used up ({code}): {message}": {
        "AccountLimitExceededException",
        "LimitExceeded",
        "LimitExceededException",
        "ParameterLimitExceeded",
        "ServiceQuotaExceededException",
        "TooManyBuckets",
    },
    "the account cannot use this region ({code}): {message}": {
        "IllegalLocationConstraintException",
        "InvalidLocationConstraint",
        "OptInRequired",
    },
    "the name is taken by another account: deploy again, which draws another name": {"BucketAlreadyExists"},
}
UNSENT = {  # what is said: for which exceptions of botocore, and those made from them
    "there are no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE": {
        "NoCredentialsError",
        "NoAuthTokenError",
    },
    "the AWS credentials are incomplete: {message}": {"PartialCredentialsError"},
    "the AWS credentials could not be had: {message}": {"CredentialRetrievalError"},
    "{message}: set AWS_PROFILE to one that `aws configure list-profiles` names": {"ProfileNotFound"},
    "the sign-in has ended: run `aws sso login`": {"SSOError", "LoginError", "TokenRetrievalError"},
    "no answer: {message}: expected a network, and a region that exists": {
        "ConnectionError",
        "HTTPClientError",
        "InvalidRegionError",
    },
}


@contextmanager
def spoken(doing: str) -> Iterator[None]:
    """Turn what boto3 raises into a CloudError that says what was being done."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise CloudError(f"{doing}: {refused(error)}") from None
    except BotoCoreError as error:
        raise CloudError(f"{doing}: {_unsent(error)}") from None


def plainly(message: str) -> str:
    """A message of the cloud in one line, without what it repeats of its input."""
    line = " ".join(message.split())
    for pattern, replacement in ECHOES:
        line = re.sub(pattern, replacement, line)
    return line if len(line) <= LONGEST else line[:LONGEST] + " ..."


def refused(error: ClientError) -> str:
    """The call that the cloud refused, and why."""
    fields = error.response["Error"]
    code, message = fields.get("Code", "unknown"), plainly(fields.get("Message", ""))
    line = next((line for line, codes in REFUSED.items() if code in codes), "{code}: {message}")
    if message.startswith("Signature expired"):
        line = CLOCK
    return f"{error.operation_name}: {line.format(code=code, message=message or code)}"


def _unsent(error: Exception) -> str:
    kinds, message = {kind.__name__ for kind in type(error).__mro__}, plainly(str(error)).rstrip(".")
    for line, names in UNSENT.items():
        if names & kinds:
            return line.format(message=message)
    return message
