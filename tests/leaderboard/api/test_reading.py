from __future__ import annotations

import csv
import io

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.api.standings import COLUMNS, Row, write_csv
from leaderboard.contracts.values import BenchmarkData, BenchmarkItem
from leaderboard.models import Entry, Judgment, Output
from leaderboard.services import catalog
from tests.factories import submit, sums_board

WANTED = (
    "entry model decoding rank_low rank_high rating rating_low rating_high win_rate win_rate_se "
    "lc lc_se lc_low lc_high style_rating style_low style_high style_rank_low style_rank_high chance more n missing "
    "unscored discrete_win_rate elo score score_n score_missing score_least mean_length mean_tokens cost_usd flags note"
).split()


def walk(client, path, limit):
    """Follows Link headers to the end; returns the ids and how many pages."""
    seen, pages, address = [], 0, f"/api/v1{path}?limit={limit}"
    while address:
        response = client.get(address)
        body = response.json()
        seen += [item.get("id") or item["slug"] for item in body["items"]]
        pages += 1
        address = response.headers.get("Link", "").removeprefix("<").removesuffix('>; rel="next"')
        assert bool(address) == bool(body["next"])
        assert address.endswith(f"cursor={body['next']}" if address else "")
    return seen, pages


def queries(get, path):
    with CaptureQueriesContext(connection) as found:
        assert get(path).status_code == 200
    return len(found)


def test_boards_show_what_is_ranked_and_how(get, ranked):
    (item,) = get("/boards").json()["items"]
    assert item == get("/boards/sums").json()
    assert (item["entries"], item["benchmark"]["name"], item["metric"]) == (2, "sums", "exact-match")
    assert [judge["name"] for judge in item["judges"]] == ["reference"]
    assert item["snapshot"] == ranked.current.digest


def test_standings_have_the_agreed_columns_in_both_formats(get, ranked):
    body = get("/boards/sums/standings").json()
    assert list(COLUMNS) == WANTED
    assert [list(row) for row in body["items"]] == [WANTED, WANTED]
    assert [(row["score"], row["n"], row["win_rate"]) for row in body["items"]] == [(100.0, 6, 75.0), (50.0, 6, 25.0)]
    response = get("/boards/sums/standings?format=csv")
    assert response["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(response.content.decode())))
    assert list(lines[0]) == WANTED
    assert [float(line["score"]) for line in lines] == [100.0, 50.0]
    assert {line["cost_usd"] for line in lines} == {""}


def test_a_board_without_a_snapshot_has_no_rows_and_no_etag(get):
    sums_board()
    response = get("/boards/sums/standings")
    assert (response.json()["items"], response.json()["snapshot"]) == ([], None)
    assert "ETag" not in response
    assert get("/boards/sums/standings?format=csv").content.decode().strip() == ",".join(WANTED)


@pytest.mark.parametrize("query", ["", "?format=csv"])
def test_the_digest_is_a_strong_etag(get, ranked, query):
    path, etag = f"/boards/sums/standings{query}", f'"{ranked.current.digest}"'
    assert get(path)["ETag"] == etag
    for known in (etag, f'"x", W/{etag}', "*"):
        response = get(path, if_none_match=known)
        assert (response.status_code, response.content, response["ETag"]) == (304, b"", etag)
    assert get(path, if_none_match='"other"').status_code == 200


def test_csv_runs_no_formula():
    cells = dict.fromkeys(COLUMNS, None) | {
        "entry": "=1+1",
        "model": "@x",
        "decoding": "-T",
        "note": 'a,"b"\n',
        "elo": -3.5,
        "flags": ["constant-output", "empty-outputs"],
    }
    file = io.StringIO(newline="")
    write_csv([Row.model_construct(**cells)], file)
    file.seek(0)
    (line,) = csv.DictReader(file)
    assert (line["entry"], line["model"], line["decoding"]) == ("'=1+1", "'@x", "'-T")
    assert (line["note"], line["elo"], line["n"]) == ('a,"b"\n', "-3.5", "")
    assert line["flags"] == "constant-output empty-outputs"


def test_details_tell_how_the_numbers_were_made(get, ranked):
    response = get("/boards/sums/details")
    body = response.json()
    assert response["ETag"] == f'"{ranked.current.digest}"' == f'"{body["snapshot"]}"'
    assert body["methods"]["bradley-terry"]["params"]["confidence"] == 0.95
    assert (body["rater"], body["counts"]) == ("bradley-terry", {"verdicts": 6, "unscored": 0})
    (pair,) = body["neighbours"]
    assert {pair["better"], pair["worse"]} == set(body["pairs"]["entries"])
    assert get("/boards/sums/details", if_none_match=response["ETag"]).status_code == 304


def test_a_category_has_standings_of_its_own(get, fault, work):
    items = [BenchmarkItem(f"p{i}", f"{i}+{i}", str(2 * i), "odd" if i % 2 else "even") for i in range(1, 9)]
    board = sums_board(0)
    board.benchmark = catalog.benchmark(BenchmarkData("parts", "1", tuple(items)))
    board.save()
    for model in ({"model": "right"}, {"model": "wrong", "wrong_every": 2}):
        submit(board, model)
    work()
    whole = get("/boards/sums/standings").json()
    assert whole["categories"] == ["even", "odd"]
    even, odd = (get(f"/boards/sums/standings?category={name}").json() for name in ("even", "odd"))
    assert [row["score"] for row in even["items"]] == [100.0, 0.0]
    assert [row["score"] for row in odd["items"]] == [100.0, 100.0]
    assert {row["n"] for row in even["items"]} == {4}
    assert get("/boards/sums/standings?category=odd&format=csv").content.decode().count("\n") == 3
    problem = fault(get("/boards/sums/standings?category=none"), 422)
    assert problem["errors"][0]["parameter"] == "category"
    assert "Categories: even, odd." in problem["detail"]


def test_entries_show_their_parts_and_places(get, ranked):
    items = get("/entries").json()["items"]
    assert [item["model"]["name"] for item in items] == ["right", "wrong"]
    detail = get(f"/entries/{items[0]['slug']}").json()
    (place,) = detail.pop("boards")
    assert detail == items[0]
    assert (place["board"], place["score"]) == ("sums", 100.0)
    assert detail["decoding"]["label"] == "greedy"


def test_cursors_walk_every_row_once(client, ranked):
    entry = Entry.objects.first()
    outputs = list(Output.objects.filter(entry=entry).order_by("pk").values_list("pk", flat=True))
    assert walk(client, f"/entries/{entry.slug}/outputs", 4) == (outputs, 2)
    assert walk(client, f"/entries/{entry.slug}/outputs", 6) == (outputs, 1)
    judged = list(Judgment.objects.order_by("pk").values_list("pk", flat=True))
    assert walk(client, "/boards/sums/judgments", 1) == (judged, 6)
    assert walk(client, "/entries", 1) == (list(Entry.objects.order_by("pk").values_list("slug", flat=True)), 2)


def test_outputs_and_judgments_tell_what_made_them(get, ranked):
    output = get("/entries/right-greedy/outputs").json()["items"][0]
    assert output["text"] == "So the answer is 2."
    assert (output["prompt"], output["benchmark"]) == ("sum-1", "sums 1")
    assert [(score["metric"], score["value"]) for score in output["scores"]] == [("exact-match", 1.0)]
    verdict = get("/boards/sums/judgments").json()["items"][0]
    assert {verdict["entry_a"], verdict["entry_b"]} == {"right-greedy", "wrong-greedy"}
    assert (verdict["judge"], verdict["state"]) == ("reference", "scored")


@pytest.mark.parametrize("path", ["/entries", "/entries/right-greedy/outputs", "/boards/sums/judgments"])
@pytest.mark.parametrize("cursor", ["x", "YWZ0ZXI6MA", "é", "YWZ0ZXI6OTk5OTk5OTk5OTk5OTk5OTk5OTk5OTk5"])
def test_a_wrong_cursor_is_told(get, ranked, fault, path, cursor):
    body = fault(get(f"{path}?cursor={cursor}"), 400)
    assert [error["parameter"] for error in body["errors"]] == ["cursor"]


@pytest.mark.parametrize("limit", ["0", "101", "x", "9" * 30])
def test_a_wrong_limit_is_told(get, fault, limit):
    assert [e["parameter"] for e in fault(get(f"/entries?limit={limit}"), 422)["errors"]] == ["limit"]


def test_a_wrong_format_is_told(get, ranked, fault):
    assert [e["parameter"] for e in fault(get("/boards/sums/standings?format=xml"), 422)["errors"]] == ["format"]


@pytest.mark.parametrize(
    "path",
    [
        *("/", "/nothing", "/boards/none", "/boards/none/standings", "/boards/none/judgments", "/boards/"),
        *("/entries/none", "/entries/none/outputs", "/entries/a%00b", "/submissions/7"),
        "/submissions/00000000-0000-0000-0000-000000000000",
    ],
)
def test_what_is_not_there_is_a_problem_too(get, fault, path):
    fault(get(path), 404)


def test_a_wrong_method_is_a_problem_and_head_is_get(client, fault, ranked):
    response = client.delete("/api/v1/boards/sums")
    fault(response, 405)
    assert response["Allow"] == "GET, HEAD"
    assert client.post("/api/v1/submissions/estimate").status_code == 401
    head = client.head("/api/v1/boards/sums/standings")
    assert (head.status_code, head.content, head["ETag"]) == (200, b"", f'"{ranked.current.digest}"')


def test_our_own_fault_is_logged_and_not_shown(client, fault, monkeypatch):
    monkeypatch.setattr("leaderboard.api.plugins._item", lambda *_: 1 / 0)
    client.raise_request_exception = False
    assert "division" not in fault(client.get("/api/v1/plugins"), 500)["detail"]


def test_the_number_of_queries_does_not_grow_with_the_rows(get, ranked, work):
    paths = ("/boards", "/boards/sums/standings", "/entries", "/entries/right-greedy/outputs", "/boards/sums/judgments")
    few = {path: queries(get, f"{path}?limit=1") for path in paths}
    for name in ("third", "fourth"):
        submit(ranked, {"model": name})
    work()
    assert {path: queries(get, path) for path in paths} == few
    assert max(few.values()) <= 5


def test_plugins_are_listed_with_their_schema_and_a_broken_one_with_its_error(get, monkeypatch):
    from leaderboard.contracts import registry

    real = registry.ratings.get

    def broken(name):
        if name == "elo":
            raise registry.PluginError("The ratings plugin 'elo' cannot be loaded: boom")
        return real(name)

    monkeypatch.setattr(registry.ratings, "get", broken)
    items = {(item["family"], item["name"]): item for item in get("/plugins").json()["items"]}
    greedy, elo, parrot = items["decoding", "greedy"], items["ratings", "elo"], items["generators", "parrot"]
    assert (greedy["distribution"], greedy["error"]) == ("touchstone", None)
    assert "max_new_tokens" in greedy["params"]["properties"]
    assert (elo["error"][-4:], elo["params"], elo["distribution"]) == ("boom", None, "touchstone")
    assert (parrot["distribution"], parrot["title"]) == (None, "Answers sums in tests")
