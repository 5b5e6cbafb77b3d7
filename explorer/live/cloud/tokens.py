"""Tokens at an HTTP API: why one is refused, as AWS says it, and the keys of a user pool for all to read.

The emulator checks a token's signature, issuer, times, audience and scopes. An issuer is asked for its keys
on this machine alone: a user pool of this cloud, or a server on the loopback.
"""

from __future__ import annotations

import base64
import json
import re
import time
from collections.abc import Callable, Mapping
from typing import Any

from .hook import checked, hook
from .limits import Limits

KEYS = re.compile(r"/([\w-]+)/\.well-known/(?:jwks\.json|openid-configuration)")
CHALLENGE = "WWW-Authenticate"


def install(limits: Limits) -> None:
    """Make the authorizers of the emulator in this process say why."""
    from ministack.services import apigateway, cognito

    checked(cognito, "_get_pool_unscoped", "pool_id")
    checked(apigateway, "_extract_token_from_identity_source", "identity_source headers query_params")
    checked(apigateway, "_verify_rs256_signature", "token jwk")
    checked(apigateway, "_resolve_jwks_url", "authorizer")
    checked(apigateway, "_fetch_jwks", "url")
    hook(apigateway, "_validate_jwt_authorizer", "route authorizer headers query_params", _saying_why)


def is_key_request(method: str, path: str) -> bool:
    """Whether the request is for the keys of a user pool that is there: they are public."""
    from ministack.services import cognito

    match = KEYS.fullmatch(path) if method == "GET" else None
    return match is not None and cognito._get_pool_unscoped(match[1]) is not None


def _saying_why(original: Callable[..., Any]) -> Callable[..., Any]:
    async def validate(
        route: Mapping[str, Any], authorizer: Mapping[str, Any], headers: Any, query_params: Any
    ) -> Any:
        claims, scopes, refusal = await original(route, authorizer, headers, query_params)
        if refusal is None:
            return claims, scopes, None
        status, others, body = refusal
        if status == 401:
            others = {**others, CHALLENGE: await _challenge(authorizer, headers, query_params)}
        compact = json.dumps(json.loads(body), separators=(",", ":")).encode()
        return claims, scopes, (status, others, compact)

    return validate


async def _challenge(authorizer: Mapping[str, Any], headers: Any, query_params: Any) -> str:
    """Of a caller without a token, and of one whose token is no good."""
    from ministack.services import apigateway

    sources = authorizer.get("identitySource", [])
    token = apigateway._extract_token_from_identity_source(sources, headers, query_params)
    if not token:
        return "Bearer"
    why = await _fault(token, authorizer)
    return 'Bearer scope="" error="invalid_token"' + (f' error_description="{why}"' if why else "")


async def _fault(token: str, authorizer: Mapping[str, Any]) -> str:
    """What AWS names as wrong with a token of the issuer's own; nothing where its words are not known."""
    from ministack.services import apigateway

    try:
        head, body = (json.loads(_decoded(part)) for part in token.split(".")[:2])
        keys = (await apigateway._fetch_jwks(await apigateway._resolve_jwks_url(authorizer)))["keys"]
        key = next(each for each in keys if each.get("kid") == head.get("kid"))
        if not apigateway._verify_rs256_signature(token, key):
            return ""
        settings = authorizer.get("jwtConfiguration") or {}
        if settings.get("issuer") and body.get("iss") != settings["issuer"]:
            return ""
        if int(body.get("exp", time.time() + 1)) <= time.time():
            return "the token has expired"
        own = body.get("aud", body.get("client_id"))
        audience = set(own if isinstance(own, list) else [own])
        return (
            ""
            if audience & set(settings.get("audience") or audience)
            else ("the token does not have a valid audience")
        )
    except (ValueError, TypeError, KeyError, AttributeError, OSError, StopIteration):
        return ""


def _decoded(part: str) -> bytes:
    return base64.urlsafe_b64decode(part + "=" * (-len(part) % 4))
