"""`manage.py sweep`."""

from __future__ import annotations

import json
import time
from collections import Counter
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.management import estimates
from leaderboard.management.base import Command as Base
from leaderboard.management.base import console, fail, pairs
from leaderboard.models import Submission, Sweep
from leaderboard.services import grids, seeds, sweeps

FIELDS = (
    *("board", "generator", "model", "arms", "decoding", "system", "samples", "seeds", "tune", "baseline", "title"),
    *("max_usd", "max_tokens"),
)
KINDS: dict[str, tuple[type, ...]] = {
    "model": (dict,),
    "arms": (list,),
    "decoding": (dict,),
    "samples": (int,),
    "seeds": (list,),
    "tune": (int, float),
    "max_usd": (int, float),
    "max_tokens": (int,),
}
"""What a field of a file must be, where it is no text."""


class Command(Base):
    """Declares a sweep."""

    help = "Try many decoding settings of one model: all arms are declared, then made."

    def add_arguments(self, parser: CommandParser) -> None:
        """Options; each given one overrides the file's."""
        parser.add_argument("--file", help="a JSON file with the same fields as POST /api/v1/sweeps")
        parser.add_argument("--board", help="short name of the board")
        parser.add_argument("--generator", help="generator plugin (default transformers)")
        parser.add_argument("--model", nargs="+", metavar="NAME=VALUE", help="such as model=pebble-m")
        parser.add_argument(
            "--arm", action="append", metavar="GRID", help="such as 'min-p temperature=1,2 min_p=0.05,0.1'; repeat it"
        )
        parser.add_argument("--decoding", nargs="+", metavar="NAME=VALUE", help="settings that every arm shares")
        parser.add_argument("--system", help="system text")
        parser.add_argument("--samples", type=int, help="outputs for each prompt and seed (default 1)")
        parser.add_argument("--seeds", metavar="SEED,…", help="such as 1,2 (default 0)")
        parser.add_argument("--tune", type=float, help="share of the prompts to choose arms on (default 0.5)")
        parser.add_argument("--baseline", help="label of the arm that others are tested against (default greedy)")
        parser.add_argument("--title", help="what it is to find out")
        parser.add_argument("--max-usd", type=float, help="most dollars that all arms may cost")
        parser.add_argument("--max-tokens", type=int, help="most tokens that all arms may take")
        parser.add_argument("--estimate", action="store_true", help="only say how much work it is, and what it costs")
        parser.add_argument("--wait", action="store_true", help="wait until every arm has ended")

    def handle(self, *_: Any, **options: Any) -> None:
        """Declare, or estimate."""
        request = _request(options)
        if options["estimate"]:
            for line in estimates.lines(sweeps.check(request)[1]):
                self.stdout.write(line)
            return
        made, _new = sweeps.submit(request, user=None)
        self.stdout.write(str(made.pk))
        for arm in made.submissions.order_by("arm").select_related("entry"):
            self.stdout.write(f"{arm.pk} {arm.entry.slug}")
        if options["wait"]:
            _wait(made)


def _request(options: dict[str, Any]) -> sweeps.Request:
    """What the file and the options ask for. Raises InvalidInput."""
    fields: dict[str, Any] = {"generator": "transformers", "model": {}, "arms": (), **_of_file(options["file"])}
    plain = ("board", "generator", "system", "samples", "tune", "baseline", "title", "max_usd", "max_tokens")
    fields |= {name: options[name] for name in plain if options[name] is not None}
    fields |= {name: pairs(options[name], name) for name in ("model", "decoding") if options[name] is not None}
    if options["seeds"] is not None:
        fields["seeds"] = seeds.read(options["seeds"])
    if options["arm"] is not None:
        fields["arms"] = grids.read(options["arm"])
    if "board" not in fields:
        message = "Name a board with --board or in the file. To send lost jobs again, use resend."
        raise InvalidInput(FieldError(("board",), message))
    return sweeps.Request(**fields)


def _of_file(name: str | None) -> dict[str, Any]:
    """The fields of a JSON file. Raises InvalidInput at the field that is wrong."""
    if name is None:
        return {}
    try:
        given = json.loads(Path(name).read_text(encoding="utf-8"))
    except OSError as problem:
        raise InvalidInput(FieldError(("file",), f"{name} cannot be read: {problem.strerror}.")) from None
    except ValueError as problem:
        raise InvalidInput(FieldError(("file",), f"{name} is not JSON: {problem}.")) from None
    if not isinstance(given, dict):
        raise InvalidInput(FieldError(("file",), "Write one JSON object with the fields of a sweep."))
    faults = [
        FieldError((key,), f"There is no such field. Known: {', '.join(FIELDS)}.") for key in given.keys() - {*FIELDS}
    ]
    faults += [
        FieldError((key,), f"This must be {_kind(key)}.")
        for key in FIELDS
        if key in given and (isinstance(given[key], bool) or not isinstance(given[key], KINDS.get(key, (str,))))
    ]
    if isinstance(given.get("seeds"), list) and not all(type(seed) is int for seed in given["seeds"]):
        faults.append(FieldError(("seeds",), "Write seeds as whole numbers."))
    arms = given.get("arms")
    if isinstance(arms, list):
        faults += [error for place, arm in enumerate(arms) for error in _arm_faults(place, arm)]
    if faults:
        raise InvalidInput(*faults)
    if arms is not None:
        given["arms"] = [grids.Grid(arm["strategy"], arm.get("grid", {})) for arm in arms]
    return given


def _kind(key: str) -> str:
    names = {dict: "an object", list: "a list", int: "a whole number", float: "a number", str: "a text"}
    return names[KINDS.get(key, (str,))[-1]]


def _arm_faults(place: int, arm: Any) -> list[FieldError]:
    sound = isinstance(arm, dict) and isinstance(arm.get("strategy"), str) and isinstance(arm.get("grid", {}), dict)
    if sound and not arm.keys() - {"strategy", "grid"}:
        return []
    return [FieldError(("arms", place), 'Write {"strategy": "min-p", "grid": {"min_p": [0.05, 0.1]}}.')]


def _wait(made: Sweep) -> None:
    with console.status("Working …") as shown:
        while made.submissions.exclude(state__in=Submission.ENDED).exists():
            time.sleep(1)
            states = Counter(str(arm.get_state_display()).lower() for arm in made.submissions.all())
            shown.update(", ".join(f"{count} {state}" for state, count in sorted(states.items())))
    lost = made.submissions.exclude(state=Submission.State.DONE).order_by("arm").first()
    if lost is not None:
        fail(f"{made.arms[lost.arm or 0]['label']} ended as {lost.state}. {lost.error}")
