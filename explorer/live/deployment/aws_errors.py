"""Errors of the cloud as one clear line that repeats no value of a configuration."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from explorer.errors import CloudError

if TYPE_CHECKING:
    from botocore.exceptions import ClientError

LONGEST_MESSAGE = 500  # characters of a message
ECHO_PATTERNS = (  # where a message repeats its input, and the part that is kept
    (r'Resource handler returned message: "(.*)" \(RequestToken:.*\)', r"\1"),  # added by CloudFormation
    (r"\s*String measured:.*", ""),  # Lambda, for an environment that is too large
    (r"\bValue '.*' at '", "Value at '"),  # a service's check of its input
    (r", value: .*?, (type|valid)", r", \1"),  # botocore's check of its input
)
CLOCK = "AWS finds the time of the request wrong: set this machine's clock, or renew the credentials"
REFUSALS = {  # message: codes
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
UNSENT_ERRORS = {  # message: exceptions of botocore, and their subclasses
    "there are no AWS credentials: run `aws configure` or `aws sso login`, or set AWS_PROFILE": {
        "NoCredentialsError",
        "NoAuthTokenError",
    },
    "the AWS credentials are incomplete: {message}": {"PartialCredentialsError"},
    "the AWS credentials could not be read: {message}": {"CredentialRetrievalError"},
    "{message}: set AWS_PROFILE to one that `aws configure list-profiles` names": {"ProfileNotFound"},
    "the sign-in has ended: run `aws sso login`": {"SSOError", "LoginError", "TokenRetrievalError"},
    "no answer: {message}: expected a network, and a region that exists": {
        "ConnectionError",
        "HTTPClientError",
        "InvalidRegionError",
    },
}


@contextmanager
def explain_errors(action: str) -> Iterator[None]:
    """Turn an exception of boto3 into a CloudError that names the action."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise CloudError(f"{action}: {describe_refusal(error)}") from None
    except BotoCoreError as error:
        raise CloudError(f"{action}: {_describe_unsent(error)}") from None


def short_message(message: str) -> str:
    """A message of the cloud in one line, without the input that it repeats."""
    line = " ".join(message.split())
    for pattern, replacement in ECHO_PATTERNS:
        line = re.sub(pattern, replacement, line)
    return line if len(line) <= LONGEST_MESSAGE else line[:LONGEST_MESSAGE] + " ..."


def describe_refusal(error: ClientError) -> str:
    """The call that the cloud refused, and the reason."""
    fields = error.response["Error"]
    code, message = fields.get("Code", "unknown"), short_message(fields.get("Message", ""))
    line = next((line for line, codes in REFUSALS.items() if code in codes), "{code}: {message}")
    if message.startswith("Signature expired"):
        line = CLOCK
    return f"{error.operation_name}: {line.format(code=code, message=message or code)}"


def _describe_unsent(error: Exception) -> str:
    kinds, message = {kind.__name__ for kind in type(error).__mro__}, short_message(str(error)).rstrip(".")
    for line, names in UNSENT_ERRORS.items():
        if names & kinds:
            return line.format(message=message)
    return message
