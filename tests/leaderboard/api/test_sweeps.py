"""Sweeps over the API: every fault with its pointer and nothing stored; then a good one, followed to its end."""

from __future__ import annotations

import pytest

from leaderboard.models import Submission, Sweep
from leaderboard.services import sweeps
from leaderboard.services.grids import Grid
from tests.factories import sums_board

BODY = {
    "board": "sums",
    "generator": "parrot",
    "model": {"model": "polly", "wrong_every": 2},
    "arms": [
        {"strategy": "greedy"},
        {"strategy": "min-p", "grid": {"temperature": [1, 2], "min_p": [0.05, 0.1]}},
    ],
    "decoding": {"max_new_tokens": 16},
    "samples": 2,
    "seeds": [1, 2],
}


def pointers(body):
    return [error["pointer"] for error in body["errors"]]


@pytest.fixture
def board():
    return sums_board()


def test_a_sweep_is_declared_and_followed(post, get, board, user, work):
    response = post("/sweeps", BODY)
    assert response.status_code == 201
    made = response.json()
    assert response["Location"] == f"/api/v1/sweeps/{made['id']}"
    assert Sweep.objects.get(pk=made["id"]).user == user
    assert [arm["state"] for arm in made["arms"]] == ["queued"] * 5
    assert not made["ended"] and not any(arm["best"] for arm in made["arms"])
    work()
    done = get(f"/sweeps/{made['id']}").json()
    assert done["ended"] and done["tune_prompts"] + done["test_prompts"] == 6
    assert [arm["label"] for arm in done["arms"]] == [arm["label"] for arm in made["arms"]]
    assert [arm["outputs_made"] for arm in done["arms"]] == [6, 24, 24, 24, 24]
    assert [arm["best"] for arm in done["arms"]].count(True) == 1
    assert done["arms"][0]["is_baseline"] and done["arms"][0]["against_baseline"] is None
    assert done["arms"][1]["against_baseline"]["pairs"] == done["test_prompts"]
    one = get(f"/submissions/{done['arms'][1]['submission']}").json()
    assert (one["sweep"], one["seeds"], one["samples"]) == (made["id"], [1, 2], 2)


def test_an_estimate_stores_nothing(post, board):
    size = post("/sweeps/estimate", BODY).json()
    assert (size["arms"], size["outputs"], size["output_tokens"]) == (5, 102, 1632)
    assert (size["seconds"], size["tokens_per_second"], size["measured"]) == (None, None, 0)
    assert not Sweep.objects.exists()


@pytest.mark.parametrize("path", ["/sweeps", "/sweeps/estimate"])
@pytest.mark.parametrize(
    ("change", "where"),
    [
        ({"arms": []}, "#/arms"),
        ({"arms": [{"strategy": "grredy"}]}, "#/arms/0/strategy"),
        ({"arms": [{"strategy": "min-p", "grid": {"min_p": [0.1, 7]}}]}, "#/arms/0/grid/min_p/1"),
        ({"arms": [{"strategy": "min-p", "grid": {"min_p": []}}]}, "#/arms/0/grid/min_p"),
        ({"arms": [{"strategy": "min-p", "grid": {"a/b": 1}}]}, "#/arms/0/grid/a~1b"),
        ({"arms": [{"strategy": "greedy", "colour": 1}]}, "#/arms/0/colour"),
        ({"decoding": {"max_new_tokens": 0}}, "#/decoding/max_new_tokens"),
        ({"seeds": []}, "#/seeds"),
        ({"seeds": [1.5]}, "#/seeds/0"),
        ({"seeds": [-1]}, "#/seeds"),
        ({"samples": 33}, "#/samples"),
        ({"tune": 0}, "#/tune"),
        ({"tune": 10**400}, "#/tune"),
        ({"baseline": "beam"}, "#/baseline"),
        ({"title": "x" * 121}, "#/title"),
        ({"model": {"size": 1}}, "#/model/size"),
        ({"board": "none"}, "#/board"),
        ({"arms": [{"strategy": "min-p", "grid": {"min_p": ["\x00"]}}]}, "#/arms/0/grid/min_p/0"),
    ],
)
def test_a_wrong_field_is_told(post, board, fault, path, change, where):
    assert where in pointers(fault(post(path, {**BODY, **change}), 422))
    assert not Sweep.objects.exists() and not Submission.objects.exists()


def test_all_faults_are_told_together(post, board, fault):
    wrong = {**BODY, "board": "none", "samples": 0, "arms": [{"strategy": "min-p", "grid": {"min_p": [7, 8]}}]}
    assert set(pointers(fault(post("/sweeps", wrong), 422))) == {
        "#/board",
        "#/samples",
        "#/arms/0/grid/min_p/0",
        "#/arms/0/grid/min_p/1",
    }


def test_the_same_key_gives_the_same_sweep(post, board, fault):
    first = post("/sweeps", BODY, idempotency_key="k1")
    again = post("/sweeps", BODY, idempotency_key="k1")
    assert (first.status_code, again.status_code) == (201, 200)
    assert first.json()["id"] == again.json()["id"]
    fault(post("/sweeps", {**BODY, "samples": 1}, idempotency_key="k1"), 409)


def test_cancel_and_retry_are_the_owners(post, board, fault, work):
    stranger, _ = sweeps.submit(sweeps.Request("sums", "parrot", {"model": "x"}, [Grid("greedy", {})]), user=None)
    fault(post(f"/sweeps/{stranger.pk}/cancel"), 403)
    fault(post(f"/sweeps/{stranger.pk}/retry"), 403)
    mine = post("/sweeps", BODY).json()["id"]
    for _ in range(2):
        stopped = post(f"/sweeps/{mine}/cancel").json()
        assert [arm["state"] for arm in stopped["arms"]] == ["cancelled"] * 5
    fault(post(f"/sweeps/{mine}/retry"), 409)


def test_several_seeds_of_one_submission(post, board, fault, work):
    one = {"board": "sums", "generator": "parrot", "model": {"model": "polly"}, "strategy": "temperature"}
    made = post("/submissions", {**one, "samples": 2, "seeds": [3, 4]}).json()
    assert (made["seed"], made["seeds"], made["stages"]["outputs"]["wanted"]) == (3, [3, 4], 24)
    work()
    assert pointers(fault(post("/submissions", {**one, "seeds": [3, 4], "seed": 3}), 422)) == ["#/seed"]
    assert pointers(fault(post("/submissions", {**one, "seeds": []}), 422)) == ["#/seeds"]
    # Sample 2 is stored with seed 3.
    assert pointers(fault(post("/submissions", {**one, "seeds": [3, 4]}), 422)) == ["#/seeds"]
    assert post("/submissions", {**one, "samples": 2, "seeds": [3, 4, 5]}).status_code == 201
    assert pointers(fault(post("/submissions", {**one, "strategy": "greedy", "seeds": [1, 2]}), 422)) == ["#/seeds"]
