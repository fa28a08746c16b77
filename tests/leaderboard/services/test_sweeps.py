"""Sweeps: arms declared together, stored together, made side by side, and each followed on its own."""

from __future__ import annotations

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput
from leaderboard.models import (
    Comparison,
    DecodingConfig,
    Entry,
    Job,
    Judgment,
    Output,
    Score,
    Submission,
    Sweep,
)
from leaderboard.models.facts import FactError
from leaderboard.services import mixing, pipeline, submissions, sweeps
from leaderboard.services.grids import Grid
from leaderboard.services.submissions import Conflict
from tests.factories import Parrot, submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
GRIDS = (Grid("greedy", {}), Grid("min-p", {"temperature": [1, 2], "min_p": [0.05, 0.1]}))


@pytest.fixture
def board(db):
    return sums_board()


def ask(**more):
    fields = {"board": "sums", "generator": "parrot", "model": {"model": "polly"}, "arms": GRIDS, "samples": 2}
    return sweeps.Request(**{**fields, **more})


def make(**more):
    return sweeps.submit(ask(**more), user=None)[0]


def faults(**more):
    with pytest.raises(InvalidInput) as told:
        sweeps.check(ask(**more))
    return {error.path: error.message for error in told.value.errors}


def test_all_arms_of_a_grid_are_declared_in_order(board):
    sweep = make(seeds=(1, 2))
    labels = ["greedy", *(f"T {t} · min-p {p}" for t in (1, 2) for p in (0.05, 0.1))]
    assert [arm["label"] for arm in sweep.arms] == labels
    assert [arm["runs"] for arm in sweep.arms] == [1, 4, 4, 4, 4]
    stored = list(sweep.submissions.order_by("arm").select_related("entry__decoding"))
    assert [(one.arm, one.entry.decoding.label) for one in stored] == list(enumerate(labels))
    assert [one.all_seeds for one in stored] == [[1], *[[1, 2]] * 4]
    assert {one.entry for one in stored} == set(board.entries.all())


def test_a_declaration_cannot_be_changed(board):
    sweep = make()
    sweep.arms = sweep.arms[1:]
    for act in (sweep.save, sweep.delete, Sweep.objects.all().delete, lambda: Sweep.objects.update(arms=[])):
        with pytest.raises(FactError):
            act()
    assert len(Sweep.objects.get().arms) == 5


def test_equal_arms_are_merged_and_labels_told_apart(board):
    grid = Grid("temperature", {"temperature": [1, 1.0, 2], "max_new_tokens": [8, 16]})
    labels = [arm["label"] for arm in make(arms=(grid, Grid("temperature", {"temperature": 2}))).arms]
    assert len(labels) == len(set(labels)) == 5
    assert "T 1 (temperature max_new_tokens=8)" in labels


def test_every_fault_is_told_where_it_stands(board):
    bad = (
        Grid("min-p", {"temperature": [1, -1, "hot"], "min_p": 3}),
        Grid("min-q", {}),
        Grid("top-k", {"k": [5], "colour": "red"}),
        Grid("top-p", {"p": []}),
    )
    found = faults(board="none", model={"size": 1}, arms=bad, seeds=(1, 1), tune=1.0, title="x" * 121)
    assert set(found) == {
        ("board",),
        ("model", "size"),
        ("seeds",),
        ("tune",),
        ("title",),
        ("arms", 0, "grid", "temperature", 1),
        ("arms", 0, "grid", "temperature", 2),
        ("arms", 0, "grid", "min_p"),
        ("arms", 1, "strategy"),
        ("arms", 2, "grid", "colour"),
        ("arms", 3, "grid", "p"),
    }
    assert "Did you mean 'min-p'" in found["arms", 1, "strategy"]


@pytest.mark.parametrize(
    ("more", "where", "words"),
    [
        ({"arms": ()}, ("arms",), "one strategy"),
        ({"arms": [Grid("temperature", {"temperature": [i / 64 for i in range(101)]})]}, ("arms",), "101 arms"),
        ({"arms": [Grid("temperature", {"seed": list(range(10**5)), "x": list(range(10**5))})]}, ("arms",), "arms"),
        ({"samples": 40, "seeds": (1, 2)}, ("samples",), "more than 64"),
        ({"decoding": {"min_p": 0.1}}, ("decoding", "min_p"), "'greedy'"),
        ({"baseline": "beam"}, ("baseline",), "'greedy'"),
        ({"tune": 0.0001}, ("tune",), "none would be left to tune"),
        ({"tune": float("nan")}, ("tune",), "share"),
        ({"seeds": ()}, ("seeds",), "between 1 and"),
    ],
)
def test_a_bad_value_stores_nothing(board, more, where, words):
    assert words in faults(**more)[where]
    with pytest.raises(InvalidInput):
        make(**more)
    assert not (Sweep.objects.exists() or Submission.objects.exists() or DecodingConfig.objects.exists())


def test_an_arm_that_the_backend_would_ignore_is_refused_with_the_whole_sweep(board):
    class Plain(Parrot):
        name = "plain"
        capabilities = frozenset()

    with registry.generators.override(Parrot, Plain):
        found = faults(generator="plain", arms=GRIDS)
    assert set(found) == {("arms", 1, "strategy")}
    assert "min_p" in found["arms", 1, "strategy"]


def test_a_list_as_the_one_value_of_a_setting(board):
    (arm,) = make(arms=[Grid("chain", {"steps": [["temperature 0.7", "top-p 0.9"]]})]).arms
    assert arm["strategy"] == "chain"


def test_one_arm_with_other_seeds_stops_them_all(board, work):
    submit(board, {"model": "polly"}, strategy="min-p", decoding={"temperature": 2, "min_p": 0.1}, samples=1, seed=7)
    work()
    with pytest.raises(InvalidInput, match="seed 7"):
        make(seeds=(1,))
    assert not Sweep.objects.exists() and Submission.objects.count() == 1
    assert DecodingConfig.objects.count() == 1
    assert len(make(seeds=(7,)).arms) == 5


def test_the_best_of_an_arm_shares_its_samples_only_under_one_seed(board):
    grids = (
        Grid("temperature", {"temperature": 1}),
        Grid("best-of-n", {"n": 2, "sampler": "temperature temperature=1"}),
    )
    assert "share their samples" in faults(arms=grids, decoding={"max_new_tokens": 16}, seeds=(1, 2))["seeds",]
    assert len(make(arms=grids, decoding={"max_new_tokens": 16}, seeds=(1,)).arms) == 2


def test_the_same_key_gives_the_same_sweep(board, django_user_model):
    user = django_user_model.objects.create_user("ada")
    first, new = sweeps.submit(ask(), user=user, idempotency_key="once")
    assert new and sweeps.submit(ask(), user=user, idempotency_key="once") == (first, False)
    with pytest.raises(Conflict):
        sweeps.submit(ask(samples=3), user=user, idempotency_key="once")
    assert Sweep.objects.count() == 1 and Submission.objects.count() == 5


def test_arms_are_made_side_by_side_and_all_end(board, work, monkeypatch):
    monkeypatch.setattr(mixing, "CHUNK", 20)
    sweep = make(seeds=(1, 2))
    work()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"done"}
    mixed = Job.objects.filter(sweep=sweep, kind="generate")
    # Each prompt has one greedy output and 4 of each other arm: one prompt fills a job.
    assert sorted(mixed.values_list("items", flat=True)) == [17] * 6
    assert {len({item[0] for part in job.payload["parts"] for item in part["items"]}) for job in mixed} == {1}
    assert not Job.objects.filter(kind="generate", submission__isnull=False).exists()
    seeds = Output.objects.filter(entry__decoding__samples=True).order_by("sample").values_list("sample", "seed")
    assert set(seeds) == {(0, 1), (1, 1), (2, 2), (3, 2)}


def test_the_board_does_not_depend_on_which_arm_was_stored_first(board, work):
    model = {"model": "polly", "wrong_every": 2}
    digests = []
    for grids in (GRIDS, GRIDS[::-1]):
        make(arms=grids, model=model)
        work()
        board.refresh_from_db()
        digests.append(board.current.digest)
        for kind in (Judgment, Score, Comparison, Output):
            kind.objects.all()._raw_delete("default")
    assert digests[0] == digests[1]


def test_a_block_larger_than_a_job_is_divided(board, work, monkeypatch):
    monkeypatch.setattr(mixing, "CHUNK", 5)
    sweep = make()
    work()
    sizes = list(Job.objects.filter(sweep=sweep, kind="generate").values_list("items", flat=True))
    assert (max(sizes), sum(sizes)) == (5, 6 * 9)
    assert set(sweep.submissions.values_list("state", flat=True)) == {"done"}


def test_jobs_done_twice_change_nothing(board, work, bell):
    from workers.tasks import run

    make()
    work()
    count = Output.objects.count()
    for pk, _ in list(bell):
        run(pk)
    work()
    assert Output.objects.count() == count == 6 * 9


def test_a_stale_worker_cannot_finish_a_mixed_job(board):
    from leaderboard.services import jobs

    sweep = make()
    pipeline.plan_sweep(sweep)
    pk = Job.objects.filter(sweep=sweep, kind="generate").first().pk
    old = jobs.claim(pk, "host:1")
    jobs.release("host:1")
    new = jobs.claim(pk, "host:2")
    assert (jobs.finish(old), jobs.renew(old), jobs.finish(new)) == (False, False, True)


def test_a_poison_prompt_ends_every_arm_in_part_and_the_arms_stay(board, work, settings):
    settings.MAX_ATTEMPTS = 1
    sweep = make(model={"model": "polly", "fails_on": "3+3"})
    work()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"partial"}
    assert set(Output.objects.values_list("prompt__text", flat=True)) == {f"{i}+{i}" for i in (1, 2, 4, 5, 6)}
    failed = Job.objects.filter(state="failed")
    assert {job.submission.arm for job in failed} == set(range(5))
    assert all(len(job.payload["items"]) == 1 for job in failed)


def test_only_what_failed_is_tried_again(board, work, settings, monkeypatch, parrot):
    settings.MAX_ATTEMPTS = 1
    sweep = make(model={"model": "polly", "fails_on": "3+3"})
    work()
    before = Output.objects.count()
    monkeypatch.setattr(
        parrot.Params,
        "__getattribute__",
        lambda self, name: "" if name == "fails_on" else object.__getattribute__(self, name),
    )
    assert sweeps.retry_failed(sweep) == 9
    work()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"done"}
    assert (before, Output.objects.count()) == (45, 54)
    with pytest.raises(Conflict):
        sweeps.retry_failed(sweep)


def test_cancel_stops_every_arm_and_keeps_what_is_made(board, work):
    sweep = make()
    pipeline.plan_sweep(sweep)
    assert sweeps.cancel(sweep) == 5
    assert sweeps.cancel(sweep) == 0
    assert set(sweep.submissions.values_list("state", flat=True)) == {"cancelled"}
    work()
    assert not Output.objects.exists()
    assert sweep.submissions.count() == len(sweep.arms) == 5


def test_one_arm_can_be_cancelled_and_the_others_go_on(board, work):
    from leaderboard.services import jobs

    sweep = make()
    pipeline.plan_sweep(sweep)
    running = jobs.claim(Job.objects.filter(sweep=sweep, kind="generate").first().pk, "host:1")
    submissions.cancel(sweep.submissions.get(arm=1))
    # The worker in hand loses its lease and begins again without the arm; no attempt is spent.
    assert jobs.renew(running) is False
    assert Job.objects.get(pk=running.pk).attempts == 0
    work()
    states = dict(sweep.submissions.values_list("arm", "state"))
    assert states == {0: "done", 1: "cancelled", 2: "done", 3: "done", 4: "done"}
    assert not Output.objects.filter(entry=sweep.submissions.get(arm=1).entry).exists()


def test_the_timer_moves_on_arms_that_a_dead_worker_left(board):
    sweep = make()
    pipeline.plan_sweep(sweep)
    pipeline.sweep()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"generating"}
    Job.objects.filter(sweep=sweep).update(state="done")
    pipeline.sweep()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"failed"}


def test_what_is_stored_already_is_not_made_again(board, work):
    make(samples=1)
    work()
    sweep = make(samples=2)
    pipeline.plan_sweep(sweep)
    wanted = Job.objects.filter(sweep=sweep, kind="generate")
    assert sum(job.items for job in wanted) == 6 * 4
    work()
    assert set(sweep.submissions.values_list("state", flat=True)) == {"done"}
    assert Entry.objects.count() == 5


def test_the_estimate_counts_and_knows_no_speed_at_first(board, work):
    plan, size = sweeps.check(ask(seeds=(1, 2), decoding={"max_new_tokens": 10}))
    assert (len(plan.arms), size.arms, size.prompts, size.outputs, size.output_tokens) == (5, 5, 6, 102, 1020)
    # Greedy meets each of 4 samples of 4 arms; those meet each other sample by sample.
    assert size.comparisons == 6 * (4 * 4 + 6 * 4)
    assert size.judgments == size.comparisons
    assert (size.tokens_per_second, size.seconds, size.seconds_at_most, size.measured) == (None, None, None, 0)
    make(seeds=(1, 2), decoding={"max_new_tokens": 10})
    work()
    again = sweeps.check(ask(samples=1, decoding={"max_new_tokens": 10}))[1]
    # The parrot says that 6 tokens take 1 ms.
    assert again.measured == 102
    assert again.tokens_per_second == pytest.approx(6000)
    assert (again.outputs, again.seconds, again.seconds_at_most) == pytest.approx((30, 0.03, 0.05))
    other = sweeps.check(ask(model={"model": "another"}))[1]
    assert other.seconds is None


def test_the_estimate_holds(board, work):
    from leaderboard.models import Comparison

    size = sweeps.check(ask(seeds=(1, 2)))[1]
    make(seeds=(1, 2))
    work()
    assert Comparison.objects.count() == size.comparisons
