"""The `openai` generator: any OpenAI-compatible endpoint that the operator has approved."""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from functools import partial
from importlib.metadata import version
from typing import Any, ClassVar, Literal, get_args
from urllib.parse import urlsplit

from pydantic import Field, field_validator

from leaderboard.contracts import registry
from leaderboard.contracts.params import FieldError, InvalidInput, Params
from leaderboard.contracts.protocols import Capability
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Generation, GenerationRequest, Likelihood, Message, ModelIdentity
from workers.decoding.orders import fields_for_late_heat
from workers.generators import answers, batch_api, calling, event_stream, http_transport, prompt_logprobs
from workers.generators.answers import generation_of
from workers.generators.batch_api import BatchApi
from workers.generators.errors import GenerationFailed
from workers.generators.http_transport import Transport

ENDPOINTS = "TOUCHSTONE_ENDPOINTS"
KEY_PREFIX = "env:TOUCHSTONE_KEY_"
STREAM_ATTEMPTS = 2
"""Somebody is waiting for a streamed answer, so little time is given to a server that is busy."""


Extra = Literal[
    "top_k",
    "min_p",
    "repetition_penalty",
    "presence_penalty",
    "frequency_penalty",
    "logits",
    "json_schema",
    "prompt_logprobs",
]
"""Capabilities that some servers have. `json_schema`: it takes a `response_format` with a schema. `prompt_logprobs`:
it tells the log-probabilities of a prompt's tokens, as vLLM does. `logits`: it runs
`workers.decoding.shells`, as a vLLM server can."""


class OpenAIParams(Params):
    """Where the endpoint is and what it can do."""

    base_url: str = Field(title="Base URL", description="Such as http://127.0.0.1:8001/v1; the operator approves it.")
    model: str = Field(title="Model", description="The name that the server knows the model by.", min_length=1)
    revision: str = Field(
        default="", title="Revision", max_length=80, description="A label for the version that is served now."
    )
    api_key: str = Field(
        default="", title="API key", description=f"A reference such as {KEY_PREFIX}NAME, never the key itself."
    )
    extra_capabilities: tuple[Extra, ...] = Field(
        default=(),
        title="Extra capabilities",
        description="What the server heeds besides temperature and top-p. logits: a vLLM that runs our processors.",
    )
    heats: Literal["first", "last"] = Field(
        default="first",
        title="Temperature",
        description="Whether the server heats before it cuts, as vLLM does, or last, as llama.cpp does.",
    )
    concurrency: int = Field(
        default=256,
        ge=1,
        le=512,
        title="Concurrency",
        description="Most calls at the same time; fewer where it is busy, or where more bring nothing.",
    )
    timeout_seconds: float = Field(default=120.0, gt=0, le=3600, title="Time-out", description="Seconds for one call.")
    attempts: int = Field(default=6, ge=1, le=20, title="Attempts", description="Tries before a call counts as failed.")
    batch: bool = Field(
        default=False,
        title="May wait a day",
        description="Calls of judging go through the server's Batch API: cheaper, and answered within 24 hours.",
    )

    @field_validator("api_key")
    @classmethod
    def _is_reference(cls, value: str) -> str:
        if value and not value.startswith(KEY_PREFIX):
            raise ValueError(
                said(
                    "give a reference such as {key_prefix}NAME to a variable on the server, not a key",
                    key_prefix=KEY_PREFIX,
                )
            )
        return value


class OpenAIGenerator:
    """Calls the endpoint with retries of our own; faults that stay are raised, never turned into outputs."""

    name: ClassVar[str] = "openai"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "An OpenAI-compatible server, such as vLLM"
    backend: ClassVar[str] = "http"
    capabilities: ClassVar[frozenset[str]] = frozenset({Capability.LOGPROBS, Capability.SEED, Capability.TOP_P})
    declarable: ClassVar[frozenset[str]] = frozenset(get_args(Extra))
    Params = OpenAIParams

    def __init__(self, params: OpenAIParams) -> None:
        self.identity(params)
        self.params = params

    @classmethod
    def identity(cls, params: OpenAIParams) -> ModelIdentity:
        """The endpoint and model. Raises InvalidInput at ("base_url",) where the operator has not approved it.

        The order of heat and cuts is part of the revision, so that outputs asked for in two ways never mix.
        """
        if not _approved(params.base_url):
            message = said(
                "The operator has not approved this address. He can add it to {endpoints}.", endpoints=ENDPOINTS
            )
            raise InvalidInput(FieldError(("base_url",), message))
        late = "heats last" if params.heats == "last" else ""
        revision = " · ".join(filter(None, (params.revision, late)))
        return ModelIdentity(params.base_url.rstrip("/"), params.model, revision)

    @classmethod
    def refuses(cls, params: OpenAIParams, strategy: Any) -> str:
        """Why the server's order of heat and cuts has no request that equals `strategy`; empty where it has one."""
        try:
            _choice_fields(params, strategy)
        except ValueError as reason:
            return str(reason)
        return ""

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        """Yields each answer as it comes. Raises GenerationFailed once all others are in."""
        self._check_schemas(requests)
        desk = batch_api.desk.get()
        if self.params.batch and desk is not None:
            return answers.ordered(desk, self.batches(), requests, self._body)
        return calling.stream(
            requests,
            self._send,
            base_url=self.params.base_url,
            key=self._key(),
            ceiling=self.params.concurrency,
            attempts=self.params.attempts,
        )

    def stream(self, request: GenerationRequest, told: Callable[[str], None]) -> Generation:
        """One answer, of which `told` is given the text so far after each piece. Raises GenerationFailed, Stopped."""
        self._check_schemas([request])

        async def send(transport: Transport, request: GenerationRequest) -> Generation:
            fields = {**self._body(request), "stream": True, "stream_options": {"include_usage": True}}
            began, most = time.monotonic(), self.params.timeout_seconds
            take = partial(event_stream.read, told=told)
            answer = await transport.post_for("/chat/completions", fields, most, take)
            return generation_of(request, answer, time.monotonic() - began)

        [made] = calling.stream(
            [request],
            send,
            base_url=self.params.base_url,
            key=self._key(),
            ceiling=self.params.concurrency,
            attempts=min(STREAM_ATTEMPTS, self.params.attempts),
        )
        return made

    def batches(self) -> BatchApi:
        """The endpoint's Batch API."""
        return BatchApi(self.name, self.params.canonical(), self._key())

    def likelihoods(self, items: Sequence[tuple[tuple[Message, ...], str]]) -> list[Likelihood]:
        """How likely each text is as the answer to its messages. Raises GenerationFailed where one cannot be told."""
        return prompt_logprobs.likelihoods(self.params, self._key(), items)

    def provenance(self) -> Mapping[str, str]:
        """The address, the model's name and the HTTP client's version."""
        return {"endpoint": self.params.base_url, "model": self.params.model, "aiohttp": version("aiohttp")}

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

    def _key(self) -> str:
        if not self.params.api_key:
            return "none"
        name = self.params.api_key.removeprefix("env:")
        if not os.environ.get(name):
            raise GenerationFailed(said("The variable {name} is not set on this worker.", name=name))
        return os.environ[name]

    async def _send(self, transport: Transport, request: GenerationRequest) -> Generation:
        began = time.monotonic()
        answer = await transport.post("/chat/completions", self._body(request), self.params.timeout_seconds)
        return generation_of(request, answer, time.monotonic() - began)

    def _body(self, request: GenerationRequest) -> dict[str, Any]:
        """What is sent for a request."""
        fields = self._fields(request)
        more: Mapping[str, Any] = fields.pop("extra_body", {})
        return {**fields, **more}

    def _fields(self, request: GenerationRequest) -> dict[str, Any]:
        strategy = registry.decoding.build(request.decoding.strategy, request.decoding.params)
        fields: dict[str, Any] = {
            "model": self.params.model,
            "messages": [{"role": m.role, "content": m.content} for m in request.messages],
            "max_tokens": strategy.max_new_tokens,
            # Samples of one prompt must differ, so the sample index goes into the seed.
            "seed": (request.seed * 1_000_003 + request.sample) % 2**31,
            **_choice_fields(self.params, strategy),
        }
        if request.top_logprobs:
            fields |= {"logprobs": True, "top_logprobs": request.top_logprobs}
        if request.schema is not None:
            named = {"name": "reply", "strict": True, "schema": dict(request.schema)}
            fields["response_format"] = {"type": "json_schema", "json_schema": named}
        return fields

    def _check_schemas(self, requests: Sequence[GenerationRequest]) -> None:
        """A schema is never left out in silence."""
        declared = Capability.JSON_SCHEMA in self.params.extra_capabilities
        if not declared and any(request.schema is not None for request in requests):
            raise GenerationFailed(
                "The server is not declared to hold to JSON schemas: json_schema in extra_capabilities."
            )


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
            size, most = 0, http_transport.MAX_ANSWER_BYTES
            async for part in whole:
                size += len(part)
                if size > most:
                    raise AnswerRefused(f"The server's answer is longer than {most:,} bytes.")
                yield part

        async def aclose(self) -> None:
            await whole.aclose()

    response.stream = Capped()


def _choice_fields(params: OpenAIParams, strategy: Any) -> Mapping[str, Any]:
    """Request fields in the server's order. Raises ValueError where no request says the same."""
    fields: Mapping[str, Any] = strategy.request_fields()
    return fields_for_late_heat(fields) if params.heats == "last" else fields


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
