import itertools
from collections import Counter

from judges.metrics.exact_match import ExactMatch, ExactMatchParams
from leaderboard.benchmarks.pebble import FILE, PebbleTasks
from leaderboard.contracts.params import NoParams
from leaderboard.contracts.registry import benchmarks
from models.grammar import CATEGORIES, is_held_out, training_stream
from models.make_benchmark import key_of, lines, pick


def test_the_committed_file_is_what_the_script_makes():
    assert FILE.read_bytes() == lines(pick()).encode()


def test_the_benchmark_is_balanced_and_unique():
    data = benchmarks.build("pebble-tasks", {}).load()
    assert isinstance(PebbleTasks(NoParams()).load(), type(data))
    assert (data.name, data.version, len(data.items)) == ("pebble-tasks", "1", 96)
    assert len({item.key for item in data.items}) == len({item.text for item in data.items}) == 96
    assert not any(set(item.key) & set(" ,") for item in data.items)
    counts = Counter(item.category for item in data.items)
    assert set(counts) == set(CATEGORIES.values())
    assert set(counts.values()) == {13, 14}
    assert all(item.reference for item in data.items)


def test_nothing_of_it_was_ever_trained_on():
    examples = pick()
    assert all(is_held_out(example.key) for example in examples)
    keys, questions = {e.key for e in examples}, {e.question for e in examples}
    for trained in itertools.islice(training_stream(0), 20_000):
        assert trained.key not in keys
        assert trained.question not in questions


def test_the_worked_answers_score_and_others_do_not():
    metric = ExactMatch(ExactMatchParams())
    items = {item.key: item for item in PebbleTasks(NoParams()).load().items}
    examples = pick()
    for example, other in zip(examples, examples[1:] + examples[:1], strict=True):
        item = items[key_of(example)]
        right = metric.score(prompt=item.text, reference=item.reference, text=example.response)
        wrong = metric.score(prompt=item.text, reference=item.reference, text=other.response)
        assert right.value == 1.0
        assert wrong.value == float(other.answer == example.answer)
