"""Auditing judges: how far a judge agrees with people, what habits it has, and what its verdicts are worth.

Arrays in, frozen dataclasses out, an interval on every figure. `verdicts` holds the arrays, `draws` the intervals;
`people` compares with votes, `habits` and `taste` need none, `audit` puts one judge's whole audit together.
"""
