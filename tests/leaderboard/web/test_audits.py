"""Pages of judges: what they say is what the audits hold, in a constant number of queries."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.contracts.values import Outcome
from leaderboard.models import Board, JudgeAudit
from leaderboard.ratings.agreement import report
from leaderboard.services import audits, boards, catalog
from leaderboard.web.audits import matrices, sections
from leaderboard.web.charts.audits import drawn
from tests.factories import FactBoard, fact_board

pytestmark = pytest.mark.django_db
KEYS = {f"k{i}": "" for i in range(12)}


def filled(slug: str = "facts", *, votes: bool = True) -> FactBoard:
    """Three entries, a judge in both orders who errs on one prompt, and one who takes what comes first."""
    made = fact_board(["x", "y", "z"], KEYS, judges=2, slug=slug, counts_votes=True)
    for key in KEYS:
        for better, worse in (("x", "y"), ("y", "z"), ("x", "z")):
            for voter in "abc" if votes else "":
                right = Outcome.B if (voter, key) == ("a", "k1") else Outcome.A
                made.vote(better, worse, key, right, voter=f"user:{voter}")
            made.verdict(better, worse, key, 0.0 if key == "k0" else 1.0)
            made.verdict(worse, better, key, 1.0 if key == "k0" else 0.0)
            made.verdict(better, worse, key, 1.0, judge=1)
    boards.refresh(made.board)
    audits.refresh(made.board)
    made.board.refresh_from_db()
    return made


@pytest.fixture
def facts():
    return filled()


def text_of(response) -> str:
    page = re.sub(r"<[^>]+>", " ", response.content.decode())
    return re.sub(r"\s+", " ", page)


def test_the_list_has_every_judge_and_who_agrees_with_whom(client, facts):
    idle = catalog.imported_judge(name="idle one")
    page = text_of(client.get("/judges/"))
    for judge in (*facts.judges, idle):
        assert judge.name in page
    assert "No audit yet" in page and "Who agrees with whom on facts" in page
    audit = JudgeAudit.objects.get(judge=facts.judges[0])
    value, interval = report.text(audit.details["people"]["agreement"]["accuracy"], "share").split(" (")
    assert value in page and interval.removesuffix(")") in page


def test_the_matrix_of_the_list_has_every_pair_once(facts):
    (chart,) = matrices(list(JudgeAudit.objects.select_related("judge", "board")))
    pairs = [frozenset(row[:2]) for row in chart.table.rows]
    names = {"people", *(judge.name for judge in facts.judges)}
    assert len(pairs) == len(set(pairs)) == 3 and set().union(*pairs) == names


def queries(client, address: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        assert client.get(address).status_code == 200
    return len(seen)


def test_pages_run_as_many_queries_for_many_judges_as_for_one(client, facts):
    board, judge = f"/boards/{facts.board.slug}/", f"/judges/{facts.judges[0].name}/"
    few = {address: queries(client, address) for address in ("/judges/", judge, board)}
    filled("more")
    for i in range(5):
        made = catalog.imported_judge(name=f"more-{i}")
        JudgeAudit.objects.create(
            judge=made, board=facts.board, digest="f" * 64, details=JudgeAudit.objects.first().details
        )
    assert {address: queries(client, address) for address in few} == few


def test_the_page_of_a_judge_has_every_figure_of_its_audit(client, facts):
    judge = facts.judges[0]
    details = JudgeAudit.objects.get(judge=judge).details
    page = text_of(client.get(f"/judges/{judge.name}/"))
    told = sections(details)
    assert {"Agreement with people", "People against people", "Order and repeats"} <= {one.title for one in told}
    for section in told:
        for figure in section.figures:
            assert figure.name in page and figure.value in page and figure.interval in page
    assert "How it is computed" in page and "No canary has been judged again yet" in page


def test_each_chart_has_its_data_as_csv(client, facts):
    judge = facts.judges[0]
    details = JudgeAudit.objects.get(judge=judge).details
    charts = drawn(details, judge.name)
    assert [chart.name for chart in charts] == ["agreement", "slots", "calibration", "ratings", "style"]
    for chart in charts:
        answer = client.get(f"/judges/{judge.name}/{chart.name}.csv?board=facts")
        rows = list(csv.reader(io.StringIO(answer.content.decode())))
        assert rows[0] == list(chart.table.header) and len(rows) == len(chart.table.rows) + 1
    assert client.get(f"/judges/{judge.name}/matrix.csv").status_code == 200
    assert client.get(f"/judges/{judge.name}/nosuch.csv").status_code == 404


def test_a_board_is_chosen_by_its_slug(client, facts):
    other = filled("other", votes=False)
    judge = facts.judges[0]
    assert other.judges[0] == judge
    page = text_of(client.get(f"/judges/{judge.name}/?board=other"))
    assert "Nobody has voted" in page and "Agreement with people" not in page
    assert "Nobody has voted" not in text_of(client.get(f"/judges/{judge.name}/?board=facts"))
    assert client.get(f"/judges/{judge.name}/?board=nosuch").status_code == 404
    assert client.get("/judges/nosuch/").status_code == 404


def test_a_judge_with_a_dotted_name_has_a_page(client):
    catalog.imported_judge(name="gpt-3.5-turbo")
    assert "There is no audit yet" in text_of(client.get("/judges/gpt-3.5-turbo/"))


def test_the_board_says_what_a_verdict_is_worth_only_where_it_was_measured(client, facts):
    name = facts.judges[0].name
    worth = JudgeAudit.objects.get(judge=facts.judges[0]).details["people"]["worth"]["votes"]
    child = Board.objects.create(slug="child", title="c", benchmark=facts.board.benchmark, parent=facts.board)
    boards.refresh(child)
    for slug in ("facts", "child"):
        page = text_of(client.get(f"/boards/{slug}/"))
        assert f"A verdict of {name} is worth about {report.text(worth, 'number')} human votes here." in page
    filled("other", votes=False)
    assert "is worth about" not in text_of(client.get("/boards/other/"))


def test_a_new_audit_changes_the_boards_etag(client, facts):
    etag = client.get("/boards/facts/")["ETag"]
    assert client.get("/boards/facts/", headers={"if-none-match": etag}).status_code == 304
    facts.vote("x", "y", "k0", Outcome.B, voter="user:z")
    audits.refresh(facts.board)
    assert client.get("/boards/facts/", headers={"if-none-match": etag}).status_code == 200
