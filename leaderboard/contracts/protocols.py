"""One protocol per plugin family. A plugin is a class; an entry point names it.

Every plugin class has `name`, `version`, `title` (one plain line for people) and `Params`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Protocol, runtime_checkable

from leaderboard.contracts.params import Params
from leaderboard.contracts.values import (
    BenchmarkData,
    Candidate,
    Chosen,
    Generation,
    GenerationRequest,
    ModelIdentity,
    Pair,
    Scored,
    Verdict,
)


@runtime_checkable
class Plugin(Protocol):
    """What all families share."""

    name: ClassVar[str]
    version: ClassVar[str]
    title: ClassVar[str]
    Params: ClassVar[type[Params]]


class Capability:
    """Names of what a backend can do and a decoding strategy may need."""

    LOGPROBS = "logprobs"
    SEED = "seed"
    TOP_K = "top_k"
    TOP_P = "top_p"
    MIN_P = "min_p"
    REPETITION_PENALTY = "repetition_penalty"
    PRESENCE_PENALTY = "presence_penalty"
    FREQUENCY_PENALTY = "frequency_penalty"
    PROMPT_LOGPROBS = "prompt_logprobs"
    """Has a method `likelihoods(items)`: (messages, text) pairs in, a Likelihood for each text in their order."""
    JSON_SCHEMA = "json_schema"
    """Holds an output to the JSON schema of its request."""
    LOGITS = "logits"
    """Runs our own functions over the logits of a row, and with them all that the names above stand for."""
    LOOP = "loop"
    """Decodes with our own loop over the model, so any strategy works: those too that need several continuations,
    a second context, hidden states, or what they drew from before."""


class Generator(Plugin, Protocol):
    """Makes outputs. Constructing one may load weights; `identity` and `capabilities` must not."""

    capabilities: ClassVar[frozenset[str]]
    backend: ClassVar[str]
    """Queue name after `gpu.`, so that workers can be told apart.

    A class may also have `declarable`, the capabilities that its setting `extra_capabilities` can add, and a class
    method `refuses(params, strategy)`: why it cannot say a strategy that it has the capabilities for, or an empty text.
    An instance may have `stream(request, told)`: one Generation, of which `told` is given the text so far again and
    again, from any thread; where `told` raises, the rest is not made.
    """

    def __init__(self, params: Any) -> None: ...

    @classmethod
    def identity(cls, params: Any) -> ModelIdentity:
        """Which model `params` names, pinned. Raises InvalidInput where it is not there or not allowed."""
        ...

    def generate(self, requests: Sequence[GenerationRequest]) -> Iterator[Generation]:
        """Yields each output as it is finished, in any order; every request once."""
        ...

    def provenance(self) -> Mapping[str, str]:
        """Software versions, device and dtype that made the outputs."""
        ...


class DecodingParams(Params):
    """What every decoding strategy has."""

    max_new_tokens: int


class DecodingStrategy(Plugin, Protocol):
    """How tokens are chosen. Instances are cheap and hold only `params`.

    One may also have a method `nearby()`: DecodingChoices like it, the nearest first, for backends that cannot run it.
    """

    def __init__(self, params: Any) -> None: ...

    @property
    def label(self) -> str:
        """Short text for a chip: "greedy", "T 2 · min-p 0.1"."""
        ...

    @property
    def samples(self) -> bool:
        """False where the same prompt always gives the same output."""
        ...

    @property
    def max_new_tokens(self) -> int:
        """Where generation stops at the latest."""
        ...

    def needs(self) -> frozenset[str]:
        """Capabilities a backend must have. One that offers LOGITS has all but LOOP, one that offers LOOP has all."""
        ...

    def apply(self, logits: Any, history: Any) -> Any:
        """New logits from logits, both (rows, vocabulary) float tensors; -inf forbids a token.

        `history` is a `workers.decoding.History`: ids seen so far per row. Pure: no state, no randomness,
        each row on its own. The engine then takes the argmax, after adding Gumbel noise if `samples`.
        """
        ...

    def request_fields(self) -> Mapping[str, Any]:
        """The same choice as fields of an OpenAI-compatible request.

        Raises ValueError, in one sentence for people, where no request can say it; `needs` then has LOOP.
        """
        ...


class Judge(Plugin, Protocol):
    """Compares two outputs to one prompt.

    One may also have `cacheable`, true where the same pair gets the same verdict each time, so that a stored verdict
    stands for a call; `most_tokens(pair)`, the most prompt and output tokens that one verdict can take; and `may_wait`,
    true where its calls go through a Batch API, so that all are priced so.
    """

    both_orders: ClassVar[bool]
    """Whether each pair is judged a second time with its slots swapped.

    One that is judged in one order only may have a class method `model_first(prompt)`: whether the entry is shown
    before the baseline. A judge may also have `preview(pair)`: the messages that it would send.
    """

    def __init__(self, params: Any) -> None: ...

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """Yields one Verdict a pair, in any order, each as soon as it is known.

        A fault that may pass (time-out, server down) is raised, never turned into a verdict.
        """
        ...

    def provenance(self) -> Mapping[str, str]:
        """Model, prompt and parser versions that made the verdicts."""
        ...


class Metric(Plugin, Protocol):
    """Scores one output on its own.

    One that is faster on many at once may also have `score_many(items)`: Scorables in, a Scored for each in their
    order; the numbers may differ from those of `score` by rounding only. A class may have `selects = True`: it reads no
    reference, so its score can choose among samples, the highest being the best. It may have `unanswered`, its lowest
    value: an unscored output counts so where it is empty or was cut off at its limit.
    """

    def __init__(self, params: Any) -> None: ...

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """The value for one output; unscored where it cannot be told."""
        ...


class Selector(Plugin, Protocol):
    """Chooses one of several outputs to the same prompt. It never sees the reference."""

    needs: ClassVar[frozenset[str]]
    """Capabilities that the backend which makes the candidates must have."""

    def __init__(self, params: Any) -> None: ...

    @property
    def metric(self) -> tuple[str, Mapping[str, Any]] | None:
        """Name and settings of the metric whose scores the ratings are, None where they are none.

        Such ratings are stored as scores of the candidates, and come back in `Candidate.rating`.
        """
        ...

    def choose(self, prompts: Sequence[str], candidates: Sequence[Sequence[Candidate]]) -> Iterator[Chosen]:
        """For each prompt, in order, which of its candidates (one or more) is shown.

        The same candidates give the same choice. A fault that may pass is raised, never turned into a choice.
        """
        ...


class Rater(Plugin, Protocol):
    """Turns battles into ratings; see `leaderboard.ratings.battles` for the arrays."""

    def __init__(self, params: Any) -> None: ...

    def rate(self, battles: Any) -> Any:
        """`Battles` in, `RatingTable` out. Raises ValueError with a reason where no rating exists."""
        ...


class BenchmarkLoader(Plugin, Protocol):
    """Reads a benchmark from a file or from the package."""

    def __init__(self, params: Any) -> None: ...

    def load(self) -> BenchmarkData:
        """Raises InvalidInput that names the line or index of a malformed item."""
        ...
