"""Tables from CSV, JSONL and Parquet: the same columns whatever the form, and faults that name row and column."""

from __future__ import annotations

import gzip
import json
import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet
import pytest
from hypothesis import given
from hypothesis import strategies as st

from leaderboard.benchmarks.tables import read_table
from leaderboard.contracts.params import InvalidInput

ROWS = [{"name": "zoë", "x": 1.5}, {"name": "a, b", "x": -2.0}, {"name": 'quo"te', "x": 3e-7}]


def everything(names):
    return names


def csv_of(rows):
    quoted = ['"' + row["name"].replace('"', '""') + '"' for row in rows]
    return "name,x\n" + "".join(f"{name},{row['x']!r}\n" for name, row in zip(quoted, rows, strict=True))


def written(tmp_path, kind, rows=ROWS):
    path = tmp_path / f"t{kind}"
    if kind == ".parquet":
        pa.parquet.write_table(pa.Table.from_pylist(rows), path)
        return path
    text = csv_of(rows) if ".csv" in kind else "".join(json.dumps(row) + "\n" for row in rows)
    path.write_bytes(gzip.compress(text.encode()) if kind.endswith(".gz") else text.encode())
    return path


@pytest.mark.parametrize("kind", [".csv", ".csv.gz", ".jsonl", ".jsonl.gz", ".parquet"])
def test_every_form_gives_the_same_columns(tmp_path, kind):
    seen = []
    table = read_table(written(tmp_path, kind), everything, lambda done, total: seen.append(done / total))
    assert table.numbers("x").tolist() == [1.5, -2.0, 3e-7]
    names, codes = table.codes("name")
    assert (names, codes.tolist()) == (("a, b", 'quo"te', "zoë"), [2, 0, 1])
    assert all(0 <= share <= 1 for share in seen)


def bad(path, message):
    with pytest.raises(InvalidInput) as found:
        read_table(path, everything).numbers("x")
    assert message in str(found.value)


@pytest.mark.parametrize("kind", [".csv", ".jsonl"])
@pytest.mark.parametrize(
    ("value", "message"),
    [
        ("many", "Row 2, column x: 'many' is not a number."),
        ("", "Row 2, column x: The cell is empty."),
        ("nan", "Row 2, column x: nan is not a finite number."),
        ("inf", "inf is not a finite number"),
    ],
)
def test_a_bad_number_names_its_row_and_column(tmp_path, kind, value, message):
    path = tmp_path / f"t{kind}"
    cells = ["1", value, "3"]
    lines = (
        ["x,y", *(f"{cell},z" for cell in cells)] if kind == ".csv" else [json.dumps({"x": c, "y": "z"}) for c in cells]
    )
    path.write_text("\n".join(lines) + "\n")
    bad(path, message)


def test_rows_keep_their_number_through_a_filter(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,k\n1,a\n2,b\noops,b\n")
    table = read_table(path, everything)
    with pytest.raises(InvalidInput, match="Row 3, column x"):
        table.filter(table.codes("k")[1] == 1).numbers("x")


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("t.csv", "", "is empty: its first line must name the columns"),
        ("t.csv", "x,y\n", "holds no rows"),
        ("t.csv", "x,x\n1,2\n", "names the column 'x' twice"),
        ("t.csv", "x,y\n1,2\n3\n", "It has 1 cells, the header has 2."),
        ("t.jsonl", '{"x": 1}\n[2]\n', "Row 2: This must be an object, not"),
        ("t.jsonl", '{"x": 1}\n{"x": }\n', "Row 2: This is not JSON"),
        ("t.jsonl", '{"x": [1]}\n', "Row 1, column x: A cell must be text or a number"),
        ("t.parquet", "not parquet", "cannot be read"),
        ("t.csv.gz", "not gzip", "damaged or ends early"),
        ("t.xlsx", "x", "a table ends in .csv, .jsonl, .parquet"),
    ],
)
def test_a_broken_file_is_told(tmp_path, name, text, message):
    (tmp_path / name).write_text(text)
    bad(tmp_path / name, message)


def test_a_cut_gzip_is_told(tmp_path):
    path = written(tmp_path, ".csv.gz", ROWS * 1000)
    path.write_bytes(path.read_bytes()[:-20])
    bad(path, "damaged or ends early")


def test_a_missing_column_lists_the_columns_and_the_likeliest(tmp_path):
    with pytest.raises(InvalidInput, match=r"no column 'nam'\. Did you mean 'name'\? Columns: name, x\."):
        read_table(written(tmp_path, ".csv"), everything).texts("nam")


def test_missing_numbers_are_nan_where_allowed(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("x,k\n1,a\n,b\n")
    found = read_table(path, everything).numbers("x", missing=True)
    assert found[0] == 1
    assert math.isnan(found[1])


@given(
    st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\r\n\0"), max_size=8), min_size=1)
)
def test_any_text_comes_back(tmp_path_factory, texts):
    path = tmp_path_factory.mktemp("t") / "t.jsonl"
    path.write_text("".join(json.dumps({"name": text}, ensure_ascii=False) + "\n" for text in texts), encoding="utf-8")
    names, codes = read_table(path, everything).codes("name")
    assert np.array(names, dtype=object)[codes].tolist() == texts
