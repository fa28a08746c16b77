"""Sampling rules as pure functions: logits (rows, vocabulary) in, logits of the same shape out.

-inf marks a token that cannot be chosen. Every row is treated on its own. No randomness, no state, no
order of application: `strategies` and `steps` own that. Entropies are in nats.

A chance is computed in float32 at least, since bfloat16 keeps 8 bits. A cut always leaves the likeliest token.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

NEVER = float("-inf")
TOP_H_POOL = 100
"""How many of the likeliest tokens top-h looks at (arXiv 2509.02510)."""
EDT_BASE = 0.8
"""N of EDT, as published (arXiv 2403.14541)."""
COLDEST = 1e-3
"""Least temperature that EDT gives."""
CERTAIN = 1e-6
"""Nats; a row of less entropy takes its likeliest token under EDT."""


def repetition_penalty(logits: Tensor, ids: Tensor, known: Tensor, penalty: float) -> Tensor:
    """Each id seen so far, prompt included, once: z > 0 becomes z / penalty, else z * penalty (CTRL, arXiv 1909.05858).

    `ids`: (rows, length) int64; `known`: the same shape, False where `ids` is padding.
    """
    spare = logits.shape[-1]
    seen = torch.zeros(logits.shape[0], spare + 1, dtype=torch.bool, device=logits.device)
    seen.scatter_(1, torch.where(known, ids, spare), True)
    changed = torch.where(logits > 0, logits / penalty, logits * penalty)
    return torch.where(seen[:, :spare], changed, logits)


def temperature(logits: Tensor, value: float) -> Tensor:
    """Logits over `value` > 0, first shifted to a maximum of 0 so that a tiny `value` cannot overflow to NaN."""
    return (logits - logits.amax(-1, keepdim=True)) / value


def top_k(logits: Tensor, k: int) -> Tensor:
    """Keeps what is at least as large as the k-th largest logit; ties with it stay."""
    least = logits.topk(min(k, logits.shape[-1]), dim=-1).values[:, -1:]
    return logits.masked_fill(logits < least, NEVER)


def top_p(logits: Tensor, p: float) -> Tensor:
    """Keeps the likeliest tokens through the one that brings their mass to `p` (arXiv 1904.09751)."""
    if p >= 1.0:  # else rounding in the sums would drop the tail
        return logits
    ordered, places = logits.sort(dim=-1, descending=True, stable=True)
    chances = ordered.double().softmax(-1)
    before = chances.cumsum(-1) - chances
    drop = before >= p
    drop[:, 0] = False
    return logits.masked_fill(torch.zeros_like(drop).scatter_(1, places, drop), NEVER)


def min_p(logits: Tensor, base: float) -> Tensor:
    """Keeps tokens at least `base` times as likely as the likeliest (arXiv 2407.01082)."""
    chances = logits.softmax(-1)
    return logits.masked_fill(chances < base * chances.amax(-1, keepdim=True), NEVER)


def wide(logits: Tensor) -> Tensor:
    """The same numbers in float32 at least."""
    return logits.float() if logits.dtype in (torch.float16, torch.bfloat16) else logits


def entropy(chances: Tensor) -> Tensor:
    """Σ −p ln p of each row, (rows, 1), in nats; a chance of 0 adds nothing."""
    total: Tensor = torch.special.entr(chances).sum(-1, keepdim=True)
    return total


def _keep(logits: Tensor, kept: Tensor) -> Tensor:
    """`logits` where `kept` or as large as the largest of the row, else -inf."""
    return logits.masked_fill(~(kept | (logits == logits.amax(-1, keepdim=True))), NEVER)


def counts(ids: Tensor, known: Tensor, vocabulary: int) -> Tensor:
    """How often each token occurs where `known`: (rows, vocabulary) float32 from (rows, length)."""
    found = torch.zeros(ids.shape[0], vocabulary + 1, device=ids.device)
    places = torch.where(known, ids, vocabulary)
    return found.scatter_add_(1, places, torch.ones_like(places, dtype=found.dtype))[:, :vocabulary]


def presence_penalty(logits: Tensor, ids: Tensor, known: Tensor, amount: float) -> Tensor:
    """z - amount for each id that occurs where `known`; both (rows, length)."""
    seen = counts(ids, known, logits.shape[-1]) > 0
    return torch.where(seen, logits - amount, logits)


def frequency_penalty(logits: Tensor, ids: Tensor, known: Tensor, amount: float) -> Tensor:
    """z - amount * count, counting each id where `known`; both (rows, length)."""
    return (wide(logits) - amount * counts(ids, known, logits.shape[-1])).to(logits.dtype)


def typical(logits: Tensor, mass: float) -> Tensor:
    """Keeps the tokens whose surprise is nearest the entropy, |-ln p - H|, through mass `mass` (arXiv 2202.00666).

    Equally near tokens stay together. The likeliest token can go; the most typical one stays.
    """
    if mass >= 1.0:  # else rounding in the sums would drop the tail
        return logits
    surprise = wide(logits).log_softmax(-1).neg()
    chances = surprise.neg().exp()
    distance = (surprise - entropy(chances)).abs()
    ordered, places = distance.sort(dim=-1, stable=True)
    before = (chances.gather(-1, places).cumsum(-1) < mass).sum(-1, keepdim=True)
    edge = ordered.gather(-1, before.clamp(max=logits.shape[-1] - 1))
    return logits.masked_fill(distance > edge, NEVER)


def epsilon(logits: Tensor, least: float) -> Tensor:
    """Keeps tokens of probability at least `least` (arXiv 2210.15191)."""
    return _keep(logits, wide(logits).softmax(-1) >= least)


def eta(logits: Tensor, least: float) -> Tensor:
    """Keeps tokens of probability at least min(`least`, sqrt(`least`) * exp(-H)) (arXiv 2210.15191)."""
    chances = wide(logits).softmax(-1)
    bound = (least**0.5 * entropy(chances).neg().exp()).clamp(max=least)
    return _keep(logits, chances >= bound)


def top_h(logits: Tensor, share: float) -> Tensor:
    """Keeps the likeliest tokens while their Σ -p ln p is at most `share` of the entropy (arXiv 2509.02510).

    Probabilities and entropy are those of the `TOP_H_POOL` likeliest tokens alone; the others go.
    """
    pool = wide(logits).topk(min(TOP_H_POOL, logits.shape[-1]), dim=-1).values
    parts = torch.special.entr(pool.softmax(-1))
    kept = (parts.cumsum(-1) <= share * parts.sum(-1, keepdim=True)).sum(-1, keepdim=True).clamp(min=1)
    if share >= 1.0:  # else rounding in the sums would drop the tail
        kept = torch.full_like(kept, pool.shape[-1])
    least = pool.gather(-1, kept - 1)
    above, tied = wide(logits) > least, wide(logits) == least
    # Which of equal tokens `topk` takes depends on the device; here the lowest ids stay.
    room = kept - above.sum(-1, keepdim=True)
    return logits.masked_fill(~(above | (tied & (tied.cumsum(-1) <= room))), NEVER)


def top_n_sigma(logits: Tensor, n: float) -> Tensor:
    """Keeps z >= z_max - n * sigma, the population deviation of the allowed logits (arXiv 2411.07641)."""
    allowed = torch.isfinite(logits)
    values = wide(logits).masked_fill(~allowed, 0.0)
    count = allowed.sum(-1, keepdim=True)
    mean = values.sum(-1, keepdim=True) / count
    spread = ((values - mean).square() * allowed).sum(-1, keepdim=True) / count
    return _keep(logits, wide(logits) >= wide(logits).amax(-1, keepdim=True) - n * spread.sqrt())


def edt_temperature(spread: Tensor, t0: float, theta: float, base: float = EDT_BASE) -> Tensor:
    """T0 * base^(theta / H), at least `COLDEST`, from the entropies H in nats (arXiv 2403.14541)."""
    return torch.pow(base, theta / spread.clamp(min=CERTAIN)).mul(t0).clamp(min=COLDEST)


def edt(logits: Tensor, t0: float, theta: float, base: float = EDT_BASE) -> Tensor:
    """Logits over `edt_temperature` of their own entropy; a row below `CERTAIN` keeps its likeliest tokens alone."""
    values = wide(logits)
    values = values - values.amax(-1, keepdim=True)
    spread = entropy(values.softmax(-1))
    cooled = (values / edt_temperature(spread, t0, theta, base)).to(logits.dtype)
    return cooled.masked_fill((spread < CERTAIN) & (values < 0), NEVER)


def mirostat(logits: Tensor, bound: Tensor) -> Tensor:
    """Keeps tokens of surprise -log2 p at most `bound`, (rows, 1), in bits (arXiv 2007.14966, version 2)."""
    bits = wide(logits).log_softmax(-1) / -math.log(2.0)
    return _keep(logits, bits <= bound)


def mirostat_bound(surprise: Tensor, steps: Tensor, target: float, rate: float) -> Tensor:
    """mu of each row, (rows, 1), after `steps` tokens whose surprises add up to `surprise` bits; both (rows,).

    mu starts at twice the target and moves by -rate * (surprise - target) a token, so only the sum is needed.
    """
    return (2.0 * target - rate * (surprise.double() - steps * target))[:, None]
