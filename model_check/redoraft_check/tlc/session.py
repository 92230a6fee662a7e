"""Running models one after the other and judging each: what `redoraft check` does, without a terminal."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed, wait
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.tlc.config import ModelConfig, load_config
from redoraft_check.tlc.distributed import LOOPBACK, run_distributed
from redoraft_check.tlc.gate import Status, Verdict, judge, judge_alone, judge_config
from redoraft_check.tlc.manifest import Manifest, Model, config_of
from redoraft_check.tlc.process import kill_children
from redoraft_check.tlc.result import Progress, TlcResult
from redoraft_check.tlc.runner import ProgressHook, Simulation, TlcJob, default_workers, run_tlc
from redoraft_check.tlc.tools import Tools


@frozen
class Task:
    """A job with its name and configuration; `model` is None when no manifest speaks of it."""

    name: str
    job: TlcJob
    config: ModelConfig
    model: Model | None = None

    @property
    def expected(self) -> str:
        """What the manifest expects, in a few words."""
        if self.model is None:
            return "holds"
        return f"{self.model.expect}: {self.model.violates}" if self.model.violates else self.model.expect


@frozen
class Limits:
    """What the command line says about all runs; None and 0 leave it to the model."""

    workers: int = 0
    timeout_s: float | None = None
    heap_mb: int | None = None
    simulation: Simulation | None = None
    distributed: int = 0
    host: str = LOOPBACK
    jobs: int = 1


@frozen
class ModelRun:
    """A task that was run (or refused before, then `result` is None) and the gate's verdict on it."""

    task: Task
    verdict: Verdict
    result: TlcResult | None = None
    seconds: float = 0.0
    workers: int = 0


@frozen
class Hooks:
    """Who is told of what: a task begins, TLC reports progress, a line for the user, a task is over."""

    begins: Callable[[int, int, Task], None] = lambda _number, _count, _task: None
    progress: Callable[[Task, Progress], None] = lambda _task, _progress: None
    says: Callable[[str], None] = lambda _: None
    ends: Callable[[ModelRun], None] = lambda _: None


def manifest_tasks(
    manifest: Manifest, models: Sequence[Model], library: tuple[Path, ...], limits: Limits
) -> tuple[Task, ...]:
    """The tasks for models of a manifest.  Raises `CliError` (65) for a `.cfg` that cannot be read."""
    return tuple(
        Task(model.name, _limited(manifest.job(model, library), limits), config_of(manifest, model), model)
        for model in models
    )


def file_task(
    module: Path, config: Path | None, library: tuple[Path, ...], limits: Limits, *, check_deadlock: bool
) -> Task:
    """The task for a module with a `.cfg` beside it (or the one given), of which no manifest speaks.

    Raises `CliError` (2) when one of the two is no file.
    """
    config = config or module.with_suffix(".cfg")
    for path in (module, config):
        if not path.is_file():
            raise CliError(Exit.USAGE, f"{path}: there is no such file (name the .cfg with --config FILE)")
    job = TlcJob(module.resolve(), config.resolve(), library=library, check_deadlock=check_deadlock)
    return Task(config.stem, _limited(job, limits), load_config(config))


Backend = Callable[[TlcJob, ProgressHook], TlcResult]
"""What checks one job in this process, in the place of TLC."""


def run_tasks(
    tasks: Sequence[Task],
    tools: Tools | None,
    limits: Limits,
    hooks: Hooks,
    log_folder: Path | None = None,
    *,
    backend: Backend | None = None,
) -> Iterator[ModelRun]:
    """Run the tasks in order; each run is yielded as it ends, so that what is done is never lost.

    TLC runs them with `tools`, unless there is a `backend`.  With `limits.jobs` above 1 that many run at a
    time, the largest first, and come as they end.
    """

    def run(number: int, task: Task) -> ModelRun:
        hooks.begins(number, len(tasks), task)
        started = time.monotonic()
        if backend is not None:
            check = partial(_in_process, task, backend, hooks)
        else:
            assert tools is not None, "TLC needs its tools"
            check = partial(_run, task, tools, limits, hooks, log_folder)
        done = evolve(_refused(task) or check(), seconds=time.monotonic() - started)
        hooks.ends(done)
        return done

    if limits.jobs == 1:
        yield from (run(number, task) for number, task in enumerate(tasks, 1))
    else:
        yield from _side_by_side(run, tasks, limits.jobs)


def _side_by_side(
    run: Callable[[int, Task], ModelRun], tasks: Sequence[Task], jobs: int
) -> Iterator[ModelRun]:
    """Several tasks at a time, the long ones first; whatever ends this ends every TLC that is running."""
    longest_first = sorted(enumerate(tasks, 1), key=lambda one: -_size(one[1]))
    with ThreadPoolExecutor(jobs) as pool:
        running = {pool.submit(run, number, task) for number, task in longest_first}
        try:
            for done in as_completed(running):
                yield done.result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)
            while any(not one.done() for one in running):
                kill_children()
                wait(running, timeout=0.1)


def _size(task: Task) -> int:
    """Distinct states, as far as the manifest knows them."""
    return (task.model.distinct or 0) if task.model is not None else 0


def _limited(job: TlcJob, limits: Limits) -> TlcJob:
    return evolve(
        job,
        workers=limits.workers or job.workers or max(1, default_workers() // limits.jobs),
        timeout_s=limits.timeout_s,
        heap_mb=limits.heap_mb,
        simulation=limits.simulation,
    )


def _refused(task: Task) -> ModelRun | None:
    """The verdict on a model whose files disagree: running it would show nothing."""
    verdict = judge_config(task.model, task.config) if task.model is not None else None
    return ModelRun(task, verdict) if verdict is not None else None


def _in_process(task: Task, backend: Backend, hooks: Hooks) -> ModelRun:
    try:
        result = backend(task.job, partial(hooks.progress, task))
    except CliError as error:
        if error.exit_code is not Exit.BAD_INPUT:
            raise
        return ModelRun(task, Verdict(Status.BROKEN, Exit.BAD_INPUT, (error.message,)))
    verdict = judge_alone(result) if task.model is None else judge(task.model, result)
    return ModelRun(task, verdict, result, workers=1)


def _run(task: Task, tools: Tools, limits: Limits, hooks: Hooks, log_folder: Path | None) -> ModelRun:
    log = log_folder / f"{task.name}.tlc.txt" if log_folder is not None else None
    workers = task.job.workers
    simulated = limits.simulation is not None
    try:
        if limits.distributed:
            result = run_distributed(
                task.job, tools, limits.distributed, host=limits.host, says=hooks.says, log=log
            )
            workers = max(2, limits.distributed)
        else:
            # TLC's registers do not reach the threads that simulate.
            job = evolve(task.job, registers=not simulated)
            result = run_tlc(job, tools, on_progress=partial(hooks.progress, task), log=log)
    except CliError as error:
        if error.exit_code is not Exit.BAD_INPUT:
            raise
        return ModelRun(task, Verdict(Status.BROKEN, Exit.BAD_INPUT, (error.message,)))
    if task.model is None:
        return ModelRun(task, judge_alone(result), result, workers=workers)
    verdict = judge(
        task.model, result, workers=workers, simulated=simulated, distributed=bool(limits.distributed)
    )
    return ModelRun(task, verdict, result, workers=workers)
