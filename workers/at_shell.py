"""What a command asks of models itself, at once: caps hold for it and what it takes is counted, as for a worker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from typing import Any

from leaderboard.contracts.params import FieldError, InvalidInput
from leaderboard.contracts.values import Pair, Verdict
from leaderboard.models import Judge
from leaderboard.services import budgets, command_jobs
from workers.account import Account
from workers.generators.stopping import Stopped
from workers.handover import in_batches
from workers.runtime import Lease, LeaseLost, leased, worker_name


@contextmanager
def at_once(name: str) -> Iterator[Lease]:
    """A lease for the command of this name. Raises InvalidInput where a cap allows no more, or the lease was lost."""
    job = command_jobs.begin(name, worker_name())
    try:
        with leased(job) as lease:
            yield lease
    except budgets.OverBudget as problem:
        reason = str(problem).removeprefix(f"{budgets.WAITING}: ")
        raise InvalidInput(FieldError((), f"The budget does not allow it: {reason}")) from None
    except (LeaseLost, Stopped):
        raise InvalidInput(FieldError((), "It stood still for too long, so it was ended. Run it again.")) from None
    finally:
        command_jobs.end(job)


class Paying:
    """A judge whose calls are held back for and counted, in as many parts as fit; `whole`: all of them or none.

    Raises OverBudget where a cap allows no more.
    """

    def __init__(self, judge: Any, lease: Lease, *, plugin: str, params: Any, whole: bool = False) -> None:
        known = Judge.objects.filter(plugin=plugin, params=params).first()
        self._judge, self._lease, self._whole = judge, lease, whole
        self._account = Account(lease.job, known, judge)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._judge, name)

    def judge(self, pairs: Sequence[Pair]) -> Iterator[Verdict]:
        """As the judge itself does."""
        left = list(pairs)
        while left:
            self._lease.check()
            if self._whole:
                self._account.hold_all(left)
            fit = len(left) if self._whole else self._account.hold(left)
            for verdicts in in_batches(partial(self._judge.judge, left[:fit]), self._lease.lost.is_set):
                told = [self._account.priced(verdict) for verdict in verdicts]
                self._account.settle(told)
                yield from told
            left = left[fit:]
