"""What forms refuse, in the reader's language: on its field, in whole sentences, with what would work."""

from __future__ import annotations

import re
from html import unescape
from typing import Any

import pytest

from tests.factories import sums_board
from tests.leaderboard.web import test_submit, test_sweeps

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.usefixtures("parrot", "bell")]
CHINESE = {"HTTP_ACCEPT_LANGUAGE": "zh-CN,zh;q=0.9"}
ENDPOINT = "http://server.example/v1"


@pytest.fixture(autouse=True)
def board(bell: Any) -> Any:
    return sums_board()


def faults(answer: Any) -> str:
    """The texts of all faults on the page."""
    assert answer.status_code == 422
    found = re.findall(r'<p class="error"[^>]*>(.*?)</p>', answer.content.decode(), re.DOTALL)
    return unescape(" ".join(found))


def test_faults_of_a_submission(ada):
    sent = {**test_submit.GOOD, "action": "estimate", "seeds": "1, x", "decoding-temperature": "-1", "samples": ""}
    told = faults(ada.post("/submit/", sent, **CHINESE))
    assert "请用逗号分隔的整数书写随机种子，如 1, 2；“x”不是整数。" in told
    assert told.isascii() is False and "Ensure" not in told and "This field" not in told


def test_the_nearest_thing_that_works(ada, monkeypatch):
    monkeypatch.setenv("TOUCHSTONE_ENDPOINTS", ENDPOINT)
    sent = {"board": "sums", "generator": "openai", "strategy": "min-p", "samples": "1", "seeds": "0", "system": ""}
    sent |= {"model-base_url": ENDPOINT, "model-model": "m", "model-heats": "first", "model-concurrency": "4"}
    sent |= {"model-timeout_seconds": "9", "model-attempts": "1", "decoding-min_p": "0.1", "action": "estimate"}
    told = faults(ada.post("/submit/", sent, **CHINESE))
    assert "后端“openai”会忽略 min_p。" in told and "可在此运行" in told and "would" not in told


def test_faults_of_a_sweep_name_the_line(ada):
    arms = "greedy\n\nmin-p min_p=0.1,7\ntemprature"
    told = faults(ada.post("/sweeps/new/", {**test_sweeps.GOOD, "arms": arms, "action": "estimate"}, **CHINESE))
    assert "第 3 行、min_p、第 2 个值: 输入应小于或等于 1。" in told
    assert "没有 decoding 插件“temprature”。您是指“temperature”吗？" in told


def test_faults_of_a_judge_on_trial(ada, user):
    user.is_staff = True
    user.save()
    sent = {"action": "try", "board": "sums", "judge": "reference", "params-marker": "is"}
    told = faults(ada.post("/judges/new/", sent, **CHINESE))
    assert "Sums 还没有输出不同的配对。" in told
