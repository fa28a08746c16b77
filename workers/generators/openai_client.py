"""The `openai` generator: any OpenAI-compatible endpoint that the operator has approved."""

from __future__ import annotations

import asyncio
import json
import os
import queue
import random
import threading
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from importlib.metadata import version
from typing import Any, ClassVar, Literal
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.values import FinishReason, Generation, GenerationRequest, ModelIdentity
from workers.generators.errors import GenerationFailed

ENDPOINTS = "TOUCHSTONE_ENDPOINTS"
KEY_PREFIX = "env:TOUCHSTONE_KEY_"
RETRIED = frozenset({408, 409, 429})
MAX_ANSWER_BYTES = 16 * 2**20
FINISH = {"stop": FinishReason.STOP, "length": FinishReason.LENGTH, "content_filter": FinishReason.FILTER}


class OpenAIParams(Params):
    """Where the endpoint is and what it can do."""

    base_url: str = Field(title="Base URL", description="Such as http://127.0.0.1:8001/v1; the operator approves it.")
    model: str = Field(title="Model", description="The name that the server knows the model by.", min_length=1)
    revision: str = Field(default="", title="Revision", description="A label for the version that is served now.")
    api_key: str = Field(
        default="", title="API key", description=f"A reference such as {KEY_PREFIX}NAME, never the key itself."
    )
    extra_capabilities: tuple[Literal["top_k", "min_p", "repetition_penalty"], ...] = Field(
        default=(), title="Extra settings", description="What the server takes beyond the standard, as vLLM does."
    )
    concurrency: int = Field(default=16, ge=1, le=256, title="Concurrency", description="Calls at the same time.")
    timeout_seconds: float = Field(default=120.0, gt=0, le=3600, title="Time-out", description="Seconds for one call.")
    attempts: int = Field(default=6, ge=1, le=20, title="Attempts", description="Tries before a call counts as failed.")

    @field_validator("api_key")
    @classmethod
    def _is_reference(cls, value: str) -> str:
        if value and not value.startswith(KEY_PREFIX):
            raise ValueError(f"give a reference such as {KEY_PREFIX}NAME to a variable on the server, not a key")
        return value


class OpenAIGenerator:
    """Calls the endpoint with retries of our own; faults that stay are raised, never turned into outputs."""

    name: ClassVar[str] = "openai"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "An OpenAI-compatible server, such as vLLM"
    backend: ClassVar[str] = "http"
    capabilities: ClassVar[frozenset[str]] = frozenset({Capability.LOGPROBS, Capability.SEED, Capability.TOP_P})
    Params = OpenAIParams

    def __init__(self, params: OpenAIParams) -> None:
        self.identity(params)
        self.params = params

    @classmethod
    def identity(cls, params: OpenAIParams) -> ModelIdentity:
        """The endpoint and model. Raises InvalidInput at ("base_url",) where the operator has not approved it."""
        if not _approved(params.base_url):
            message = f"The operator has not approved this address. He can add it to {ENDPOINTS}."
            raise InvalidInput(FieldError(("base_url",), message))
        return ModelIdentity(params.base_url.rstrip("/"), params.model, params.revision)

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        """Yields each answer as it comes. Raises GenerationFailed once all others are in."""
        results: queue.SimpleQueue[Generation | Exception | None] = queue.SimpleQueue()
        thread = threading.Thread(target=self._run, args=(requests, results), daemon=True)
        thread.start()
        failed: Exception | None = None
        while (made := results.get()) is not None:
            if isinstance(made, Exception):
                failed = failed or made
            else:
                yield made
        thread.join()
        if failed:
            raise failed

    def provenance(self) -> Mapping[str, str]:
        """The address, the model's name and the client's version."""
        return {"endpoint": self.params.base_url, "model": self.params.model, "openai": version("openai")}

    def _run(self, requests: Sequence[GenerationRequest], results: Any) -> None:
        try:
            asyncio.run(self._all(requests, results))
        except Exception as problem:  # carried to the caller's thread
            results.put(problem)
        finally:
            results.put(None)

    def ask(self, calls: Sequence[Mapping[str, Any]]) -> list[Any]:
        """The server's own answers to raw chat completion fields, in order, at the same time and tried once each.

        A call that failed gives GenerationFailed in its place, with what the server said.
        """

        async def one(client: Any, fields: Mapping[str, Any]) -> Any:
            try:
                async with asyncio.timeout(self.params.timeout_seconds):
                    return await client.chat.completions.create(model=self.params.model, **fields)
            except Exception as problem:  # told in place of the answer
                return GenerationFailed(_told(problem))

        async def every() -> list[Any]:
            async with self._client() as client:
                return list(await asyncio.gather(*(one(client, fields) for fields in calls)))

        return asyncio.run(every())

    def _client(self) -> Any:
        from openai import AsyncOpenAI, DefaultAioHttpClient

        http = DefaultAioHttpClient(follow_redirects=False, trust_env=False, event_hooks={"response": [_cap]})
        return AsyncOpenAI(
            base_url=self.params.base_url,
            api_key=self._key(),
            max_retries=0,
            http_client=http,
            default_headers={"Accept-Encoding": "identity"},
        )

    async def _all(self, requests: Sequence[GenerationRequest], results: Any) -> None:
        async with self._client() as client:
            slots = asyncio.Semaphore(self.params.concurrency)

            async def one(request: GenerationRequest) -> None:
                async with slots:
                    try:
                        results.put(await self._call(client, request))
                    except Exception as problem:  # one bad answer must not lose the others
                        results.put(problem)

            await asyncio.gather(*map(one, requests))

    def _key(self) -> str:
        if not self.params.api_key:
            return "none"
        name = self.params.api_key.removeprefix("env:")
        if not os.environ.get(name):
            raise GenerationFailed(f"The variable {name} is not set on this worker.")
        return os.environ[name]

    async def _call(self, client: Any, request: GenerationRequest) -> Generation:
        fields = self._fields(request)
        for attempt in range(1, self.params.attempts + 1):
            began = time.monotonic()
            try:
                async with asyncio.timeout(self.params.timeout_seconds):
                    answer = await client.chat.completions.create(**fields)
                return _generation(request, answer, time.monotonic() - began)
            except Exception as problem:
                pause = _pause(problem, attempt)
                if pause is None or attempt == self.params.attempts:
                    raise GenerationFailed(_told(problem)) from None
                await asyncio.sleep(pause)
        raise AssertionError("unreachable")

    def _fields(self, request: GenerationRequest) -> dict[str, Any]:
        strategy = registry.decoding.build(request.decoding.strategy, request.decoding.params)
        fields: dict[str, Any] = {
            "model": self.params.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": strategy.max_new_tokens,
            # Samples of one prompt must differ, so the sample index goes into the seed.
            "seed": (request.seed * 1_000_003 + request.sample) % 2**31,
            **strategy.request_fields(),
        }
        if request.top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        return fields


class AnswerRefused(GenerationFailed):
    """The answer is one that we will not read; asking again would bring the same."""


async def _cap(response: Any) -> None:
    """Before a body is read, whatever its status: let no more than MAX_ANSWER_BYTES of it in, and nothing packed."""
    from httpx2 import AsyncByteStream

    if response.headers.get("content-encoding", "identity") != "identity":
        raise AnswerRefused("The server packed its answer although it was asked not to.")
    whole = response.stream

    class Capped(AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            size = 0
            async for part in whole:
                size += len(part)
                if size > MAX_ANSWER_BYTES:
                    raise AnswerRefused(f"The server's answer is longer than {MAX_ANSWER_BYTES:,} bytes.")
                yield part

        async def aclose(self) -> None:
            await whole.aclose()

    response.stream = Capped()


def _approved(url: str) -> bool:
    """Whether `url` has the scheme, host and port of an approved prefix, and lies at or below its path."""
    given = urlsplit(url)
    if given.scheme not in ("http", "https") or given.username or not given.hostname or ".." in given.path:
        return False
    for prefix in filter(None, os.environ.get(ENDPOINTS, "").split(",")):
        allowed = urlsplit(prefix.strip())
        same = (given.scheme, given.hostname, given.port) == (allowed.scheme, allowed.hostname, allowed.port)
        if same and (given.path.rstrip("/") + "/").startswith(allowed.path.rstrip("/") + "/"):
            return True
    return False


def _pause(problem: Exception, attempt: int) -> float | None:
    """Seconds until the next try: full jitter, at most a minute, after Retry-After; None where trying is useless."""
    import openai

    jitter = random.uniform(0, min(60.0, 0.5 * 2**attempt))
    if isinstance(problem, openai.APIStatusError):
        if problem.status_code not in RETRIED and problem.status_code < 500:
            return None
        after = problem.response.headers.get("retry-after", "0")
        return jitter + (min(float(after), 300.0) if after.replace(".", "", 1).isdigit() else 0.0)
    if isinstance(problem, AnswerRefused):
        return None
    passing = (openai.APIConnectionError, TimeoutError, json.JSONDecodeError, GenerationFailed)
    return jitter if isinstance(problem, passing) else None


def _told(problem: Exception) -> str:
    """The fault in words that hold no key: only status, type and the server's own message, cut short."""
    status = getattr(problem, "status_code", None)
    if status is not None:
        return f"The server answered {status}: {str(problem)[:300]}"
    if isinstance(problem, GenerationFailed):
        return str(problem)
    if isinstance(problem, TimeoutError):
        return "The server did not answer in time."
    return f"{type(problem).__name__}: {str(problem)[:300]}"


def _generation(request: GenerationRequest, answer: Any, seconds: float) -> Generation:
    try:
        choice = answer.choices[0]
        text = choice.message.content or ""
        usage = answer.usage
    except (AttributeError, IndexError, TypeError):
        raise GenerationFailed("The server's answer has no choices.") from None
    first = None
    if request.top_logprobs and choice.logprobs and choice.logprobs.content:
        first = tuple((top.token, top.logprob) for top in choice.logprobs.content[0].top_logprobs)
    return Generation(
        key=request.key,
        text=text,
        finish_reason=FINISH.get(choice.finish_reason, FinishReason.STOP),
        prompt_tokens=usage.prompt_tokens if usage else 0,
        output_tokens=usage.completion_tokens if usage else 0,
        seconds=seconds,
        first_logprobs=first,
    )
