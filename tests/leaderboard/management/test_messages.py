"""`manage.py messages`: the catalogs are complete, and the command keeps them so."""

from __future__ import annotations

import io
import json

import pytest
from django.core.management import call_command

from leaderboard.contracts.params import InvalidInput
from leaderboard.management import translations
from leaderboard.management.sentences import Sentence, sentences


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Catalogs of a test's own, with two sentences to translate."""
    wanted = [Sentence("Hello, %(name)s.", place="a.py"), Sentence("%(n)s vote", "%(n)s votes", place="b.html")]
    monkeypatch.setattr(translations, "FOLDER", tmp_path)
    monkeypatch.setattr("leaderboard.management.sentences.sentences", lambda: {one.key: one for one in wanted})
    return tmp_path


def add(folder, given, *more):
    path = folder / "more.json"
    path.write_text(given if isinstance(given, str) else json.dumps(given), encoding="utf-8")
    told = io.StringIO()
    call_command("messages", *more, add=[str(path)], stdout=told, stderr=told)
    return told.getvalue()


def check():
    told = io.StringIO()
    try:
        call_command("messages", check=True, stdout=told, stderr=told)
    except InvalidInput:
        return told.getvalue() or "refused"
    return ""


def test_every_sentence_is_translated():
    assert check() == ""


def test_sentences_come_from_templates_code_and_plugins():
    found = sentences()
    assert found["", "Sign out"].place == "templates/base.html"
    assert found["", "%(n)s entry"].plural == "%(n)s entries"
    assert found["", "Only {n_clusters} clusters: the intervals are likely too narrow."].place.endswith("terry.py")
    assert found["", "Greedy: always the likeliest token"].place == "plugins/decoding"


def test_added_translations_make_the_check_pass_and_the_compiled_file_speaks_them(folder):
    call_command("messages", stdout=io.StringIO())
    assert "not translated: 'Hello, %(name)s.' (a.py)" in check()
    assert add(folder, {"Hello, {{ name }}.": "%(name)s，您好。", "%(n)s vote": ["%(n)s 票"]}).endswith("0 faults\n")
    assert check() == ""
    from babel.messages.mofile import read_mo

    with translations.path_of("zh_Hans", "mo").open("rb") as file:
        assert list(read_mo(file).get("%(n)s vote").string) == ["%(n)s 票"]


def test_writing_twice_changes_nothing(folder):
    add(folder, {"Hello, %(name)s.": "%(name)s，您好。"})
    before = [translations.path_of("zh_Hans", kind).read_bytes() for kind in ("po", "mo")]
    call_command("messages", stdout=io.StringIO())
    assert [translations.path_of("zh_Hans", kind).read_bytes() for kind in ("po", "mo")] == before


@pytest.mark.parametrize("wrong", ["您好。", "%(names)s，您好。", "<b>%(name)s</b>，您好。"])
def test_other_placeholders_than_in_the_source_are_a_fault(folder, wrong):
    add(folder, {"Hello, %(name)s.": wrong, "%(n)s vote": ["%(n)s 票"]})
    assert "other placeholders: 'Hello, %(name)s.'" in check()


def test_a_stale_or_fuzzy_entry_and_an_old_compiled_file_are_faults(folder):
    add(folder, {"Hello, %(name)s.": "%(name)s，您好。", "%(n)s vote": ["%(n)s 票"]})
    path = translations.path_of("zh_Hans")
    whole = path.read_text(encoding="utf-8")
    path.write_text(whole + '\nmsgid "Gone"\nmsgstr "没了"\n', encoding="utf-8")
    assert "no longer in the source: 'Gone'" in check()
    path.write_text(whole.replace('msgid "Hello', '#, fuzzy\nmsgid "Hello'), encoding="utf-8")
    assert "fuzzy: 'Hello, %(name)s.'" in check()
    path.write_text(whole.replace("您好", "你好"), encoding="utf-8")
    assert "the compiled file is not of this catalog" in check()


def test_what_is_missing_is_told_as_json(folder):
    told = io.StringIO()
    call_command("messages", missing=True, stdout=told)
    assert json.loads(told.getvalue()) == {"Hello, %(name)s.": "a.py", "%(n)s vote": "b.html"}


def test_a_translation_of_no_sentence_is_told(folder):
    assert "not in the source: 'Good bye.'" in add(folder, {"Good bye.": "再见。"})


@pytest.mark.parametrize("given", ["{", "[1]", '{"a": 1}'], ids=["half", "list", "number"])
def test_a_file_that_is_no_json_of_texts_is_refused(folder, given):
    with pytest.raises(InvalidInput, match="no JSON object of texts"):
        add(folder, given)


def test_an_unknown_language_is_refused(folder):
    with pytest.raises(InvalidInput, match="Choose one of zh_Hans"):
        call_command("messages", language="tlh")
