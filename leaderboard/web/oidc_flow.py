"""One sign-in with an OpenID Connect provider: to the provider and back, over django-allauth's client.

allauth keeps the state, makes the PKCE pair and fetches the code's tokens. What it leaves out is here: the nonce, the
token's signature, and what to say when a provider does not answer. Its pages, e-mails and accounts are not used.
"""

from __future__ import annotations

import hmac
import secrets
from dataclasses import dataclass
from typing import Any

import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.http import HttpRequest
from django.urls import reverse

from leaderboard.queries.sign_in import Provider, checked_address
from leaderboard.services.id_tokens import BadToken, claims_of

ENDPOINTS = ("authorization_endpoint", "token_endpoint", "jwks_uri")
STRANGE = (KeyError, TypeError, ValueError, AttributeError)
"""What reading an answer raises that is not shaped as it must be."""


class Outage(Exception):
    """The provider did not answer, or not as OpenID Connect asks: nobody's sign-in was refused. The text is a log's."""


class Refused(Exception):
    """This sign-in does not count. `reason` is one of `leaderboard.web.oidc.SENTENCES`; the text is for the log."""

    def __init__(self, reason: str, told: str = "") -> None:
        super().__init__(told or reason)
        self.reason = reason


@dataclass(frozen=True)
class Came:
    """Somebody back from a provider: its claims, where to go on, and the account to connect, None to sign in."""

    claims: dict[str, Any]
    after: str
    connect: int | None


class Adapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """allauth's, with sessions that tell an outage from a refusal, and no way to sign up by its own pages."""

    def get_requests_session(self) -> Any:
        """A session that follows no redirect and raises Outage where the server is at fault."""
        session = super().get_requests_session()
        session.max_redirects = 0
        session.hooks["response"].append(_not_at_fault)
        return session

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        """Never: accounts are made by `services.identities`."""
        return False


def _not_at_fault(response: requests.Response, *_: Any, **__: Any) -> None:
    """401 and 403 at these addresses mean that our own client id or secret is not taken."""
    if response.status_code >= 500 or response.status_code in (401, 403, 404, 429):
        raise Outage(f"{response.url.partition('?')[0]} answered {response.status_code}")


class _Client(OpenIDConnectOAuth2Adapter):  # type: ignore[misc]
    def __init__(self, request: HttpRequest, house: _House) -> None:
        super().__init__(request, house.app.provider_id)
        self.house = house

    def get_provider(self) -> _House:
        return self.house

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return request.build_absolute_uri(reverse("oidc-back", args=[self.provider_id]))


class _House(OpenIDConnectProvider):  # type: ignore[misc]
    pkce_enabled_default = True

    def get_oauth2_adapter(self, request: HttpRequest) -> _Client:
        if not hasattr(self, "_client"):
            self._client = _Client(request, self)
        return self._client


def _house(request: HttpRequest, provider: Provider) -> _House:
    app = SocialApp(
        provider="openid_connect",
        provider_id=provider.id,
        name=provider.name,
        client_id=provider.client_id,
        secret=provider.client_secret,
        settings={"server_url": provider.issuer.rstrip("/")},
    )
    return _House(request, app)


def way_out(request: HttpRequest, provider: Provider, *, after: str, connect: int | None) -> str:
    """The provider's address to send the browser to; what must be known on the way back stays in the session.

    Raises Outage.
    """
    house, nonce = _house(request, provider), secrets.token_urlsafe(24)
    kept = {"nonce": nonce, "connect": connect}
    try:
        _discover(house.get_oauth2_adapter(request), provider)
        answer = house.redirect(request, process="login", next_url=after, data=kept, auth_params={"nonce": nonce})
    except (requests.RequestException, *STRANGE) as problem:
        raise Outage(f"{type(problem).__name__}: {problem}") from problem
    return str(answer.url)


def come_back(request: HttpRequest, provider: Provider) -> Came:
    """Who came back. Each state is good once, in the session that went out. Raises Refused, Outage."""
    state = statekit.unstash_state(request, provider_id=provider.id, state_id=request.GET.get("state", ""))
    if state is None:
        raise Refused("state")
    if request.GET.get("error"):
        reason = "cancelled" if request.GET["error"] == "access_denied" else "error"
        raise Refused(reason, f"the provider said {request.GET['error'][:100]!r}")
    if not hmac.compare_digest(request.GET.get("iss", provider.issuer), provider.issuer) or "code" not in request.GET:
        raise Refused("answer")
    claims = _claims(_house(request, provider), request, provider, state)
    return Came(claims, str(state.get("next") or ""), state["data"]["connect"])


def _claims(house: _House, request: HttpRequest, provider: Provider, state: dict[str, Any]) -> dict[str, Any]:
    adapter = house.get_oauth2_adapter(request)
    try:
        config = _discover(adapter, provider)
        client = adapter.get_client(request, house.app)
        tokens = adapter.get_access_token_data(request, house.app, client, state["pkce_code_verifier"])
        keys = _get(config["jwks_uri"])
        told = {"issuer": config["issuer"], "client_id": provider.client_id, "nonce": state["data"]["nonce"]}
        claims = claims_of(str(tokens["id_token"]), keys=keys, **told)
        return claims | _more(config, claims, str(tokens["access_token"]))
    except OAuth2Error as problem:
        raise Refused("code", str(problem)[:300]) from problem
    except BadToken as problem:
        raise Refused("token", str(problem)) from problem
    except (requests.RequestException, *STRANGE) as problem:
        raise Outage(f"{type(problem).__name__}: {problem}") from problem


def _discover(adapter: _Client, provider: Provider) -> dict[str, Any]:
    """The provider's own description, of the very issuer that was set up. Raises Outage and those of `STRANGE`."""
    config: dict[str, Any] = adapter.openid_config
    if config["issuer"].rstrip("/") != provider.issuer.rstrip("/"):
        raise Outage(f"it calls itself {config['issuer']!r}, and was set up as {provider.issuer!r}")
    for name in ENDPOINTS:
        checked_address(config[name])
    return config


def _more(config: dict[str, Any], claims: dict[str, Any], access: str) -> dict[str, Any]:
    """What the user-info endpoint says of the same person, where the token tells no address."""
    if "email" in claims or not config.get("userinfo_endpoint"):
        return {}
    found = _get(checked_address(config["userinfo_endpoint"]), access)
    if found["sub"] != claims["sub"]:
        raise BadToken("the user-info endpoint speaks of somebody else")
    return {name: found[name] for name in ("email", "email_verified", "preferred_username") if name in found}


def _get(address: str, access: str = "") -> dict[str, Any]:
    headers = {"Authorization": f"Bearer {access}"} if access else {}
    with Adapter().get_requests_session() as session:
        answer = session.get(address, headers=headers)
        answer.raise_for_status()
        found = answer.json()
    if not isinstance(found, dict):
        raise TypeError(f"{address} did not answer with an object")
    return found
