"""An OpenID Connect provider on loopback: real discovery, keys, codes, PKCE and tokens, and faults on demand."""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "touchstone", "s3cret of the client"
GRACE = {"sub": "grace-1", "preferred_username": "grace", "email": "Grace@Example.org", "email_verified": True}


@dataclass
class Provider:
    """`person`: who signs in, or None to break off. `claims`: what ID tokens say otherwise; None leaves a claim out.

    `down`: paths that answer 503. `thin`: ID tokens without e-mail and name, which user-info then tells. `asked`: every
    request as method and path. `algorithm`, `key`, `kid`: what signs.
    """

    base: str = ""
    person: dict[str, Any] | None = field(default_factory=lambda: dict(GRACE))
    claims: dict[str, Any] = field(default_factory=dict)
    info: dict[str, Any] = field(default_factory=dict)
    config: dict[str, Any] = field(default_factory=dict)
    down: set[str] = field(default_factory=set)
    thin: bool = False
    algorithm: str = "RS256"
    kid: str = "one"
    asked: list[tuple[str, str]] = field(default_factory=list)
    codes: dict[str, dict[str, str]] = field(default_factory=dict)
    access: dict[str, dict[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.key: Any = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.published = self.key.public_key()

    def discovery(self) -> dict[str, Any]:
        """What it says of itself."""
        ends = {name: f"{self.base}/{path}" for name, path in ENDS.items()}
        methods = {"token_endpoint_auth_methods_supported": ["client_secret_basic"]}
        return {"issuer": self.base, **ends, **methods, **self.config}

    def keys(self) -> dict[str, Any]:
        """The JWK set."""
        own = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.published))
        return {"keys": [{**own, "kid": "one", "use": "sig", "alg": "RS256"}]}

    def code_for(self, asked: dict[str, str]) -> str:
        """Where the browser goes back to."""
        told = {"state": asked["state"]}
        if self.person is None:
            return f"{asked['redirect_uri']}?{urlencode(told | {'error': 'access_denied'})}"
        code = secrets.token_urlsafe(16)
        self.codes[code] = asked
        return f"{asked['redirect_uri']}?{urlencode(told | {'code': code})}"

    def tokens(self, sent: dict[str, str], authorization: str) -> tuple[int, dict[str, Any]]:
        """Tokens for a code: once, for the client, with the verifier that belongs to it."""
        given = base64.b64decode(authorization.removeprefix("Basic ")).decode()
        if given != f"{CLIENT}:{SECRET}":
            return 401, {"error": "invalid_client"}
        asked = self.codes.pop(sent.get("code", ""), None)
        verifier = hashlib.sha256(sent.get("code_verifier", "").encode()).digest()
        proof = base64.urlsafe_b64encode(verifier).rstrip(b"=").decode()
        if asked is None or asked["code_challenge"] != proof or asked["redirect_uri"] != sent["redirect_uri"]:
            return 400, {"error": "invalid_grant"}
        access = secrets.token_urlsafe(16)
        self.access[access] = {**(self.person or {}), **self.info}
        return 200, {"access_token": access, "token_type": "Bearer", "id_token": self.id_token(asked["nonce"])}

    def id_token(self, nonce: str) -> str:
        """A signed ID token for the person."""
        now, own = int(time.time()), dict(self.person or {})
        shown = {"sub": own["sub"]} if self.thin else own
        claims = {"iss": self.base, "aud": CLIENT, "iat": now, "exp": now + 300, "nonce": nonce, **shown, **self.claims}
        kept = {name: value for name, value in claims.items() if value is not None}
        return jwt.encode(kept, self.key, algorithm=self.algorithm, headers={"kid": self.kid})


ENDS = {
    "authorization_endpoint": "authorize",
    "token_endpoint": "token",
    "jwks_uri": "keys",
    "userinfo_endpoint": "userinfo",
}


class _Handler(BaseHTTPRequestHandler):
    provider: Provider

    def log_message(self, *_: Any) -> None:
        """Nothing on the console."""

    def do_GET(self) -> None:
        parts, provider = urlsplit(self.path), self.provider
        if self._is_down(parts.path):
            return
        asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
        if parts.path == "/.well-known/openid-configuration":
            self._answer(200, provider.discovery())
        elif parts.path == "/keys":
            self._answer(200, provider.keys())
        elif parts.path == "/userinfo":
            told = provider.access.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
            self._answer(200 if told else 401, told or {"error": "invalid_token"})
        elif parts.path == "/authorize" and asked.get("code_challenge_method") == "S256" and asked.get("nonce"):
            self._page(provider.code_for(asked))
        elif parts.path == "/favicon.ico":
            self._send(200, "image/svg+xml", b"<svg xmlns='http://www.w3.org/2000/svg'/>", {})
        else:
            self._answer(400, {"error": "invalid_request"})

    def do_POST(self) -> None:
        if self._is_down(self.path):
            return
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        sent = {name: values[0] for name, values in parse_qs(body).items()}
        self._answer(*self.provider.tokens(sent, self.headers.get("Authorization", "")))

    def _is_down(self, path: str) -> bool:
        self.provider.asked.append((self.command, path))
        if path in self.provider.down:
            self._answer(503, {"error": "down"})
        return path in self.provider.down

    def _page(self, back: str) -> None:
        """As providers do, a page with a button; the address is in the link."""
        link = back.replace("&", "&amp;")
        html = f"<!doctype html><title>Acme</title><h1>Acme</h1><a id=go href='{link}'>Go on as this person</a>"
        self._send(200, "text/html; charset=utf-8", html.encode(), {"X-Back": back})

    def _answer(self, status: int, told: Any) -> None:
        self._send(status, "application/json", json.dumps(told).encode(), {})

    def _send(self, status: int, kind: str, body: bytes, more: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


@contextmanager
def running() -> Iterator[Provider]:
    """A provider that answers on a free port until the end."""
    provider = Provider()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Handler", (_Handler,), {"provider": provider}))
    provider.base = f"http://127.0.0.1:{server.server_address[1]}"
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield provider
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def setting(provider: Provider, key: str = "acme", name: str = "Acme") -> str:
    """The provider as TOUCHSTONE_OIDC_PROVIDERS names it."""
    own = {"id": key, "name": name, "issuer": provider.base, "client_id": CLIENT, "client_secret": SECRET}
    return json.dumps([own])
