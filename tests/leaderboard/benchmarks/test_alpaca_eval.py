import csv
import gzip
import json
import statistics

import pytest

from leaderboard.benchmarks import json_rows
from leaderboard.benchmarks.alpaca_eval import ANNOTATOR, ModelFiles, discover, model_shown_first, read_model
from leaderboard.benchmarks.json_rows import ParseError
from leaderboard.contracts.params import InvalidInput


def output(instruction="Say hi", text="hi", **more):
    return {"instruction": instruction, "dataset": "koala", "output": text, "generator": "m", **more}


def annotation(instruction="Say hi", preference=1.25, **more):
    return {
        "instruction": instruction,
        "dataset": "koala",
        "output_1": "baseline text",
        "generator_1": "gpt4_1106_preview",
        "output_2": "model text",
        "generator_2": "m",
        "preference": preference,
        **more,
    }


@pytest.fixture
def write(tmp_path):
    def write(outputs=None, annotations=None, model="m"):
        for name, rows in (("model_outputs.json", outputs), (f"{ANNOTATOR}/annotations.json", annotations)):
            if rows is not None:
                path = tmp_path / model / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(rows if isinstance(rows, str) else json.dumps(rows), encoding="utf-8")
        return next(files for files in discover(tmp_path) if files.model == model)

    return write


def fault(files) -> ParseError:
    with pytest.raises(ParseError) as caught:
        read_model(files)
    return caught.value


def published(reference_path):
    with (reference_path / "alpaca_eval" / "leaderboard.csv").open(encoding="utf-8", newline="") as stream:
        return {row["model"]: row for row in csv.DictReader(stream)}


@pytest.mark.reference
def test_the_mean_credit_is_the_published_win_rate(reference_path):
    known = published(reference_path)
    for files in discover(reference_path / "alpaca_eval" / "results"):
        results = read_model(files)
        credits = [row.credit for row in results.annotations if row.credit is not None]
        assert len({row.baseline for row in results.annotations}) == 1
        assert results.mismatches() == ()
        assert {row.key for row in results.annotations} <= {row.key for row in results.outputs}
        if results.model not in known:
            continue
        assert len(credits) == int(float(known[results.model]["n_total"]))
        assert 100 * statistics.fmean(credits) == pytest.approx(float(known[results.model]["win_rate"]), abs=1e-6)


@pytest.mark.reference
def test_every_model_is_found_by_its_folder_name(reference_path):
    root = reference_path / "alpaca_eval" / "results"
    assert [files.model for files in discover(root)] == sorted(path.name for path in root.iterdir() if path.is_dir())


@pytest.mark.reference
def test_the_display_order_is_alpaca_evals_own(reference_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = parquet.read_table(reference_path / "alpaca_eval" / "instructions.parquet").to_pylist()
    assert len(rows) == len({row["instruction"] for row in rows}), "no instruction occurs twice"
    assert [model_shown_first(row["instruction"]) for row in rows] == [row["model_shown_first"] for row in rows]


@pytest.mark.reference
def test_the_stored_log_probabilities_give_the_stored_preferences(reference_path):
    from judges.verdicts import first_slot_share

    stored = [
        row
        for files in discover(reference_path / "alpaca_eval" / "results")
        for row in read_model(files).annotations
        if row.raw_logprobs and row.credit is not None
    ]
    assert stored
    for row in stored:
        share = first_slot_share(row.raw_logprobs, ("m", "M"))
        credit = share if model_shown_first(row.instruction) else 1 - share
        assert credit == pytest.approx(row.credit, abs=1e-7)


def test_a_turned_file_gives_the_same_judgment(write):
    turned = annotation(
        preference=1.25, output_1="model text", generator_1="m", output_2="baseline text", generator_2="other"
    )
    (row,) = read_model(write(annotations=[turned])).annotations
    assert (row.output_model, row.output_baseline, row.baseline) == ("model text", "baseline text", "other")
    assert row.preference == 1.75
    assert row.credit == 0.75


def test_a_turned_file_with_a_wrong_model_name_is_known_by_its_baseline(write):
    turned = annotation(generator_1="example", generator_2="gpt4_1106_preview")
    (row,) = read_model(write(annotations=[turned])).annotations
    assert (row.output_model, row.baseline) == ("baseline text", "gpt4_1106_preview")


def test_the_baseline_may_itself_be_the_model(write):
    row = annotation(generator_1="text_davinci_003", generator_2="gpt4_1106_preview")
    (read,) = read_model(write(annotations=[row], model="gpt4_1106_preview")).annotations
    assert (read.output_model, read.baseline) == ("model text", "text_davinci_003")


@pytest.mark.parametrize("preference", [None, float("nan")])
def test_no_preference_is_unscored(write, preference):
    (row,) = read_model(write(annotations=[annotation(preference=preference)])).annotations
    assert row.preference is None
    assert row.credit is None


@pytest.mark.parametrize("preference", [-1, 0, 0.999, 2.001, float("inf")])
def test_a_preference_out_of_range_is_an_error(write, preference):
    problem = fault(write(annotations=[annotation("a"), annotation("b", preference)]))
    assert (problem.file, problem.index, problem.field) == (f"m/{ANNOTATOR}/annotations.json", 1, "preference")
    assert "is outside [1, 2]" in problem.reason


def test_repeated_instructions_are_matched_by_occurrence(write):
    outputs = [output(text="first"), output("Other", "x"), output(text="second")]
    annotations = [annotation(output_2="first"), annotation(output_2="second"), annotation("Other", output_2="x")]
    results = read_model(write(outputs, annotations))
    assert [row.key for row in results.outputs] == [("Say hi", 0), ("Other", 0), ("Say hi", 1)]
    assert results.mismatches() == ()
    assert results.answers() == {("Say hi", 0): "first", ("Say hi", 1): "second", ("Other", 0): "x"}


def test_an_annotation_may_lack_its_output_and_differ_from_it(write):
    results = read_model(write([output("a", "stored")], [annotation("a"), annotation("b")]))
    assert results.mismatches() == (("a", 0),)
    assert results.answers() == {("a", 0): "model text", ("b", 0): "model text"}


def test_either_file_alone_is_enough(write):
    assert read_model(write(outputs=[output()], model="x")).annotations == ()
    assert read_model(write(annotations=[annotation()], model="y")).outputs == ()


def test_a_row_repeated_in_full_is_refused(write):
    problem = fault(write(annotations=[annotation("a"), annotation("b"), annotation("a", 1.5)]))
    assert (problem.index, problem.field) == (2, "instruction")
    assert problem.reason == "This repeats item 0 in full."


@pytest.mark.parametrize(
    ("rows", "index", "field", "words"),
    [
        ("[{]", None, None, "not JSON: Expecting property name enclosed in double quotes at line 1, column 3"),
        ('[\n{"a": 1},\n', None, None, "at line 3, column 1"),
        ("{}", None, None, "must be a list of objects, not an object"),
        ("", None, None, "at line 1, column 1"),
        ("[" * 100_000, None, None, "cannot be read"),
        ([annotation(), 3], 1, None, "must be an object, not a number"),
        ([annotation(output_1=None)], 0, "output_1", "must be text, not null"),
        ([annotation(output_2=["x"])], 0, "output_2", "must be text, not a list"),
        ([annotation(preference="1.5")], 0, "preference", "must be a number or null, not text"),
        ([annotation(preference=True)], 0, "preference", "not true or false"),
        ([annotation(price_per_example=-1)], 0, "price_per_example", "outside [0, ∞)"),
        ([annotation(instruction="a\x00b")], 0, "instruction", "Character 2 is NUL"),
        ([annotation(output_2="a\ud800")], 0, "output_2", "half of a surrogate pair"),
        ([{k: v for k, v in annotation().items() if k != "preference"}], 0, "preference", "missing"),
        ([{k: v for k, v in annotation().items() if k != "output_1"}], 0, "output_1", "missing"),
    ],
)
def test_a_malformed_file_names_file_item_and_field(write, rows, index, field, words):
    problem = fault(write(annotations=rows))
    assert (problem.file, problem.index, problem.field) == (f"m/{ANNOTATOR}/annotations.json", index, field)
    assert words in problem.reason
    assert problem.reason in str(problem)


def test_gzip_is_read_and_damage_is_named(tmp_path):
    path = tmp_path / "z" / "model_outputs.json.gz"
    path.parent.mkdir()
    data = gzip.compress(json.dumps([output(str(i), str(i) * 50) for i in range(200)]).encode())
    path.write_bytes(data)
    (files,) = discover(tmp_path)
    assert len(read_model(files).outputs) == 200
    path.write_bytes(data[: len(data) // 2])
    assert "damaged or ends early" in fault(files).reason
    path.write_bytes(b"plain text")
    assert fault(files).file == "z/model_outputs.json.gz"
    path.write_bytes(gzip.compress(b'["\xff"]'))
    assert fault(files).reason == "Byte 3 is not UTF-8."


def test_an_unpacked_file_over_the_cap_is_refused(tmp_path, monkeypatch):
    monkeypatch.setattr(json_rows, "MAX_BYTES", 1000)
    path = tmp_path / "m" / "model_outputs.json.gz"
    path.parent.mkdir()
    path.write_bytes(gzip.compress(b" " * 1_000_000))
    assert "more than 1000 bytes" in fault(discover(tmp_path)[0]).reason


def test_folders_with_nothing_to_read_are_left_out(tmp_path, write):
    write(outputs=[output()])
    (tmp_path / "empty").mkdir()
    (tmp_path / ".git").mkdir()
    (tmp_path / "README.md").write_text("x")
    assert [files.model for files in discover(tmp_path)] == ["m"]
    with pytest.raises(InvalidInput, match="There is no folder"):
        discover(tmp_path / "nowhere")


def test_another_annotator_is_read_on_request(tmp_path):
    path = tmp_path / "m" / "other" / "annotations.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([annotation(raw_completion="m")]))
    assert discover(tmp_path) == []
    (files,) = discover(tmp_path, annotator="other")
    assert files == ModelFiles("m", tmp_path, None, path)
    assert read_model(files).annotations[0].raw_logprobs is None
