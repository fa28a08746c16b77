"""Single words that are stored or come from rooms without Django, listed here so that the catalog has them.

A page shows one by `translated` or `|said`; a word that is not listed is shown as it is.
"""

from __future__ import annotations

from leaderboard.contracts.said import said

FLAG_KINDS = (
    said("constant output"),
    said("duplicate outputs"),
    said("zero length variance"),
    said("low difficulty slope"),
    said("template markers"),
    said("empty outputs"),
    said("runaway outputs"),
)
EVIDENCE = (
    said("n compared"),
    said("n unique"),
    said("unique share"),
    said("expected share"),
    said("mean length"),
    said("sd length"),
    said("median length"),
    said("psi"),
    said("median psi"),
    said("lc"),
    said("raw"),
    said("marker"),
    said("n"),
    said("n outputs"),
    said("n empty"),
    said("n truncated"),
    said("median share"),
    said("place"),
    said("excerpt"),
)
STYLE = (said("tokens"), said("header"), said("list"), said("bold"))
ENDS = (said("stop"), said("length"), said("filter"))
"""Why an output ended."""
STATES = (
    said("scored"),
    said("unparsed"),
    said("no-logprobs"),
    said("truncated"),
    said("refused"),
    said("no-reference"),
    said("no reference"),
)
"""Of a judgment."""
ROLES = (said("User"), said("Assistant"), said("System"))
SHAPES = (said("ranked"), said("flagged"), said("baseline"))
"""Of the dots in a chart."""
