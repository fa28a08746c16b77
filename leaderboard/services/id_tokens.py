"""Checks an OpenID Connect ID token: who signed it, for whom, when, and for which sign-in. No network here.

OpenID Connect Core 1.0, section 3.1.3.7. The signature is checked even where the token came over TLS.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import jwt

ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA")
"""Those with a public key; "none" and shared secrets are never taken, whatever the token says."""
CLOCK_SECONDS = 30
"""By how much the provider's clock may differ."""
REQUIRED = ("iss", "sub", "aud", "exp", "iat")


class BadToken(Exception):
    """The token must not be believed; the text says why, for the log."""


def claims_of(token: str, *, keys: Mapping[str, Any], issuer: str, client_id: str, nonce: str) -> dict[str, Any]:
    """The claims of a token that is good. `keys`: the provider's JWK set; `nonce`: that of this sign-in.

    Raises BadToken.
    """
    import jwt  # loads slowly, as all of cryptography, and few visitors sign in

    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key=_key(keys, jwt.get_unverified_header(token).get("kid")),
            algorithms=list(ALGORITHMS),
            audience=client_id,
            issuer=issuer,
            leeway=CLOCK_SECONDS,
            options={"require": list(REQUIRED)},
        )
    except jwt.PyJWTError as problem:
        raise BadToken(f"{type(problem).__name__}: {problem}") from None
    _check(claims, client_id, nonce)
    return claims


def _key(keys: Mapping[str, Any], kid: str | None) -> jwt.PyJWK:
    """The key that the token names; the only one where it names none. Raises BadToken."""
    import jwt

    found = [one for one in jwt.PyJWKSet.from_dict(dict(keys)).keys if one.public_key_use in (None, "sig")]
    named = [one for one in found if one.key_id == kid] if kid else found
    if len(named) != 1:
        raise BadToken(f"no key of the provider is called {kid!r}" if kid else "the token names no key")
    return named[0]


def _check(claims: Mapping[str, Any], client_id: str, nonce: str) -> None:
    if not hmac.compare_digest(str(claims.get("nonce", "")).encode(), nonce.encode()):
        raise BadToken("the nonce is not that of this sign-in")
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != client_id:
        raise BadToken("the token is for several clients, and was not given to this one")
    if "azp" in claims and claims["azp"] != client_id:
        raise BadToken("the token was given to another client")
    if not isinstance(claims["sub"], str) or not claims["sub"]:
        raise BadToken("the token names nobody")
