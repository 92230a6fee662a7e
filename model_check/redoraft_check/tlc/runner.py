"""One run of TLC, from a job to a result.

TLC runs in a scratch folder that holds its configuration, its state files and its temporary files, and
finds the modules through its library path; nothing is written beside the specification.
"""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from attrs import evolve, frozen

from redoraft_check.tlc.config import ModelConfig, load_config
from redoraft_check.tlc.definitions import extended_modules
from redoraft_check.tlc.messages import Line, Message, MessageStream
from redoraft_check.tlc.output import ResultBuilder
from redoraft_check.tlc.process import run_lines, scratch_folder
from redoraft_check.tlc.result import Outcome, Progress, TlcResult
from redoraft_check.tlc.tools import Tools, neighbours

ProgressHook = Callable[[Progress], None]

_PROGRESS_CODES = frozenset({2200, 2209})


@frozen
class Simulation:
    """Random behaviours instead of all of them: `behaviours` per worker, each up to `depth` states."""

    behaviours: int
    depth: int = 100
    seed: int | None = None


@frozen
class TlcJob:
    """What to run.

    `module` and `config` are paths; modules that `module` extends are looked for beside it and then in
    `library`, in order.  `workers` 0 means one per core.  `timeout_s` is wall time, None for no limit.
    `heap_mb` is Java's heap in MiB, None for Java's default (a quarter of the memory).
    `registers=False` is for modes in which TLC has none: `TLCSet` and `TLCGet` are replaced by TRUE, so
    that a specification that keeps notes in them can be evaluated (and prints no witness).
    `extra` goes to TLC and `jvm` to Java as they are; `classpath` stands before the jar.
    """

    module: Path
    config: Path
    library: tuple[Path, ...] = ()
    workers: int = 0
    check_deadlock: bool = False
    timeout_s: float | None = None
    heap_mb: int | None = None
    coverage: bool = True
    simulation: Simulation | None = None
    registers: bool = True
    extra: tuple[str, ...] = ()
    jvm: tuple[str, ...] = ()
    classpath: tuple[Path, ...] = ()


def default_workers() -> int:
    """One worker per core that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def run_tlc(
    job: TlcJob, tools: Tools, *, on_progress: ProgressHook | None = None, log: Path | None = None
) -> TlcResult:
    """Run a job to its end; `log` receives TLC's output as it comes.

    Raises `CliError` (65) when the module or its configuration cannot be read and `ToolMissing` (20) when
    Java does not start.  What TLC makes of the model, good or bad, is in the result.
    """
    config = load_config(job.config)
    started = time.monotonic()
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_folder())
        argv = prepare(job, tools, scratch)
        builder = ResultBuilder()
        report = _progress_hook(builder, started, on_progress)
        reader = OutputReader(open_log(stack, log), report, builder)
        code, stop = run_lines(argv, scratch, reader.line, job.timeout_s)
        reader.end()
        result = builder.finish(code, stop, simulated=job.simulation is not None)
    if result.outcome in {Outcome.SAFETY, Outcome.LIVENESS}:
        result = evolve(result, property_name=whose(result.property_name, config))
    return evolve(result, seconds=time.monotonic() - started, command=tuple(argv))


def whose(named: str | None, config: ModelConfig) -> str | None:
    """The property of a `.cfg` that was violated, by what TLC 2.15 named.

    TLC names no temporal property that it refutes, and of a refinement the conjunct or its place; where
    there is one such property there is no doubt which.
    """
    temporal = config.section("PROPERTIES")
    if named in config.properties or len(temporal) != 1:
        return named
    return temporal[0]


def prepare(job: TlcJob, tools: Tools, scratch: Path) -> list[str]:
    """Lay out the scratch folder and give the command that runs the job in it."""
    return [*java_command(job, tools, scratch), "tlc2.TLC", *_tlc_arguments(job, scratch)]


def java_command(job: TlcJob, tools: Tools, scratch: Path) -> list[str]:
    """Java with its options and class path, up to the name of the main class."""
    temporary = scratch / "tmp"
    temporary.mkdir(exist_ok=True)
    library = os.pathsep.join(str(path) for path in library_of(job))
    classpath = os.pathsep.join(str(path) for path in (*job.classpath, lone_jar(tools.jar_path, scratch)))
    heap = [f"-Xmx{job.heap_mb}m"] if job.heap_mb else []
    return [
        str(tools.java_path),
        "-XX:+UseParallelGC",
        *heap,
        f"-Djava.io.tmpdir={temporary}",
        f"-DTLA-Library={library}",
        *job.jvm,
        "-cp",
        classpath,
    ]


def library_of(job: TlcJob) -> tuple[Path, ...]:
    """Where modules are looked for: the folder of the module itself first, so that it is found there."""
    return tuple(dict.fromkeys(path.resolve() for path in (job.module.parent, *job.library)))


def lone_jar(jar: Path, scratch: Path) -> Path:
    """The jar itself, or a copy when a jar beside it would be loaded with it."""
    if not neighbours(jar):
        return jar.resolve()
    copy = scratch / "jar" / "tla2tools.jar"
    copy.parent.mkdir(exist_ok=True)
    shutil.copyfile(jar, copy)
    return copy


def lay_out(job: TlcJob, scratch: Path) -> tuple[str, str]:
    """Put the configuration into the scratch folder; the names of module and configuration for TLC.

    TLC resolves names, not paths: it looks in its working folder, which is the scratch folder, and then
    in its library path.
    """
    (scratch / "states").mkdir(exist_ok=True)
    if job.registers:
        shutil.copyfile(job.config, scratch / job.config.name)
        return job.module.name, job.config.name
    name = f"{job.module.stem}WithoutRegisters"
    text = job.config.read_text(encoding="utf-8")
    uses = "TLC" in extended_modules(job.module, library_of(job))
    (scratch / f"{name}.tla").write_text(_WITHOUT_REGISTERS.format(name, job.module.stem), encoding="utf-8")
    (scratch / f"{name}.cfg").write_text(text + (_NO_REGISTERS if uses else ""), encoding="utf-8")
    return f"{name}.tla", f"{name}.cfg"


_WITHOUT_REGISTERS = """---- MODULE {} ----
EXTENDS {}
RedoraftIgnoreSet(register, value) == TRUE
RedoraftIgnoreGet(register) == TRUE
====
"""
_NO_REGISTERS = "\nCONSTANTS\n    TLCSet <- RedoraftIgnoreSet\n    TLCGet <- RedoraftIgnoreGet\n"


def _tlc_arguments(job: TlcJob, scratch: Path) -> list[str]:
    module, config = lay_out(job, scratch)
    coverage = ["-coverage", "1"] if job.coverage else []
    deadlock = [] if job.check_deadlock else ["-deadlock"]
    return [
        "-tool",
        *("-workers", str(job.workers or default_workers())),
        *coverage,
        *deadlock,
        *_simulation_arguments(job.simulation),
        *("-metadir", str(scratch / "states")),
        *job.extra,
        *("-config", config),
        module,
    ]


def _simulation_arguments(simulation: Simulation | None) -> list[str]:
    if simulation is None:
        return []
    seed = ["-seed", str(simulation.seed)] if simulation.seed is not None else []
    return ["-simulate", f"num={simulation.behaviours}", "-depth", str(simulation.depth), *seed]


def open_log(stack: ExitStack, log: Path | None) -> IO[str] | None:
    """Open a log for writing until the stack ends; its folder is made."""
    if log is None:
        return None
    log.parent.mkdir(parents=True, exist_ok=True)
    return stack.enter_context(log.open("w", encoding="utf-8"))


class OutputReader:
    """Takes TLC's lines: to the log, to the builder, and each message then to `on_message`."""

    def __init__(
        self,
        log: IO[str] | None,
        on_message: Callable[[Message], None],
        builder: ResultBuilder | None = None,
    ) -> None:
        self.builder = builder or ResultBuilder()
        self._log = log
        self._on_message = on_message
        self._stream = MessageStream()

    def line(self, line: str) -> None:
        """Take one line."""
        if self._log is not None:
            self._log.write(line)
        for item in self._stream.feed(line):
            self._take(item)

    def end(self) -> None:
        """The output is over; what was cut off is taken as it is."""
        for item in self._stream.close():
            self._take(item)

    def _take(self, item: Message | Line) -> None:
        self.builder.take(item)
        if isinstance(item, Message):
            self._on_message(item)


def _progress_hook(
    builder: ResultBuilder, started: float, on_progress: ProgressHook | None
) -> Callable[[Message], None]:
    def report(message: Message) -> None:
        if on_progress is None or message.code not in _PROGRESS_CODES:
            return
        counts = builder.counts
        numbers = (counts.generated, counts.distinct, counts.queue, counts.depth)
        on_progress(Progress(time.monotonic() - started, *(number or 0 for number in numbers)))

    return report
