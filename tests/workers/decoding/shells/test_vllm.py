"""Both vLLM shells, driven as vLLM drives a processor: requests come, move, leave, and their outputs grow."""

from __future__ import annotations

import importlib
import json
import random
import subprocess
import sys
from types import SimpleNamespace

import pytest
import torch

from leaderboard.contracts.registry import decoding
from tests.workers.decoding.shells import stand_in
from tests.workers.decoding.shells.stand_in import BatchUpdate, SamplingParams, request_states
from workers.decoding.history import History

VOCABULARY = 50
CHOICES = (
    ("edt", {"t0": 0.9, "theta": 0.3, "repetition_penalty": 1.3}),
    ("top-nsigma", {"n": 1.5, "temperature": 2.0}),
    ("chain", {"steps": ["presence-penalty 0.7", "frequency-penalty 0.3", "typical 0.95"]}),
    ("chain", {"steps": ["presence-penalty 1", "repetition-penalty 1.4", "temperature 0"], "order": "as-listed"}),
)


@pytest.fixture
def shell(monkeypatch):
    """Loads a shell against the stand-in, or against vLLM where it is installed."""

    def load(name):
        try:
            importlib.import_module("vllm.v1.sample.logits_processor")
        except ImportError:
            for module, content in stand_in.modules().items():
                monkeypatch.setitem(sys.modules, module, content)
        monkeypatch.delitem(sys.modules, f"workers.decoding.shells.{name}", raising=False)
        return importlib.import_module(f"workers.decoding.shells.{name}").StrategyProcessor

    return load


def sampling(choice):
    """What a server makes of a strategy's own request fields."""
    if choice is None:
        return SamplingParams(temperature=0.7, top_p=0.9)
    fields = dict(decoding.build(*choice).request_fields())
    extra = fields.pop("extra_body")
    fields.pop("max_tokens")
    return SamplingParams(**fields, extra_args=extra.pop("vllm_xargs"), **extra)


def expected(choice, logits, prompt, outputs):
    """The strategy alone on one row; a request that names none is left as it is."""
    if choice is None:
        return logits
    ids = torch.tensor([[*prompt, *outputs]])
    lengths = torch.tensor([len(prompt)])
    past = History(ids, torch.ones_like(ids, dtype=torch.bool), lengths, torch.tensor([len(outputs)]))
    return decoding.build(*choice).apply(logits[None], past)[0]


def new_request(source):
    choice = source.choice([*CHOICES, None])
    return choice, [source.randrange(VOCABULARY) for _ in range(source.randrange(1, 9))], []


class FirstRunner:
    """A batch without holes: the last request fills the place of one that leaves, and two may change places."""

    def __init__(self, kind, seed):
        self.processor, self.source, self.batch = kind(None, torch.device("cpu"), False), random.Random(seed), []
        self.directions = sys.modules["vllm.v1.sample.logits_processor"].MoveDirectionality

    def step(self):
        removed, moved, added = [], [], []
        if len(self.batch) > 2 and self.source.random() < 0.5:
            place, last = self.source.randrange(len(self.batch)), len(self.batch) - 1
            removed.append(place)
            if place != last:
                moved.append((last, place, self.directions.UNIDIRECTIONAL))
                self.batch[place] = self.batch[last]
            self.batch.pop()
        elif len(self.batch) > 1 and self.source.random() < 0.5:
            moved.append((0, 1, self.directions.SWAP))
            self.batch[0], self.batch[1] = self.batch[1], self.batch[0]
        if not moved and not removed and len(self.batch) < 6:
            self.batch.append(new_request(self.source))
            choice, prompt, outputs = self.batch[-1]
            added.append((len(self.batch) - 1, sampling(choice), prompt, outputs))
        changed = bool(removed or moved or added)
        self.processor.update_state(BatchUpdate(len(self.batch), removed, added, moved) if changed else None)

    def grow(self):
        for _, _, outputs in self.batch:
            outputs.append(self.source.randrange(VOCABULARY))


@pytest.mark.parametrize("seed", range(4))
def test_the_first_interface_gives_each_request_its_own_strategy(shell, seed):
    runner = FirstRunner(shell("vllm_v1"), seed)
    noise = torch.Generator().manual_seed(seed)
    for _ in range(40):
        runner.step()
        logits = torch.randn(len(runner.batch), VOCABULARY, generator=noise) * 3
        wanted = [expected(*request[:1], row, *request[1:]) for request, row in zip(runner.batch, logits, strict=True)]
        assert torch.equal(runner.processor.apply(logits.clone()), torch.stack(wanted))
        runner.grow()


def test_a_request_that_replaces_another_in_its_place_takes_over(shell):
    processor = shell("vllm_v1")(None, torch.device("cpu"), False)
    processor.update_state(BatchUpdate(1, added=[(0, sampling(CHOICES[1]), [1, 2], [])]))
    processor.update_state(BatchUpdate(1, added=[(0, sampling(None), [3], [])]))
    logits = torch.randn(1, VOCABULARY)
    assert torch.equal(processor.apply(logits.clone()), logits)


def test_a_request_that_moves_onto_another_leaves_nothing_behind(shell):
    processor = shell("vllm_v1")(None, torch.device("cpu"), False)
    one_way = sys.modules["vllm.v1.sample.logits_processor"].MoveDirectionality.UNIDIRECTIONAL
    both = [(place, sampling(CHOICES[place]), [1, 2], []) for place in (0, 1)]
    processor.update_state(BatchUpdate(2, added=both))
    processor.update_state(BatchUpdate(1, moved=[(1, 0, one_way)]))
    logits = torch.randn(2, VOCABULARY, generator=torch.Generator().manual_seed(1))
    wanted = torch.stack([expected(CHOICES[1], logits[0], [1, 2], []), logits[1]])
    assert torch.equal(processor.apply(logits.clone()), wanted)


def test_the_first_interface_is_asked_before_greedy_decoding_too(shell):
    assert shell("vllm_v1")(None, torch.device("cpu"), False).is_argmax_invariant() is False


class SecondRunner:
    """Slots that stay, rows in another order at each step, and drafted tokens that only the step itself holds."""

    def __init__(self, kind, seed, slots=6):
        self.source, self.states = random.Random(seed), request_states(slots, 200)
        self.processor, self.slots, self.held = kind(None, self.states), slots, {}

    def step(self, drafts):
        """Logits are random; returns the layout, the rows' requests with the ids they see, and the logits."""
        self._change()
        order = self.source.sample(sorted(self.held), len(self.held))
        rows, layout = [], {"expanded_idx_mapping": [], "expanded_local_pos": [], "pos": [], "input_ids": []}
        for slot in order:
            choice, prompt, outputs = self.held[slot]
            drafted = [self.source.randrange(VOCABULARY) for _ in range(drafts)]
            for place in range(drafts + 1):
                seen = [*prompt, *outputs, *drafted[:place]]
                rows.append((choice, prompt, seen[len(prompt) :]))
                for name, value in zip(layout, (slot, place, len(seen) - 1, seen[-1]), strict=True):
                    layout[name].append(value)
        return SimpleNamespace(**{name: torch.tensor(values) for name, values in layout.items()}), rows

    def _change(self):
        if len(self.held) > 1 and self.source.random() < 0.3:
            self.held.pop(self.source.choice(sorted(self.held)))
        free = [slot for slot in range(self.slots) if slot not in self.held]
        if free:
            slot = self.source.choice(free)
            self.held[slot] = new_request(self.source)
            choice, prompt, _ = self.held[slot]
            self._write(slot)
            assert self.processor.add_request(slot, sampling(choice)) is (choice is not None)
            self.states.prompt_len.np[slot] = len(prompt)

    def _write(self, slot):
        _, prompt, outputs = self.held[slot]
        whole = torch.tensor([*prompt, *outputs], dtype=torch.int32)
        self.states.all_token_ids.gpu[slot] = -1
        self.states.all_token_ids.gpu[slot, : len(whole)] = whole

    def grow(self):
        for slot, (_, _, outputs) in self.held.items():
            outputs.append(self.source.randrange(VOCABULARY))
            self._write(slot)


@pytest.mark.parametrize("drafts", [0, 2])
@pytest.mark.parametrize("seed", range(3))
def test_the_second_interface_gives_each_row_the_strategy_of_its_request(shell, seed, drafts):
    runner = SecondRunner(shell("vllm_v2"), seed)
    noise = torch.Generator().manual_seed(seed)
    for _ in range(30):
        layout, rows = runner.step(drafts)
        logits = torch.randn(len(rows), VOCABULARY, generator=noise) * 3
        wanted = [expected(row[0], line, *row[1:]) for row, line in zip(rows, logits, strict=True)]
        assert torch.equal(runner.processor.apply(logits.clone(), layout), torch.stack(wanted))
        runner.grow()


REFUSED = [
    ({"temperature": 0.7}, "The strategy decides alone: send temperature 1, not 0.7."),
    ({"top_k": 40}, "The strategy decides alone: send top_k 0, not 40."),
    ({"presence_penalty": 0.5}, "The strategy decides alone: send presence_penalty 0, not 0.5."),
    ({"extra_args": {"touchstone": "{"}}, "'touchstone' must be a JSON text with 'strategy' and 'params'."),
    ({"extra_args": {"touchstone": "[]"}}, "'touchstone' must be a JSON text with 'strategy' and 'params'."),
    (
        {"extra_args": {"touchstone": json.dumps({"strategy": "mirostat", "params": {}})}},
        "Mirostat cannot run on vLLM, which does not tell a processor what it drew from.",
    ),
    (
        {"extra_args": {"touchstone": json.dumps({"strategy": "edt", "params": {"t0": -1}})}},
        "t0: Input should be greater than or equal to 0.",
    ),
    (
        {"extra_args": {"touchstone": json.dumps({"strategy": "edtt", "params": {}})}},
        "There is no decoding plugin 'edtt'. Did you mean 'edt'?",
    ),
]


@pytest.mark.parametrize("name", ["vllm_v1", "vllm_v2"])
@pytest.mark.parametrize(("change", "message"), REFUSED)
def test_a_request_that_cannot_be_kept_is_refused(shell, name, change, message):
    given = sampling(("edt", {}))
    for key, value in change.items():
        setattr(given, key, value)
    with pytest.raises(ValueError) as problem:
        shell(name).validate_params(given)
    assert str(problem.value) == message


def test_a_strategy_that_reads_more_than_logits_is_refused(shell):
    class Deep(decoding.get("typical")):
        name = "deep"

        def early_layers(self, count, tied):
            return (0,)

    given = sampling(("edt", {}))
    given.extra_args = {"touchstone": json.dumps({"strategy": "deep", "params": {}})}
    told = r"^'deep' reads more of the model than its logits, so it cannot run on vLLM\.$"
    with decoding.override(Deep), pytest.raises(ValueError, match=told):
        shell("vllm_v1").validate_params(given)


@pytest.mark.parametrize("name", ["vllm_v1", "vllm_v2"])
def test_a_request_that_names_no_strategy_may_set_what_it_likes(shell, name):
    shell(name).validate_params(SamplingParams(temperature=0.3, top_p=0.5, repetition_penalty=1.2))


def test_reading_a_request_imports_no_torch():
    script = (
        "import sys; from types import SimpleNamespace; from workers.decoding.shells.requests import strategy_of; "
        'text = \'{"strategy": "edt", "params": {}}\'; '
        "strategy_of(SimpleNamespace(extra_args={'touchstone': text})); print('torch' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
