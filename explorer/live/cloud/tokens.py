"""Tokens at an HTTP API: the reason for a refusal, as AWS words it, and the public keys of user pools.

The emulator checks a token's signature, issuer, times, audience and scopes. It fetches an issuer's keys on
this machine only: from a user pool of this cloud, or from a server on the loopback.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from .hook import hook, require
from .limits import Limits

KEYS = re.compile(r"/([\w-]+)/\.well-known/(?:jwks\.json|openid-configuration)")
CHALLENGE = "WWW-Authenticate"


def install(limits: Limits) -> None:
    """Add the reason to refusals of the JWT authorizers in the emulator that is loaded in this process."""
    from ministack.services import apigateway, cognito

    require(cognito, "_get_pool_unscoped", "pool_id")
    require(apigateway, "_extract_token_from_identity_source", "identity_source headers query_params")
    require(apigateway, "_verify_rs256_signature", "token jwk")
    require(apigateway, "_resolve_jwks_url", "authorizer")
    require(apigateway, "_fetch_jwks", "url")
    require(apigateway, "_jwt_unauthorized", "message")
    hook(apigateway, "_validate_jwt_authorizer", "route authorizer headers query_params", _add_reason)


def is_key_request(method: str, path: str) -> bool:
    """Whether a request is for the keys of an existing user pool, which are public."""
    from ministack.services import cognito

    match = KEYS.fullmatch(path) if method == "GET" else None
    return match is not None and cognito._get_pool_unscoped(match[1]) is not None


def _add_reason(original: Callable[..., Any]) -> Callable[..., Any]:
    from ministack.services import apigateway

    async def validate(
        route: Mapping[str, Any], authorizer: Mapping[str, Any], headers: Any, query_params: Any
    ) -> Any:
        source = authorizer.get("identitySource", [])
        token = apigateway._extract_token_from_identity_source(source, headers, query_params)
        if token and not _is_well_formed(token):
            refusal = apigateway._jwt_unauthorized()
        else:
            claims, scopes, refusal = await original(route, authorizer, headers, query_params)
        if refusal is None:
            return claims, scopes, None
        status, others, body = refusal
        if status == 401:
            others = {**others, CHALLENGE: await _challenge(authorizer, headers, query_params)}
        compact = json.dumps(json.loads(body), separators=(",", ":")).encode()
        return None, None, (status, others, compact)

    return validate


def _is_well_formed(token: str) -> bool:
    """Whether a token names an algorithm that an HTTP API takes, and the times at which it is good."""
    try:
        head, body = (json.loads(_decode(part)) for part in token.split(".")[:2])
        times = [body["exp"], *(body[name] for name in ("nbf", "iat") if name in body)]
    except (ValueError, TypeError, KeyError):
        return False
    are_numbers = all(isinstance(each, int | float) and not isinstance(each, bool) for each in times)
    return isinstance(head, dict) and head.get("alg") == "RS256" and are_numbers


async def _challenge(authorizer: Mapping[str, Any], headers: Any, query_params: Any) -> str:
    """The WWW-Authenticate header for a caller without a token or with an invalid one."""
    from ministack.services import apigateway

    sources = authorizer.get("identitySource", [])
    token = apigateway._extract_token_from_identity_source(sources, headers, query_params)
    if not token:
        return "Bearer"
    reason = await _fault(token, authorizer)
    return 'Bearer scope="" error="invalid_token"' + (f' error_description="{reason}"' if reason else "")


async def _fault(token: str, authorizer: Mapping[str, Any]) -> str:
    """AWS's description of the fault of a token that the issuer signed; "" where its text is not known."""
    from ministack.services import apigateway

    try:
        head, body = (json.loads(_decode(part)) for part in token.split(".")[:2])
        keys = (await apigateway._fetch_jwks(await apigateway._resolve_jwks_url(authorizer)))["keys"]
        key = next(each for each in keys if each.get("kid") == head.get("kid"))
        if not apigateway._verify_rs256_signature(token, key):
            return ""
        settings = authorizer.get("jwtConfiguration") or {}
        if settings.get("issuer") and body.get("iss") != settings["issuer"]:
            return ""
        if int(body.get("exp", time.time() + 1)) <= time.time():
            return "the token has expired"
        claim = body.get("aud", body.get("client_id"))
        audience = set(claim if isinstance(claim, list) else [claim])
        return (
            ""
            if audience & set(settings.get("audience") or audience)
            else ("the token does not have a valid audience")
        )
    except (ValueError, TypeError, KeyError, AttributeError, OSError, StopIteration):
        return ""


def _decode(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
