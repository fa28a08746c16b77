"""Early layers read through a model's own norm and head."""

from __future__ import annotations

import pytest
import torch
from transformers import Gemma2Config, Gemma2ForCausalLM

from tests.workers.generators.tiny import LLAMA, tiny
from workers.generators.layers import CausalModel


def capped():
    torch.manual_seed(3)
    return Gemma2ForCausalLM(Gemma2Config(**LLAMA, num_hidden_layers=2, head_dim=8, final_logit_softcapping=2.0)).eval()


@pytest.mark.parametrize("model", [tiny(), tiny("gpt2"), capped()], ids=["llama", "gpt2", "softcapping"])
def test_the_last_state_gives_the_models_own_logits(model):
    with torch.inference_mode():
        out = model(torch.tensor([[1, 2, 3]]), output_hidden_states=True)
        found = CausalModel(model).early_logits(out.hidden_states[-1], norm=False)
    assert torch.allclose(found, out.logits, atol=1e-5)


@pytest.mark.parametrize(("kind", "norm"), [("llama", "norm"), ("gpt2", "ln_f")])
def test_an_early_state_passes_through_the_final_norm_where_asked(kind, norm):
    model = tiny(kind)
    hidden = torch.arange(32.0)[None]
    with torch.inference_mode():
        wanted = model.lm_head(getattr(model.get_decoder(), norm)(hidden))
        found = CausalModel(model).early_logits(hidden, norm=True)
    assert torch.equal(found, wanted)


def test_a_model_whose_norm_is_not_known_says_so(monkeypatch):
    monkeypatch.setattr("workers.generators.layers.NORMS", ("elsewhere",))
    with pytest.raises(ValueError, match="turn `norm_early` off"):
        CausalModel(tiny()).early_logits(torch.zeros(1, 32), norm=True)
