"""Where the examples of a campaign run: in this process, in others, or on a Dask cluster."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from concurrent.futures import BrokenExecutor, Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Final, ParamSpec, TypeVar

from redoraft_check.exits import CliError, Exit

P = ParamSpec("P")
T = TypeVar("T")

ANSWER_S: Final = 10
"""Seconds in which a scheduler has to answer, and to have a worker."""
LOST: Final = (
    "ended before its example was done (is there enough memory?); what was found until then is saved"
)


class _Later(Future[T]):
    """A call that is made when its result is asked for, unless it was cancelled."""

    def __init__(self, call: Callable[[], T]) -> None:
        super().__init__()
        self._call = call

    def result(self, timeout: float | None = None) -> T:
        if not self.done():
            self.set_result(self._call())
        return super().result(timeout)


class Here(Executor):
    """One call after the other, in this process."""

    def submit(self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """A future that does the work when it is asked for its result; raises there what the call raises."""
        return _Later(lambda: fn(*args, **kwargs))


@contextmanager
def pool(jobs: int, scheduler: str | None = None) -> Iterator[Executor]:
    """Processes (`jobs`, 0: one per core), this process for one job, or the workers of a Dask scheduler.

    Raises `CliError`: 20 when `distributed` is not installed, the scheduler has no workers or a worker is
    lost; 2 when no scheduler answers.
    """
    if scheduler is not None:
        with _dask(scheduler) as executor:
            yield executor
        return
    count = jobs or os.cpu_count() or 1
    if count == 1:
        yield Here()
        return
    # Spawned, not forked: the same on every system, and nothing is inherited by accident.
    executor = ProcessPoolExecutor(count, get_context("spawn"), _prepare_worker)
    try:
        yield executor
    except BrokenExecutor:
        raise CliError(Exit.UNKNOWN, f"a process of the campaign {LOST}") from None
    finally:
        executor.shutdown(wait=True, cancel_futures=True)


@contextmanager
def _dask(address: str) -> Iterator[Executor]:
    if "://" not in address:
        raise CliError(Exit.USAGE, f"--scheduler {address}: give its address, tcp://HOST:PORT")
    try:
        from distributed import Client, KilledWorker  # noqa: PLC0415  (an extra)
    except ImportError as error:
        reason = f"--scheduler needs the package distributed ({error}): pip install 'redoraft[dask]'"
        raise CliError(Exit.UNKNOWN, reason) from None
    try:
        client: Any = Client(address, timeout=ANSWER_S, set_as_default=False)
    except (OSError, ValueError) as error:
        raise CliError(Exit.USAGE, f"--scheduler {address}: no scheduler answers: {error}") from None
    try:
        client.wait_for_workers(1, timeout=ANSWER_S)
    except TimeoutError:
        client.close()
        raise CliError(Exit.UNKNOWN, f"--scheduler {address}: it has no workers") from None
    try:
        # The same plan may be asked for twice, so results are not looked up by their arguments.
        yield client.get_executor(pure=False)
    except KilledWorker:
        raise CliError(Exit.UNKNOWN, f"a Dask worker {LOST}") from None
    finally:
        client.close()


def _prepare_worker() -> None:
    """An interruption is for the parent to handle; a worker without its parent ends."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    Thread(target=_end_with_parent, daemon=True).start()


def _end_with_parent() -> None:
    parent = parent_process()
    if parent is not None:
        parent.join()
        os._exit(0)
