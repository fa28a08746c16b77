"""The pages of the non-determinism report: their numbers are those of the report, their files what is drawn."""

from __future__ import annotations

import csv
import io
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from leaderboard.models import Entry, VariationReport
from leaderboard.services import variation
from leaderboard.web import variation as web
from tests.factories import plain_entries, submit, sums_board
from tests.leaderboard.web.test_how import words
from tests.leaderboard.web.test_pages import shown

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/boards/sums/variation/"
POLLY, COCO = {"model": "polly", "wrong_every": 2}, {"model": "coco"}
"""Polly errs where the first summand and the sample index together are even, Coco never."""


def sampled(temperature: float, samples: int = 3) -> dict:
    return {"strategy": "temperature", "decoding": {"temperature": temperature}, "samples": samples}


@pytest.fixture
def board(parrot, work):
    """Polly and Coco, each greedy and at T 0.7; Polly at T 1.3 too."""
    made = sums_board()
    for model in (POLLY, COCO):
        submit(made, model)
        submit(made, model, **sampled(0.7))
    submit(made, POLLY, **sampled(1.3, samples=2))
    work()
    made.refresh_from_db()
    return made


@pytest.fixture
def polly(board):
    return variation_of("polly")


def variation_of(name: str) -> VariationReport:
    return VariationReport.objects.filter(model__name=name).latest("pk")


def page_of(report: VariationReport) -> str:
    return f"{PAGE}{report.model_id}/"


def table(client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert (answer.status_code, answer["Content-Type"]) == (200, "text/csv; charset=utf-8")
    return list(csv.DictReader(io.StringIO(answer.content.decode(), newline="")))


def section(body: str, name: str) -> str:
    start = body.index(f'<section id="{name}"')
    return body[start : body.index("</section>", start)]


def cells(part: str) -> list[list[str]]:
    """The rows of the first table in a part of a page, as words."""
    rows = re.findall(r"<tr>(.*?)</tr>", part, re.S)
    return [[words(cell) for cell in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row, re.S)] for row in rows][1:]


def test_each_model_has_a_ladder_and_a_link_to_its_report(client, board):
    body = shown(client, PAGE)
    reports = [variation_of(name) for name in ("coco", "polly")]
    assert re.findall(r'<section class="ladder" id="model-(\d+)"', body) == [str(r.model_id) for r in reports]
    for report in reports:
        assert f'href="{page_of(report)}"' in body and f'href="{page_of(report)}ladder.csv"' in body
        assert f'aria-labelledby="ladder-{report.model_id}-t ladder-{report.model_id}-d"' in body


def test_ladders_tell_score_runs_and_the_gap_with_its_interval(client, board, polly):
    body = shown(client, PAGE)
    part = body[body.index(f'id="model-{polly.model_id}"') : body.index('id="flips"')]
    greedy, low, high = polly.details["entries"]
    gap = low["gap"]["gap"]
    interval = f"{100 * gap['low']:+.1f} to {100 * gap['high']:+.1f}".replace("-", "−").replace("+0.0", "0.0")
    assert cells(part) == [
        ["greedy", f"50.0 ± {100 * greedy['runs']['se']:.1f}", "1", "–", "–"],
        ["T 0.7", f"50.0 ± {100 * low['runs']['se']:.1f}", "3", "0.0", interval],
        ["T 1.3", f"50.0 ± {100 * high['runs']['se']:.1f}", "2", *cells(part)[2][3:]],
    ]


def test_all_ladders_are_on_one_scale(client, board):
    axes = re.findall(
        r'<text x="([\d.]+)" y="\d+[\d.]*" dy="18" text-anchor="middle">([^<]+)</text>', shown(client, PAGE)
    )
    assert len(axes) > 2 and len(axes) == 2 * len(set(axes))


def test_pairs_tell_both_differences_and_the_chance_of_a_flip(client, board):
    (pair,) = VariationReport.objects.latest("pk").details["flips"]
    body = shown(client, PAGE)
    chance = f"{100 * pair['chance']:.1f} %"
    assert cells(body[body.index('id="flips"') :]) == [["T 0.7", "coco", "polly", "+50.0", "+50.0", "no", chance]]
    assert "the other way: 0 of 1." in words(body)
    (row,) = table(client, f"{PAGE}flips.csv")
    assert (row["greedy_points"], row["flipped"], float(row["chance"])) == ("50.0", "no", pair["chance"])


def test_pairs_that_flipped_come_first_and_are_marked(client, board, polly):
    near = {"label": "T 0.7", "first": "coco", "second": "polly", "flipped": False, "chance": 0.4}
    near |= {"greedy_difference": 0.01, "sampled_difference": 0.02}
    flipped = near | {"label": "T 1", "flipped": True, "chance": 0.3, "sampled_difference": -0.02}
    VariationReport.objects.create(
        board=board, model=polly.model, digest="f" * 64, details=polly.details | {"flips": [near, flipped]}
    )
    body = shown(client, PAGE)
    assert [row[-4:] for row in cells(body[body.index('id="flips"') :])] == [
        ["+1.0", "−2.0", "flipped", "30.0 %"],
        ["+1.0", "+2.0", "no", "40.0 %"],
    ]
    assert "the other way: 1 of 2." in words(body)


def test_the_page_of_a_model_has_a_section_for_each_chart(client, polly):
    body = shown(client, page_of(polly))
    slugs = [row["slug"] for row in polly.details["entries"]]
    names = ["ladder", "gaps", "consistency", "variance", "diversity", "length", "temperature", "pass-at-k"]
    names += [f"best-of-{slug}" for slug in slugs[1:]]
    assert re.findall(r'<section id="([\w-]+)"', body) == [*names, "tests"]
    for name in names:
        part = section(body, name)
        assert f'href="{page_of(polly)}{name}.csv"' in part
        assert re.search(rf'<title id="{name}-t">[^<]+</title><desc id="{name}-d">[^<]+</desc>', part)


def test_the_contents_name_best_of_n_once(client, polly):
    body = shown(client, page_of(polly))
    contents = re.search(r'<nav class="choices"[^>]*>(.*?)</nav>', body, re.S)[1]
    assert re.findall(r'href="#([\w-]+)">', contents)[-2:] == [
        "pass-at-k",
        f"best-of-{polly.details['entries'][1]['slug']}",
    ]
    assert contents.count("Best of k samples") == 1


def test_scores_tell_the_best_run_apart_from_the_oracle(client, polly):
    part = section(shown(client, page_of(polly)), "ladder")
    told = cells(part)
    runs = [row["runs"] for row in polly.details["entries"]]
    assert [row[1] for row in told] == [f"{100 * run['mean']:.1f} ± {100 * run['se']:.1f}" for run in runs]
    assert told[0][2:] == ["1", "1", "–", "–", "–", "–", "0"]
    assert told[1][2:] == ["3", "1", *(f"{100 * runs[1][name]:.1f}" for name in ("std", "best", "worst", "range")), "0"]
    assert "It is not the oracle" in part


def test_gaps_stand_beside_the_absolute_scores(client, polly):
    body = shown(client, page_of(polly))
    told = cells(section(body, "gaps"))
    assert [row[:4] + row[5:] for row in told] == [
        ["T 0.7", "50.0", "50.0", "0.0", "6"],
        ["T 1.3", "50.0", "50.0", "0.0", "6"],
    ]
    assert "paired bootstrap over prompts and runs, 1,000 replicates" in section(body, "gaps")


@pytest.mark.parametrize("name", ["ladder", "gaps"])
def test_whiskers_are_the_rows_of_the_file(client, polly, name):
    part = section(shown(client, page_of(polly)), name)
    rows = table(client, f"{page_of(polly)}{name}.csv")
    value = {"ladder": "mean_percent", "gaps": "gap_points"}[name]
    assert len(rows) == part.count('<g class="span">')
    assert re.findall(r'<text class="name"[^>]*>([^<]+)<', part) == [row["configuration"] for row in rows]
    dots = [float(x) for x in re.findall(r'<circle class="dot" cx="([\d.]+)"', part)]
    assert sorted(dots) == [x for _, x in sorted(zip([float(row[value]) for row in rows], dots, strict=True))]
    assert part.count('class="bar"') == len(rows)


def test_bars_count_the_prompts_of_the_file(client, polly):
    part = section(shown(client, page_of(polly)), "consistency")
    rows = table(client, f"{page_of(polly)}consistency.csv")
    assert [(row["always"], row["sometimes"], row["never"]) for row in rows] == [
        ("3", "0", "3"),
        ("0", "6", "0"),
        ("0", "6", "0"),
    ]
    drawn = [f"{r[name]}" for r in rows for name in ("always", "sometimes", "never") if r[name] != "0"]
    assert re.findall(r'text-anchor="middle">(\d+)</text></g>', part) == drawn


def test_the_variance_is_split_in_the_shares_of_the_report(client, polly):
    rows = table(client, f"{page_of(polly)}variance.csv")
    levels = [level for entry in polly.details["entries"] for level in (entry.get("split") or {}).get("levels", [])]
    assert [row["level"] for row in rows] == [level["name"] for level in levels]
    assert [float(row["share_percent"]) for row in rows] == pytest.approx([100 * level["share"] for level in levels])


def test_lengths_tell_what_was_cut_off_empty_or_not_scored(client, polly):
    told = cells(section(shown(client, page_of(polly)), "length"))
    chars = [row["lengths"]["chars"] for row in polly.details["entries"]]
    assert told == [
        [label, "6.0 ± 0.0", f"{n['value']:.1f} ± {n['se']:.1f}", *["0.0 ± 0.0"] * 3, "0"]
        for label, n in zip(("greedy", "T 0.7", "T 1.3"), chars, strict=True)
    ]


def test_the_oracle_is_dashed_and_called_an_upper_bound(client, polly):
    row = polly.details["entries"][1]
    name = f"best-of-{row['slug']}"
    part = section(shown(client, page_of(polly)), name)
    assert re.findall(r'<g class="curve c(\d) bound"><polyline', part) == ["0"]
    assert "oracle, the same as pass@k (upper bound)" in part
    file = table(client, f"{page_of(polly)}{name}.csv")
    stored = {(s, str(k)): p["value"] for s, points in row["best_of"].items() for k, p in points}
    assert {(one["selector"], one["k"]): float(one["score_percent"]) for one in file} == pytest.approx(
        {key: 100 * value for key, value in stored.items()}
    )
    curves = re.findall(r'<polyline class="course" points="([^"]+)"', part)
    assert sum(len(points.split()) for points in curves) == len(file)


def test_the_temperature_curve_has_what_differs_in_temperature_alone(client, polly):
    rows = table(client, f"{page_of(polly)}temperature.csv")
    assert [(row["series"], row["temperature"], row["mean_percent"]) for row in rows] == [
        ("temperature", "0.7", "50.0"),
        ("temperature", "1.3", "50.0"),
    ]
    coco = shown(client, page_of(variation_of("coco")))
    assert '<section id="temperature"' not in coco


def test_what_a_report_lacks_is_left_out(client, board, polly):
    bare = [
        {"slug": row["slug"], "label": row["label"], "strategy": "x", "params": {}} for row in polly.details["entries"]
    ]
    VariationReport.objects.create(board=board, model=polly.model, digest="f" * 64, details={"entries": bare})
    body = shown(client, page_of(polly))
    assert "<section" not in body and "Nothing of this model is scored yet" in body
    shown(client, PAGE)
    shown(client, f"{page_of(polly)}ladder.csv", 404)


def test_a_board_without_a_report_says_what_it_takes(client, bell):
    sums_board()
    assert "There is no report yet" in shown(client, PAGE)
    assert "Non-determinism report" not in shown(client, "/boards/sums/")
    shown(client, f"{PAGE}flips.csv", 404)


def test_pages_that_do_not_exist(client, polly):
    for path in (f"{PAGE}0/", f"{PAGE}{'9' * 40}/", f"{page_of(polly)}nothing.csv", "/boards/nowhere/variation/"):
        shown(client, path, 404)


def test_the_board_and_the_entry_link_to_the_report(client, polly):
    assert f'href="{PAGE}"' in shown(client, "/boards/sums/")
    slug = polly.details["entries"][0]["slug"]
    assert f'href="{page_of(polly)}"' in shown(client, f"/entries/{slug}/")


def test_an_entry_of_a_model_without_a_report_has_no_link(client, board):
    board.entries.add(*plain_entries(1))
    assert "/variation/" not in shown(client, "/entries/entry-0/")


def test_a_first_report_changes_the_etag_of_the_board(client, board):
    VariationReport.objects.all()._raw_delete("default")
    etag = client.get("/boards/sums/")["ETag"]
    variation.refresh(board)
    assert client.get("/boards/sums/", headers={"If-None-Match": etag}).status_code == 200


def test_the_number_of_queries_does_not_grow(client, board, polly, work):
    counts = []
    for more in (0, 3):
        for i in range(more):
            submit(board, {"model": f"bird-{i}"})
            submit(board, {"model": f"bird-{i}"}, **sampled(0.7, samples=2))
            submit(board, POLLY, **sampled(2.0 + i, samples=2))
        work()
        seen = []
        pages = (PAGE, page_of(polly), "/boards/sums/", f"/boards/sums/?model={polly.model_id}")
        for path in (*pages, f"{PAGE}flips.csv", f"{page_of(polly)}ladder.csv"):
            with CaptureQueriesContext(connection) as found:
                assert client.get(path).status_code == 200
            seen.append(len(found))
        counts.append(seen)
    assert Entry.objects.count() == 14
    assert counts[0] == counts[1]


@pytest.mark.parametrize("name", ["ladder.csv", "../flips.csv"])
def test_a_file_that_the_client_has_is_not_made_again(client, polly, name, monkeypatch):
    path = f"{PAGE}flips.csv" if "flips" in name else f"{page_of(polly)}{name}"
    first = client.get(path)
    monkeypatch.setattr(web, "_csv", None)
    again = client.get(path, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content, again["ETag"]) == (304, b"", first["ETag"])


def test_a_new_report_has_new_files(client, board, polly, work):
    path = f"{page_of(polly)}ladder.csv"
    etag = client.get(path)["ETag"]
    submit(board, POLLY, **sampled(2.0, samples=2))
    work()
    again = client.get(path, headers={"If-None-Match": etag})
    assert (again.status_code, again["ETag"] == etag) == (200, False)
    assert client.get(f"{page_of(polly)}gaps.csv")["ETag"] != again["ETag"]


def ladder_of(body: str) -> str:
    start = body.index('<section class="ladder" id="ladder"')
    return body[start : body.index("</section>", start)]


def test_the_board_shows_the_ladder_of_one_model_and_links_to_the_others(client, board, polly):
    body = shown(client, "/boards/sums/")
    first = ladder_of(body)
    assert "Decoding ladder of coco" in first and f'href="?model={polly.model_id}#ladder"' in first
    other = ladder_of(shown(client, f"/boards/sums/?model={polly.model_id}"))
    assert "Decoding ladder of polly" in other
    table = [row[:3] for row in cells(other)]
    assert [row[0] for row in table] == ["greedy", "T 0.7", "T 1.3"] and [row[2] for row in table] == ["1", "3", "2"]
    assert other.count('<g class="span">') == 3 and f'href="{page_of(polly)}ladder.csv"' in other


def test_the_ladder_stays_when_the_board_is_sorted(client, board, polly):
    body = shown(client, f"/boards/sums/?model={polly.model_id}")
    assert f"?sort=entry&amp;model={polly.model_id}" in body


@pytest.mark.parametrize("model", ["0", "x", "9" * 40])
def test_a_model_without_a_ladder_is_not_there(client, board, model):
    shown(client, f"/boards/sums/?model={model}", 404)


def test_another_ladder_is_another_page_to_a_cache(client, board, polly):
    etag = client.get("/boards/sums/")["ETag"]
    again = client.get(f"/boards/sums/?model={polly.model_id}", headers={"If-None-Match": etag})
    assert again.status_code == 200


def test_a_lone_run_is_named_on_the_board_and_in_the_report(client, board, polly, work):
    submit(board, POLLY, **sampled(2.0, samples=1))
    work()
    for path in (f"/boards/sums/?model={polly.model_id}", page_of(polly), PAGE):
        assert "T 2 has one run only. The place of this configuration rests on that run" in words(shown(client, path))
        assert "1 run only" in shown(client, path)


def test_diversity_and_the_frontier_are_those_of_the_report(client, polly):
    rows = table(client, f"{page_of(polly)}diversity.csv")
    found = polly.details["tradeoffs"]
    assert [row["entry"] for row in rows] == [one["name"] for one in found]
    assert [float(row["eda"]) for row in rows] == pytest.approx([one["eda"]["value"] for one in found])
    assert [row["on_frontier"] for row in rows] == ["yes" if one["on_frontier"] else "no" for one in found]
    own = polly.details["entries"][1]["diversity"]
    assert float(rows[1]["self_bleu_low"]) == pytest.approx(own["self_bleu"]["low"])
    part = section(shown(client, page_of(polly)), "diversity")
    assert part.count('class="place best"') - 1 == sum(one["on_frontier"] for one in found)
    assert [row[0] for row in cells(part)] == ["1. greedy", "2. T 0.7", "3. T 1.3"]


def test_pass_at_k_is_the_oracle_of_each_configuration(client, polly):
    rows = table(client, f"{page_of(polly)}pass-at-k.csv")
    stored = {
        (row["slug"], str(k)): 100 * point["value"]
        for row in polly.details["entries"]
        for k, point in (row.get("best_of") or {}).get("oracle", [])
    }
    assert {(row["entry"], row["k"]): float(row["pass_percent"]) for row in rows} == pytest.approx(stored)
    assert 'href="#pass-at-k"' in section(shown(client, page_of(polly)), "ladder")


def test_a_judge_whose_credit_is_not_split_is_named_with_the_reason(client, polly):
    assert "The credit by judge reference is not split. It judged each pair once" in words(
        section(shown(client, page_of(polly)), "variance")
    )


def test_the_repetition_penalty_has_a_curve_of_its_own(client, board, polly, work):
    for penalty in (1.2, 1.5):
        decoding = {"temperature": 0.7, "repetition_penalty": penalty}
        submit(board, POLLY, strategy="temperature", decoding=decoding, samples=2)
    work()
    rows = table(client, f"{page_of(polly)}repetition-penalty.csv")
    assert [(row["series"], row["repetition_penalty"]) for row in rows] == [
        ("temperature", "1.0"),
        ("temperature", "1.2"),
        ("temperature", "1.5"),
    ]
    assert "differ in repetition penalty alone" in section(shown(client, page_of(polly)), "repetition-penalty")
