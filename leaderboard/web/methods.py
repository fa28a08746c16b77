"""What each rating method does, in words for the page that says how a board was computed."""

from __future__ import annotations

from dataclasses import dataclass

from leaderboard.contracts.said import said


@dataclass(frozen=True)
class Method:
    """A method in one or two plain sentences, its formula, and where both come from."""

    title: str
    sentence: str
    formula: str
    source: str


METHODS = {
    "win-rate": Method(
        said("Win rate"),
        said(
            "The mean credit of an entry against the baseline, or against all it met on a board without one. "
            "Verdicts on one prompt are not independent, so the standard error is clustered by prompt."
        ),
        said("win rate = 100 · mean p;  SE = 100 · sd(p) / √n, over clusters where a prompt has several verdicts"),
        said("AlpacaEval; Chiang and others, Chatbot Arena (arXiv 2403.04132)"),
    ),
    "length-controlled": Method(
        said("Length-controlled win rate"),
        said(
            "What an entry would win against the baseline if both answers had the "
            "same length: a logistic model of each "
            "verdict with a term for the difference in length, which is then set to 0."
        ),
        said(
            "P(win) = σ(φ · tanh(Δ / s) + ψ · γ + θ);  LC = 100 · mean σ(ψ · γ + θ);  "
            "Δ: difference in length, s: its standard deviation, γ: difficulty of the instruction"
        ),
        said("Dubois and others, Length-Controlled AlpacaEval (arXiv 2404.04475)"),
    ),
    "bradley-terry": Method(
        said("Bradley–Terry rating"),
        said(
            "One strength for each entry, such that differences of strength best explain who won. Ties count one half. "
            "Entries that no chain of wins and ties connects are rated apart."
        ),
        said("P(a beats b) = 1 / (1 + 10^((R_b − R_a) / 400));  SE from the sandwich H⁻¹ B H⁻¹, with B over clusters"),
        said("Bradley and Terry (1952); Chiang and others, Chatbot Arena (arXiv 2403.04132)"),
    ),
    "style": Method(
        said("Rating with style held equal"),
        said(
            "The same model with a term for how the two answers differ in style, shared by all entries; the "
            "rating is what "
            "remains. It tells whether an entry is preferred for what it says or for how it looks."
        ),
        said("logit P(a beats b) = θ_a − θ_b + x · β;  x = (f_a − f_b) / (f_a + f_b), divided by its root mean square"),
        said("Li and others, Does style matter? (LMSYS, 2024)"),
    ),
    "elo": Method(
        said("Sequential Elo"),
        said(
            "A rating that moves after each verdict. It depends on their order, so "
            "it is a history and never the ranking."
        ),
        said("R_a gains K · (y − P),  P = 1 / (1 + 10^((R_b − R_a) / 400))"),
        said("Elo, The Rating of Chessplayers (1978)"),
    ),
}
"""By the name of the plugin, or of what is kept beside it."""
ORDER = tuple(METHODS)


def rating_method(rater: str) -> str:
    """The method behind the column Rating."""
    return "bradley-terry" if rater in ("win-rate", "length-controlled", "elo") else rater
