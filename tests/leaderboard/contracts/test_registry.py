"""The registry with throwaway packages: folders with a dist-info, put on the path of a child or of this process."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from leaderboard.contracts.params import InvalidInput, NoParams
from leaderboard.contracts.registry import FAMILIES, Listing, PluginError, Registry

ROOT = Path(__file__).resolve().parents[3]
GOOD = """
from leaderboard.contracts.params import NoParams
class {kind}:
    name, version, title, Params = "{name}", "1", "A plugin", NoParams
    def __init__(self, params): self.params = params
"""


@pytest.fixture
def install(tmp_path, monkeypatch):
    """install(distribution, {name: source}, group): an importable package with one module a plugin."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def install(distribution, plugins, group="touchstone.thingummies", version="1.2"):
        info = tmp_path / f"{distribution}-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        lines = []
        for name, source in plugins.items():
            module = f"{distribution}_{name}".replace("-", "_")
            (tmp_path / f"{module}.py").write_text(source or GOOD.format(kind="Thing", name=name))
            lines.append(f"{name} = {module}:Thing")
        (info / "entry_points.txt").write_text("\n".join([f"[{group}]", *lines, ""]))
        return tmp_path

    yield install
    for name in [name for name in sys.modules if name.startswith(("acme_", "zeta_"))]:
        del sys.modules[name]


@pytest.fixture
def registry():
    return Registry("thingummies")


def refusal(registry, name) -> str:
    with pytest.raises(PluginError) as caught:
        registry.get(name)
    return str(caught.value)


def test_listing_tells_package_and_version_and_imports_nothing(install, registry):
    install("acme", {"one": "raise SystemExit('imported')", "two": None})
    assert registry.listings() == (Listing("one", "acme", "1.2"), Listing("two", "acme", "1.2"))
    assert not [name for name in sys.modules if name.startswith("acme_")]


def test_listing_every_family_stays_light():
    script = """
import json, sys
from leaderboard.contracts.registry import FAMILIES
names = {family: registry.names() for family, registry in FAMILIES.items()}
heavy = [m for m in sys.modules if m.split(".")[0] in {"django", "torch", "numpy", "openai", "judges", "workers"}
         or m.startswith(("leaderboard.ratings", "leaderboard.benchmarks"))]
print(json.dumps([names, heavy]))
"""
    child = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    names, heavy = json.loads(child.stdout)
    assert heavy == []
    assert set(names) == set(FAMILIES)
    assert {"reference", "pairwise-llm"} <= set(names["judges"])
    assert {"pebble-tasks", "jsonl"} <= set(names["benchmarks"])
    assert "exact-match" in names["metrics"]


def test_our_own_judges_metrics_and_benchmarks_load():
    for family, names in {
        "judges": ["reference", "pairwise-llm"],
        "metrics": ["exact-match"],
        "benchmarks": ["pebble-tasks", "jsonl"],
    }.items():
        for name in names:
            assert FAMILIES[family].get(name).name == name


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import no_such_module_at_all", "No module named 'no_such_module_at_all'"),
        ("1 / 0", "division by zero"),
        ("def broken(:", "invalid syntax"),
        ("Other = 1", "has no attribute 'Thing'"),
        ("class Thing:\n    name = 'bad'\n    version = '1'", "lacks title, Params"),
        (GOOD.format(kind="Thing", name="other"), "calls itself 'other'; the two must agree"),
    ],
)
def test_a_broken_plugin_fails_alone_and_says_why(install, registry, source, reason):
    install("acme", {"bad": source, "good": None})
    message = refusal(registry, "bad")
    assert reason in message
    assert "thingummies plugin 'bad'" in message
    assert registry.get("good").name == "good"
    assert registry.names() == ("bad", "good")


def test_two_packages_with_one_name_collide(install, registry):
    install("acme", {"same": None, "fine": None})
    install("zeta", {"same": None})
    message = refusal(registry, "same")
    assert message.startswith("Two packages offer the thingummies plugin 'same'")
    assert "acme" in message
    assert "zeta" in message
    assert registry.get("fine").name == "fine"


def test_an_unknown_name_gets_a_suggestion(install, registry):
    install("acme", {"exact-match": None, "bleu": None})
    assert refusal(registry, "exact-mach").endswith("Did you mean 'exact-match'?")
    assert refusal(registry, "zzz").endswith("Known: bleu, exact-match.")
    assert refusal(Registry("nobody-home"), "x").endswith("Known: none.")


def test_the_allow_list_hides_and_refuses(install, registry):
    install("acme", {"one": None, "two": "raise SystemExit('imported')"})
    registry.allow_only(frozenset({"one"}))
    assert registry.names() == ("one",)
    assert registry.get("one").name == "one"
    assert "installed but not on the operator's allow-list" in refusal(registry, "two")
    registry.allow_only(None)
    assert registry.names() == ("one", "two")


def test_a_name_that_is_taken_off_the_allow_list_is_refused_even_when_loaded(install, registry):
    install("acme", {"one": None})
    assert registry.get("one").name == "one"
    registry.allow_only(frozenset())
    assert "allow-list" in refusal(registry, "one")


def test_an_override_stands_in_and_steps_back(install, registry):
    install("acme", {"one": None})

    class Stand:
        name, version, title, Params = "one", "9", "Stands in", NoParams

    class Extra(Stand):
        name = "extra"

    with registry.override(Stand):
        assert registry.get("one") is Stand
        with registry.override(Extra):
            assert registry.names() == ("extra", "one")
            assert registry.get("one") is Stand
        assert registry.names() == ("one",)
    assert registry.get("one") is not Stand


def test_a_users_choice_becomes_invalid_input_at_its_place(install, registry):
    install("acme", {"one": None})
    with pytest.raises(InvalidInput) as caught:
        registry.choose("onne", "judge", "name")
    (fault,) = caught.value.errors
    assert fault.path == ("judge", "name")
    assert "Did you mean 'one'?" in fault.message
    with pytest.raises(InvalidInput) as caught:
        registry.build("one", {"colour": "red"}, "params")
    assert caught.value.errors[0].path == ("params", "colour")


def test_the_fingerprint_follows_what_decides_the_result(install, registry):
    install("acme", {"one": None, "two": None})
    prints = {registry.fingerprint(name, NoParams()) for name in ("one", "two")}
    assert len(prints) == 2
    assert registry.fingerprint("one", NoParams()) in prints
    with registry.override(type("Newer", (registry.get("one"),), {"version": "2"})):
        assert registry.fingerprint("one", NoParams()) not in prints
