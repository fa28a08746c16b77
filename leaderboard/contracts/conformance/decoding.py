"""Checks of decoding strategies; torch is imported where one is run."""

from __future__ import annotations

import importlib
import subprocess
import sys
from dataclasses import dataclass, fields
from typing import Any

from leaderboard.contracts.conformance.shared import LONGEST_LABEL, Given, build, check_capabilities, check_json, expect
from leaderboard.contracts.protocols import Capability

HEAVY = ("torch", "transformers", "django")
"""What importing a decoding strategy must not bring in: the web form lists it without them."""


def check_decoding(cls: Any, params: Given = None) -> None:
    """A decoding strategy: short label, known needs, and an `apply` that is pure and treats each row alone."""
    strategy, who = build(cls, params)
    limit = getattr(strategy.params, "max_new_tokens", None) if hasattr(strategy, "params") else None
    expect("max_new_tokens" in cls.Params.model_fields, f"{who}.Params needs the field max_new_tokens.")
    expect(type(strategy.max_new_tokens) is int and strategy.max_new_tokens >= 1, f"{who}.max_new_tokens must be ≥ 1.")
    expect(limit in (None, strategy.max_new_tokens), f"{who}.max_new_tokens must be the one in its params.")
    label = strategy.label
    short = isinstance(label, str) and 0 < len(label) <= LONGEST_LABEL and label.isprintable()
    expect(short, f"{who}.label must be one line of 1 to {LONGEST_LABEL} characters, not {label!r}.")
    expect(isinstance(strategy.samples, bool), f"{who}.samples must be True or False.")
    check_capabilities(strategy.needs(), f"{who}.needs()")
    _check_request(strategy, who)
    _check_light_import(cls, who)
    _check_apply(strategy, who)


def _check_request(strategy: Any, who: str) -> None:
    try:
        check_json(strategy.request_fields(), f"{who}.request_fields()")
    except ValueError as reason:
        told = f"{who}.request_fields() raises ValueError"
        expect(Capability.LOOP in strategy.needs(), f"{told}, so needs() must have LOOP; it says: {reason}")
        expect(str(reason).strip().endswith("."), f"{told} and must say why in a sentence, not {str(reason)!r}.")


def _check_light_import(cls: Any, who: str) -> None:
    script = f"import sys, {cls.__module__}; print(*[name for name in {HEAVY} if name in sys.modules])"
    child = subprocess.run(  # noqa: S603 our own interpreter, and a module name that was imported before
        [sys.executable, "-c", f"import sys; sys.path[:] = {sys.path!r}\n{script}"],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    expect(child.returncode == 0, f"{cls.__module__} cannot be imported on its own: {child.stderr.strip()[-300:]}")
    expect(not child.stdout.strip(), f"Importing {who} imports {child.stdout.strip()}; import it where it runs.")


@dataclass(frozen=True)
class _History:
    """The same fields as `workers.decoding.History`, which contracts may not import, and those of its extensions."""

    ids: Any
    known: Any
    prompt_length: Any
    step: Any
    surprise: Any
    early: Any
    without: Any

    def rows(self, places: Any) -> _History:
        return _History(*(getattr(self, field.name)[places] for field in fields(self)))


def _check_apply(strategy: Any, who: str) -> None:
    torch: Any = importlib.import_module("torch")
    noise = torch.Generator().manual_seed(5)
    logits = torch.randn(4, 32, generator=noise) * 3
    logits[1, 3:9] = float("-inf")
    ids = torch.randint(0, 32, (4, 6), generator=noise)
    known = torch.arange(6)[None, :] >= torch.tensor([0, 2, 1, 4])[:, None]
    steps, surprise = torch.ones(4, dtype=torch.int64), torch.rand(4, generator=noise) * 8
    early, without = torch.randn(4, 2, 32, generator=noise), torch.randn(4, 32, generator=noise)
    history = _History(ids, known, known.sum(-1) - 1, steps, surprise, early, without)
    given, state = logits.clone(), torch.get_rng_state()
    out = strategy.apply(logits, history)
    expect(torch.equal(logits, given), f"{who}.apply() changes the logits it is given; work on a copy.")
    expect(torch.equal(torch.get_rng_state(), state), f"{who}.apply() draws random numbers; the engine adds noise.")
    expect(out.shape == logits.shape and out.is_floating_point(), f"{who}.apply() must keep shape and be of floats.")
    expect(not bool((torch.isnan(out) | torch.isposinf(out)).any()), f"{who}.apply() gives NaN or infinity.")
    expect(bool(torch.isfinite(out).any(-1).all()), f"{who}.apply() forbids every token of a row.")
    expect(bool(torch.isneginf(out[torch.isneginf(given)]).all()), f"{who}.apply() allows a forbidden token again.")
    expect(torch.equal(out, strategy.apply(logits, history)), f"{who}.apply() gives something else the second time.")
    for row in range(len(logits)):
        alone = strategy.apply(logits[row : row + 1], history.rows(slice(row, row + 1)))
        same = torch.allclose(alone[0], out[row], rtol=1e-5, atol=1e-6)
        expect(same, f"{who}.apply() gives a row other logits alone than in a batch; rows must not meet.")
