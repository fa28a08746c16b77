"""Batch sizes from free memory, and the errors that mean too little of it."""

from __future__ import annotations

import pytest
import torch
from transformers import LlamaConfig

from workers.generators import memory

SHAPE = LlamaConfig(
    vocab_size=1000, hidden_size=64, num_hidden_layers=3, num_attention_heads=4, num_key_value_heads=2, head_dim=20
)
CPU = torch.device("cpu")


@pytest.mark.parametrize(
    ("problem", "short"),
    [
        (torch.OutOfMemoryError("CUDA out of memory."), True),
        (MemoryError(), True),
        (
            RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried to allocate 8 bytes"),
            True,
        ),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), True),
        (RuntimeError("The size of tensor a (3) must match the size of tensor b (4)"), False),
        (ValueError("out of memory"), False),
    ],
)
def test_which_errors_mean_that_memory_ran_out(problem, short):
    assert memory.is_out_of_memory(problem) is short


def test_a_branch_is_counted_with_keys_values_and_scores():
    assert memory.branch_bytes(SHAPE, 10, 2) == 2 * 3 * 2 * 20 * 2 * 10 + 6 * 8 * 1000


def test_what_fits_is_the_share_of_free_memory_over_a_branch(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 10_000_000)
    assert memory.fitting(SHAPE, 100, 4, CPU) == int(0.8 * 10_000_000) // memory.branch_bytes(SHAPE, 100, 4)


def test_one_branch_is_tried_however_little_is_free(monkeypatch):
    monkeypatch.setattr(memory, "free_bytes", lambda device: 1)
    assert memory.fitting(SHAPE, 100, 4, CPU) == 1


def test_nothing_is_said_where_the_system_does_not_tell(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "PAGES", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    assert memory.fitting(SHAPE, 100, 4, CPU) is None


def test_the_smaller_of_the_machine_and_its_control_group_counts(monkeypatch, tmp_path):
    monkeypatch.setattr(memory, "PAGES", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 9000 kB\nMemAvailable: 4000 kB\n")
    assert memory.free_bytes(CPU) == 4000 * 1024
    (tmp_path / "memory.max").write_text("3000000\n")
    (tmp_path / "memory.current").write_text("1000000\n")
    assert memory.free_bytes(CPU) == 2_000_000
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes(CPU) == 4000 * 1024


def test_peak_memory_of_this_process_is_no_less_than_a_tensor_that_it_held():
    torch.ones(8_000_000)
    assert memory.peak_bytes(CPU) > 32_000_000
