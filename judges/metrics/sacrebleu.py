"""SacreBLEU of one output against its reference, with the signature that makes figures comparable."""

from __future__ import annotations

from importlib.metadata import version
from typing import ClassVar, Literal

from pydantic import Field
from sacrebleu.metrics.bleu import BLEU

from leaderboard.contracts.params import Params
from leaderboard.contracts.said import said
from leaderboard.contracts.values import Scored


class SacreBleuParams(Params):
    """What the signature names."""

    tokenize: Literal["13a", "intl", "char", "zh", "none"] = Field(
        "13a", description="Tokeniser, by sacreBLEU's name: zh for Chinese, char for scripts without spaces."
    )
    lowercase: bool = Field(False, description="Whether case is folded first.")


class SacreBleu:
    """Sentence BLEU by the sacrebleu library (Post 2018), in [0, 1]: its own figure is this times 100.

    Effective order and exponential smoothing, as the library advises for single sentences. The mean over outputs is
    not corpus BLEU. Unscored where the reference is empty; an output without words scores 0.
    """

    name: ClassVar[str] = "sacrebleu"
    version: ClassVar[str] = f"1+sacrebleu-{version('sacrebleu')}"
    title: ClassVar[str] = "SacreBLEU of an output against the reference"
    Params: ClassVar[type[Params]] = SacreBleuParams

    def __init__(self, params: SacreBleuParams) -> None:
        self.params = params
        self._bleu = BLEU(lowercase=params.lowercase, tokenize=params.tokenize, effective_order=True)

    @property
    def signature(self) -> str:
        """sacreBLEU's signature for one reference: case, effective order, tokeniser, smoothing and version."""
        self._bleu.num_refs = 1
        return str(self._bleu.get_signature())

    def score(self, *, prompt: str, reference: str, text: str) -> Scored:
        """BLEU of one output; unscored without a reference."""
        if not reference.strip():
            return Scored(None, said("no reference"))
        return Scored(min(1.0, self._bleu.sentence_score(text, [reference]).score / 100))
