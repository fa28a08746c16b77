"""How a model's score varies with decoding and sampling: the mathematics of the non-determinism report.

Arrays in, frozen dataclasses out. `scores` are (P, N): P prompts, N samples; NaN is missing or unscored. A *run* is
a sample index over the whole benchmark: run j is column j. Means give each prompt the same weight, whatever the
number of its samples that were scored. Texts are read in `texts`, `self_bleu` and `repeats` alone.
"""
