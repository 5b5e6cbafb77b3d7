"""Whose tokens an endpoint takes: the values that a template asks for, and which target can check them."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from explorer.errors import ExplorerError
from explorer.options.base.resources import TOKEN_AUDIENCE, TOKEN_ISSUER

from .template import Stack

OPTIONS = {TOKEN_ISSUER: "--jwt-issuer", TOKEN_AUDIENCE: "--jwt-audience"}
POOL = "cognito-idp."  # beginning of the host of a user pool, which the local cloud has too


def token_values(stack: Stack, issuer: str | None, audience: str | None) -> dict[str, str]:
    """The values of the template's parameters for tokens, as far as they are stated.

    Parameters
    ----------
    stack : what is deployed or exported
    issuer : the tokens' claim iss, a URL
    audience : their claim aud

    Raises ExplorerError for a value that cannot be one, and where no door checks tokens.
    """
    values = {
        name: value
        for name, value in ((TOKEN_ISSUER, issuer), (TOKEN_AUDIENCE, audience))
        if value is not None
    }
    if values and not stack.takes_tokens:
        auth = stack.workload.client.auth
        raise ExplorerError(
            f"{' and '.join(OPTIONS[name] for name in values)}: client.auth is {auth or 'not given'}, and "
            'the endpoint takes no tokens: expected client.auth = "jwt"'
        )
    if issuer is not None:
        if not _is_url(issuer):
            raise ExplorerError(
                f'--jwt-issuer is "{issuer}": expected a URL such as https://accounts.example.com'
            )
        if urlsplit(issuer).scheme == "http" and not _is_here(issuer):
            raise ExplorerError(f'--jwt-issuer is "{issuer}": expected https (http only on this machine)')
    if audience is not None and not audience.strip():
        raise ExplorerError("--jwt-audience is empty: expected the claim aud of the tokens")
    return values


def _is_here(issuer: str) -> bool:
    """Whether the issuer is on this machine."""
    from explorer.live.client.signing import is_local  # its package needs httpx2, which `stacks` does not

    return is_local(issuer)


def _is_url(issuer: str) -> bool:
    """Whether it is an http or https address with a host, and without whitespace, a query or a fragment."""
    if any(each.isspace() or not each.isprintable() for each in issuer):
        return False
    try:
        parts = urlsplit(issuer)
        _ = parts.port
    except ValueError:  # a bracket too few, a port that is none
        return False
    return bool(parts.scheme in ("http", "https") and parts.hostname and not parts.query + parts.fragment)


def check_issuer(values: Mapping[str, str], target_name: str) -> None:
    """Raise ExplorerError if this target cannot check tokens of this issuer, or if a value is missing.

    Examples
    --------
    >>> check_issuer({"JwtIssuer": "https://idp.example", "JwtAudience": "app"}, "aws")
    """
    if lacking := [option for name, option in OPTIONS.items() if name not in values]:
        raise ExplorerError(
            f"client.auth is jwt, and whose tokens count is not known: expected {' and '.join(lacking)}"
        )
    issuer = values[TOKEN_ISSUER]
    host = urlsplit(issuer).hostname or ""
    if target_name == "local" and not _is_here(issuer) and not host.startswith(POOL):
        raise ExplorerError(
            f'--jwt-issuer is "{issuer}": the local cloud reads keys on this machine alone: expected an '
            "issuer such as http://127.0.0.1:8080, a user pool of the local cloud, or --target aws"
        )
    if target_name == "aws" and _is_here(issuer):
        raise ExplorerError(
            f'--jwt-issuer is "{issuer}": AWS cannot read its keys: expected a public https URL'
        )
