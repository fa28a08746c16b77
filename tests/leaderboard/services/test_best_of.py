"""Best-of-n entries on a board: candidates made once, one of them shown, killed and retried like any other work."""

from __future__ import annotations

from typing import ClassVar

import pytest

from leaderboard.contracts import registry
from leaderboard.contracts.params import InvalidInput, NoParams
from leaderboard.contracts.values import Chosen, Scored
from leaderboard.models import Entry, Job, Output, Score, Submission
from leaderboard.queries.submissions import all_submissions, progress
from leaderboard.services import submissions
from tests.factories import request_for, submit, sums_board

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot")]
NOISY = {"wrong_every": 3}
"""One sample in three of each prompt is wrong, so the majority of three is right."""


def best_of(board, model=NOISY, samples=1, **decoding):
    return submit(board, model, strategy="best-of-n", decoding={"n": 3, **decoding}, samples=samples)


def sampled(board, samples, model=NOISY):
    return submit(board, model, strategy="temperature", samples=samples)


def test_the_majority_of_three_is_shown_and_says_whose_it_is(work):
    submission = best_of(sums_board())
    work()
    submission.refresh_from_db()
    assert submission.state == "done"
    shown = Output.objects.filter(entry=submission.entry).select_related("prompt")
    assert [output.text for output in shown] == [f"So the answer is {output.prompt.reference}." for output in shown]
    pool = submission.entry.pool()
    for output in shown:
        own = list(Output.objects.filter(entry=pool, prompt=output.prompt).order_by("sample"))
        assert output.provenance["candidates"] == [candidate.pk for candidate in own]
        picked = next(candidate for candidate in own if candidate.pk == output.provenance["chosen"])
        assert (picked.text, picked.output_tokens, picked.seed) == (output.text, output.output_tokens, output.seed)
        assert sorted(output.provenance["ratings"]) == pytest.approx([1 / 3, 2 / 3, 2 / 3])
        assert output.seconds == pytest.approx(0.003)


def test_the_candidates_of_an_entry_that_is_sampled_already_are_not_made_again(work):
    board = sums_board()
    alone = sampled(board, samples=2)
    work()
    before = set(Output.objects.filter(entry=alone.entry).values_list("pk", flat=True))
    chosen = best_of(board, samples=2)
    assert chosen.entry.pool() == alone.entry
    work()
    pool = Output.objects.filter(entry=alone.entry)
    assert before <= set(pool.values_list("pk", flat=True))
    assert sorted(set(pool.values_list("sample", flat=True))) == [0, 1, 2, 3, 4, 5]
    used = [set(o.provenance["candidates"]) for o in Output.objects.filter(entry=chosen.entry, prompt__key="sum-1")]
    assert [len(own) for own in used] == [3, 3]
    assert used[0].isdisjoint(used[1])


def test_the_entry_of_the_candidates_is_on_the_board_only_if_it_was_submitted(work):
    board = sums_board()
    submission = best_of(board)
    work()
    assert list(board.entries.all()) == [submission.entry]
    assert Entry.objects.count() == 2


def test_the_estimate_counts_the_tokens_of_every_candidate():
    request = request_for(sums_board(), NOISY, strategy="best-of-n", decoding={"n": 3, "max_new_tokens": 10}, samples=2)
    size = submissions.check(request)[1]
    assert (size.prompts, size.outputs, size.output_tokens) == (6, 12, 6 * 2 * 3 * 10)


def test_progress_counts_candidates_and_choices(work):
    submission = best_of(sums_board(), samples=2)
    found = progress(all_submissions().get(pk=submission.pk))
    assert (found.outputs, found.outputs_wanted) == (0, 6 * 2 * 4)
    work()
    found = progress(all_submissions().get(pk=submission.pk))
    assert (found.outputs, found.outputs_wanted) == (48, 48)


def test_another_seed_for_stored_candidates_is_refused(work):
    board = sums_board()
    sampled(board, samples=1)
    work()
    with pytest.raises(InvalidInput, match="with seed 0"):
        submit(board, NOISY, strategy="best-of-n", decoding={"n": 3}, seed=7)
    assert Submission.objects.count() == 1


class Nervous:
    """Fails as often as it is told, then takes the last candidate."""

    name: ClassVar[str] = "nervous"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Nervous"
    Params = NoParams
    needs: ClassVar[frozenset[str]] = frozenset()
    metric: ClassVar = ("tally", {})
    failures: ClassVar[int] = 0
    seen: ClassVar[list] = []

    def __init__(self, params):
        pass

    def choose(self, prompts, candidates):
        if Nervous.failures:
            Nervous.failures -= 1
            raise ConnectionError("the selector is away")
        for own in candidates:
            Nervous.seen += [c.rating for c in own]
            yield Chosen(len(own) - 1, tuple(float(place) for place in range(len(own))))


class Tally:
    name: ClassVar[str] = "tally"
    version: ClassVar[str] = "1"
    title: ClassVar[str] = "Tally"
    Params = NoParams

    def __init__(self, params):
        pass

    def score(self, *, prompt, reference, text):
        return Scored(0.0)


@pytest.fixture
def nervous():
    Nervous.failures, Nervous.seen = 0, []
    with registry.selectors.override(Nervous), registry.metrics.override(Tally):
        yield Nervous


def test_ratings_of_a_metric_are_stored_as_its_scores_and_come_back(work, nervous):
    board = sums_board()
    best_of(board, selector="nervous")
    work()
    scores = Score.objects.filter(metric__plugin="tally")
    assert sorted(scores.values_list("value", flat=True)) == [0.0] * 6 + [1.0] * 6 + [2.0] * 6
    assert set(nervous.seen) == {None}
    best_of(board, selector="nervous", n=2)
    work()
    assert nervous.seen[18:] == [0.0, 1.0] * 6
    assert scores.count() == 18


def test_a_selector_that_stays_away_fails_the_submission_and_retry_goes_on(work, nervous):
    nervous.failures = 1000
    submission = best_of(sums_board(), selector="nervous")
    work()
    submission.refresh_from_db()
    assert (submission.state, "the selector is away" in submission.error) == ("failed", True)
    assert Output.objects.filter(entry=submission.entry.pool()).count() == 18
    nervous.failures = 0
    submissions.retry(submission)
    work()
    submission.refresh_from_db()
    assert submission.state == "done"
    assert Output.objects.filter(entry=submission.entry).count() == 6


def test_candidates_that_cannot_be_made_leave_the_others_and_retry_judges_what_it_makes(work, parrot, monkeypatch):
    submission = best_of(sums_board(), model={**NOISY, "fails_on": "2+2"})
    rival = sampled(submission.board, samples=1, model={"model": "rival"})
    work()
    submission.refresh_from_db()
    assert submission.state == "partial"
    assert Output.objects.filter(entry=submission.entry).count() == 5
    whole = parrot.generate
    monkeypatch.setattr(
        parrot, "generate", lambda self, requests: whole(parrot(parrot.Params(wrong_every=3)), requests)
    )
    submissions.retry(submission)
    work()
    submission.refresh_from_db()
    assert (submission.state, Output.objects.filter(entry=submission.entry).count()) == ("done", 6)
    judged = Job.objects.filter(submission=submission, kind="judge", state="done")
    assert sum(judged.values_list("items", flat=True)) >= 6
    assert Score.objects.filter(output__entry=submission.entry, metric=submission.board.metric).count() == 6
    assert rival.entry.outputs.count() == 6


def test_every_job_run_twice_changes_nothing(work, bell):
    from workers.tasks import run

    submission = best_of(sums_board())
    work()
    before = list(Output.objects.order_by("pk").values_list("pk", "text"))
    for pk, _ in list(bell):
        run(pk)
    work()
    assert list(Output.objects.order_by("pk").values_list("pk", "text")) == before
    assert submission.entry.outputs.count() == 6
