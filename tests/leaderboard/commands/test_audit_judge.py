"""`manage.py audit-judge`: a report of a file in two forms, a round of canaries, and each fault in one line."""

from __future__ import annotations

import json

import numpy as np
import pytest

from leaderboard.models import Job
from tests.factories import submit, sums_board
from tests.leaderboard.commands.test_commands import run

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def files(tmp_path):
    """Forty comparisons with three votes each, and a judge in both orders that goes with the better model."""
    rng = np.random.default_rng(0)
    votes, verdicts = ["pair_id,model_a,model_b,winner,voter,chars_a,chars_b"], ["pair_id,model_a,model_b,winner,judge"]
    for pair in range(40):
        a, b = ("x", "y") if pair % 2 else ("y", "z")
        for voter in range(3):
            winner = "model_a" if rng.random() < 0.8 else "model_b"
            votes.append(f"{pair},{a},{b},{winner},v{voter},{pair % 7 + 1},{pair % 5 + 1}")
        verdicts += [f"{pair},{a},{b},model_a,gpt-x", f"{pair},{b},{a},{'model_b' if pair % 4 else ''},gpt-x"]
    paths = tmp_path / "votes.csv", tmp_path / "judges.csv"
    for path, lines in zip(paths, (votes, verdicts), strict=True):
        path.write_text("\n".join(lines) + "\n")
    return [str(path) for path in paths]


def test_json_has_every_section_and_how_the_file_was_read(files, capsys):
    code, out, _ = run(capsys, "audit_judge", files[0], "--judges", files[1], "--json", "--replicates", "50")
    found = json.loads(out)
    assert code == 0
    assert found["input"] == {
        "rows": 120, "votes": 120, "unscored": 0, "comparisons": 40, "entrants": 3, "cluster": "pair_id",
    }  # fmt: skip
    own = found["judges"]["gpt-x"]
    assert (own["calls"], own["scored"], own["orders"]["items"], own["orders"]["same"]["value"]) == (80, 70, 30, 1)
    assert own["people"]["agreement"]["items"] == 40 and own["people"]["worth"]["votes"]["value"] > 0
    assert {state["name"]: state["n"] for state in own["states"]} == {"scored": 70, "unscored": 10}
    assert [(one["first"], one["second"], one["items"]) for one in found["matrix"]] == [("people", "gpt-x", 40)]


def test_the_report_is_the_same_twice_and_says_what_is_in_it(files, capsys):
    words = ("audit_judge", files[0], "--judges", files[1], "--replicates", "50")
    one, two = (run(capsys, *words)[1] for _ in range(2))
    assert one == two
    for told in (
        "gpt-x: 80 verdicts",
        "Agreement with people",
        "10 of 80 verdicts are unscored",
        "Who agrees with whom",
    ):
        assert told in one


def test_families_given_come_into_the_audit(files, tmp_path, capsys):
    rules = tmp_path / "families.json"
    rules.write_text(json.dumps({"house": ["x"], "other": ["y", "z"]}))
    out = run(capsys, "audit_judge", files[0], "--judges", files[1], "--json", "--families", str(rules))[1]
    own = json.loads(out)["judges"]["gpt-x"]["own"]
    assert (own["family"], own["against"], own["items"]) == ("house", "people", 20)


@pytest.mark.parametrize(
    ("words", "told"),
    [
        ((), "Name a file of votes"),
        (("FILE",), "No judge is named"),
        (("FILE", "--judges", "nosuch.csv"), "There is no file nosuch.csv"),
        (("FILE", "--judge-column", "zed"), "There is no column 'zed'"),
        (("FILE", "--judges", "JUDGES", "--where", "zed"), "Write column=value"),
        (("FILE", "--judges", "JUDGES", "--replicates", "3"), "At least 20"),
        (("FILE", "--judges", "JUDGES", "--families", "JUDGES"), "cannot be read"),
        (("--canary",), "one --judge and a --board"),
        (("--canary", "--board", "nosuch", "--judge", "reference"), "There is no board 'nosuch'"),
    ],
)
def test_a_fault_is_one_line_and_code_2(files, capsys, words, told):
    given = [{"FILE": files[0], "JUDGES": files[1]}.get(word, word) for word in words]
    code, out, err = run(capsys, "audit_judge", *given)
    assert (code, out) == (2, "")
    assert told in err and err.count("\n") == 1


def test_a_round_of_canaries_is_asked_for(parrot, work, capsys):
    board = sums_board()
    for model in ({"model": "good"}, {"model": "bad", "wrong_every": 2}):
        submit(board, model)
    work()
    code, out, _ = run(capsys, "audit_judge", "--canary", "--board", "sums", "--judge", "reference", "--size", "4")
    assert (code, out.strip()) == (0, "4 verdicts of reference are asked for again, as round 1.")
    assert Job.objects.filter(kind="canary", state="ready").count() == 1
