"""Settings, read from the environment: the embedded mode by default, production by variables alone."""

from __future__ import annotations

import contextlib
import os
import secrets
from pathlib import Path
from typing import Any

from environs import Env

env = Env()
BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(env.str("TOUCHSTONE_DATA", str(BASE_DIR / "var")))
"""Where the embedded mode keeps its database, doorbell and secret key."""

DEBUG = env.bool("DEBUG", False)


def _kept_secret() -> str:
    """A random key, made once per data folder and readable by its owner only."""
    path = DATA_DIR / "secret-key"
    if not path.exists():
        DATA_DIR.mkdir(parents=True, exist_ok=True)
        draft = path.with_name(f"secret-key.{os.getpid()}")
        draft.touch(mode=0o600)
        draft.write_text(secrets.token_urlsafe(64))
        with contextlib.suppress(FileExistsError):  # another process was first; its key stands
            os.link(draft, path)
        draft.unlink()
    return path.read_text()


SECRET_KEY = env.str("SECRET_KEY", "") or _kept_secret()
ALLOWED_HOSTS = env.list("ALLOWED_HOSTS", ["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", [])

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_htmx",
    "allauth.account",
    "allauth.socialaccount",
    "ninja",
    "leaderboard",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "csp.middleware.CSPMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "django_htmx.middleware.HtmxMiddleware",
    "allauth.account.middleware.AccountMiddleware",
]
ROOT_URLCONF = "leaderboard.urls"
WSGI_APPLICATION = "leaderboard.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ]
        },
    }
]

DATABASES: dict[str, Any] = {"default": env.dj_db_url("DATABASE_URL", f"sqlite:///{DATA_DIR / 'touchstone.sqlite3'}")}
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"] = {
        "transaction_mode": "IMMEDIATE",
        "timeout": 20,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL; PRAGMA foreign_keys=ON;",
    }
    DATA_DIR.mkdir(parents=True, exist_ok=True)
else:
    # Assigned, since the parsed URL brings an age of 0, which would open a connection for every request.
    DATABASES["default"]["CONN_MAX_AGE"] = 60
    DATABASES["default"]["CONN_HEALTH_CHECKS"] = True

CACHE_URL = env.str("CACHE_URL", "")
CACHES: dict[str, Any] = {
    "default": {"BACKEND": "django.core.cache.backends.redis.RedisCache", "LOCATION": CACHE_URL}
    if CACHE_URL
    else {"BACKEND": "django.core.cache.backends.locmem.LocMemCache"}
}

CELERY_BROKER_URL = env.str("CELERY_BROKER_URL", "") or "filesystem://localhost"
DOORBELL_DIR = DATA_DIR / "doorbell"
LEASE_SECONDS = env.int("TOUCHSTONE_LEASE_SECONDS", 60)
HEARTBEAT_SECONDS = env.float("TOUCHSTONE_HEARTBEAT_SECONDS", 4.0)
SWEEP_SECONDS = env.float("TOUCHSTONE_SWEEP_SECONDS", 3.0)
MAX_ATTEMPTS = env.int("TOUCHSTONE_MAX_ATTEMPTS", 3)
REFRESH_SECONDS = env.float("TOUCHSTONE_REFRESH_SECONDS", 2.0)
"""Least time between two snapshots of one board."""
METRICS_TOKEN = env.str("TOUCHSTONE_METRICS_TOKEN", "")
"""What Prometheus sends to read /metrics; empty turns that off."""
MODEL_FAMILIES: Any = env.json("TOUCHSTONE_MODEL_FAMILIES", {})
"""Patterns of model names by family, as JSON; they come before the built-in ones."""
PLUGIN_ALLOW_LIST: list[str] = env.list("TOUCHSTONE_PLUGINS", [])
"""Names of the only plugins to let in; empty lets every installed one in."""

AUTH_USER_MODEL = "leaderboard.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in ("UserAttributeSimilarityValidator", "MinimumLengthValidator", "CommonPasswordValidator")
]
LOGIN_URL = "sign-in"
OIDC_PROVIDER: dict[str, str] = {
    "issuer": env.str("TOUCHSTONE_OIDC_ISSUER", ""),
    "client_id": env.str("TOUCHSTONE_OIDC_CLIENT_ID", ""),
    "client_secret": env.str("TOUCHSTONE_OIDC_CLIENT_SECRET", ""),
    "name": env.str("TOUCHSTONE_OIDC_NAME", "OpenID Connect"),
}
OIDC_PROVIDERS_SECRET = env.str("TOUCHSTONE_OIDC_PROVIDERS", "")
"""Several providers as JSON, with their secrets; `queries.sign_in` reads both."""
SOCIALACCOUNT_ADAPTER = "leaderboard.web.oidc_flow.Adapter"
LOGIN_REDIRECT_URL = "boards"
LOGOUT_REDIRECT_URL = "boards"

LANGUAGE_CODE = "en-gb"
LANGUAGES = [("en-gb", "English"), ("zh-hans", "简体中文")]
"""What the pages can be read in; the texts in the code are the first."""
USE_I18N = True
LANGUAGE_COOKIE_NAME = "language"
LANGUAGE_COOKIE_AGE = 31_536_000
LANGUAGE_COOKIE_HTTPONLY = True
LANGUAGE_COOKIE_SAMESITE = "Lax"
TIME_ZONE = "UTC"
USE_TZ = True
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
STATIC_URL = "static/"
STATIC_ROOT = Path(env.str("STATIC_ROOT", str(DATA_DIR / "static")))
with contextlib.suppress(OSError):  # WhiteNoise warns of a folder that is not there; the finders serve without it
    STATIC_ROOT.mkdir(parents=True, exist_ok=True)
WHITENOISE_USE_FINDERS = True
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"},
}

EMAIL_HOST = env.str("EMAIL_HOST", "")
"""The mail server that confirms voters' addresses; empty sends no e-mail, and pages say so."""
EMAIL_PORT = env.int("EMAIL_PORT", 25)
EMAIL_HOST_USER = env.str("EMAIL_HOST_USER", "")
EMAIL_HOST_PASSWORD = env.str("EMAIL_HOST_PASSWORD", "")
EMAIL_USE_TLS = env.bool("EMAIL_USE_TLS", False)
EMAIL_TIMEOUT = 10
DEFAULT_FROM_EMAIL = env.str("DEFAULT_FROM_EMAIL", "touchstone@localhost")

HTTPS = env.bool("TOUCHSTONE_HTTPS", False)
"""True behind TLS: secure cookies, HSTS and a redirect from http."""
SECURE_SSL_REDIRECT = HTTPS
SESSION_COOKIE_SECURE = HTTPS
CSRF_COOKIE_SECURE = HTTPS
LANGUAGE_COOKIE_SECURE = HTTPS
SECURE_HSTS_SECONDS = 31_536_000 if HTTPS else 0
SECURE_HSTS_INCLUDE_SUBDOMAINS = HTTPS
SECURE_HSTS_PRELOAD = HTTPS
BEHIND_PROXY = env.bool("TOUCHSTONE_BEHIND_PROXY", False)
"""True behind a proxy of the operator's, which tells the scheme and, last in X-Forwarded-For, the visitor's address."""
SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https") if BEHIND_PROXY else None
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_ENGINE = "leaderboard.sessions"
X_FRAME_OPTIONS = "DENY"
SECURE_REFERRER_POLICY = "same-origin"
DATA_UPLOAD_MAX_MEMORY_SIZE = 2 * 1024 * 1024
CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": ["'self'"],
        "img-src": ["'self'", "data:"],
        "object-src": ["'none'"],
        "base-uri": ["'none'"],
        "form-action": ["'self'"],
        "frame-ancestors": ["'none'"],
    }
}

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": env.str("LOG_LEVEL", "WARNING")},
}
