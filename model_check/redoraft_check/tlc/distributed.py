"""TLC's own distributed mode: one `TLCServer`, and `TLCWorker` processes that search for it.

What was found out about it (TLC 2.15), and what is done about it here:

- its exit code is 0 and it names no property whatever happened, and its counterexample is cut to the last
  two states: a behaviour in its output means that something was violated, and a single-node run tells what;
- it does not check temporal properties and says nothing of it: models that have any are refused;
- it has no registers (`TLCSet`, `TLCGet`): they are replaced, see `TlcJob.registers`;
- it listens on every network interface: the user is told;
- workers that start before it listens wait longer and longer: they are started when it does.
"""

from __future__ import annotations

import socket
import subprocess
import threading
import time
from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path

from attrs import evolve

from redoraft_check.tlc.config import load_config
from redoraft_check.tlc.messages import Message
from redoraft_check.tlc.output import BEHAVIOUR, ResultBuilder
from redoraft_check.tlc.process import child, kill_group, run_lines, scratch_folder
from redoraft_check.tlc.result import Outcome, Stop, TlcResult
from redoraft_check.tlc.runner import OutputReader, TlcJob, java_command, lay_out, open_log, run_tlc
from redoraft_check.tlc.tools import Tools

LOOPBACK = "127.0.0.1"

_SERVER = "tlc2.tool.distributed.TLCServer"
_WORKER = "tlc2.tool.distributed.TLCWorker"
_READY = 7000
_SERVER_PATIENCE_S = 10.0
"""How long a server whose workers have all ended may still take to end."""

_Says = Callable[[str], None]


def run_distributed(
    job: TlcJob,
    tools: Tools,
    workers: int,
    *,
    host: str = LOOPBACK,
    says: _Says = lambda _: None,
    log: Path | None = None,
) -> TlcResult:
    """Run a job on a server and `workers` local processes of one thread each.

    `host` is the address under which workers reach the server; with another one than loopback, workers on
    other machines can join.  A violation is told by a single-node run of the same job, whose result is
    returned.  Raises what `run_tlc` raises.
    """
    temporal = load_config(job.config).section("PROPERTIES")
    if temporal:
        names = ", ".join(temporal)
        note = f"distributed TLC does not check temporal properties ({names}); run it without --distributed"
        return TlcResult(Outcome.UNKNOWN, note=note)
    started = time.monotonic()
    builder, code, stop = _search(evolve(job, registers=False), tools, workers, host=host, says=says, log=log)
    if not builder.saw(BEHAVIOUR):
        result = builder.finish(code, stop, trust_exit_code=False)
        return evolve(result, seconds=time.monotonic() - started)
    says("    the server reports a violation; running it on a single node to tell the whole story")
    told = run_tlc(job, tools, log=log)
    if told.outcome is Outcome.HOLDS:
        note = "the distributed run reports a violation, a single node finds none"
        told = evolve(told, outcome=Outcome.ERROR, note=note)
    return evolve(told, seconds=time.monotonic() - started)


def join_command(host: str, port: int) -> str:
    """The command that joins a worker on another machine."""
    return (
        f"java -Djava.rmi.server.hostname=ADDRESS_OF_THAT_MACHINE -D{_SERVER}.port={port}"
        f" -cp tla2tools.jar {_WORKER} {host}"
    )


def _search(
    job: TlcJob, tools: Tools, workers: int, *, host: str, says: _Says, log: Path | None
) -> tuple[ResultBuilder, int, Stop]:
    """Run the server to its end, with workers from the moment it is ready."""
    port = _free_port()
    common = (f"-Djava.rmi.server.hostname={host}", f"-D{_SERVER}.port={port}")
    with ExitStack() as stack:
        scratch = stack.enter_context(scratch_folder())
        crew = _Crew(stack, scratch, tools, host)

        def enlist(message: Message) -> None:
            if message.code == _READY:
                worker = evolve(job, jvm=(*job.jvm, *common, f"-D{_WORKER}.threadCount=1"))
                crew.start(worker, workers)

        server = evolve(job, jvm=(*job.jvm, *common))
        argv = [*java_command(server, tools, scratch), _SERVER, *_arguments(server, scratch)]
        _announce(says, host, port)
        reader = OutputReader(open_log(stack, log), enlist)
        code, stop = run_lines(argv, scratch, reader.line, job.timeout_s, on_start=crew.watch)
        reader.end()
    if crew.deserted:
        return reader.builder, code, Stop.DESERTED
    return reader.builder, code, stop


def _arguments(job: TlcJob, scratch: Path) -> list[str]:
    module, config = lay_out(job, scratch)
    deadlock = [] if job.check_deadlock else ["-deadlock"]
    return ["-tool", *deadlock, "-metadir", str(scratch / "states"), "-config", config, module]


def _announce(says: _Says, host: str, port: int) -> None:
    says(f"    TLC's server listens on port {port} of every network interface of this machine")
    if host == LOOPBACK:
        says("    workers elsewhere can join if it is started with --host ADDRESS; then by:")
    else:
        says("    workers elsewhere join by:")
    says(f"      {join_command('ADDRESS' if host == LOOPBACK else host, port)}")


class _Crew:
    """The local workers, and a watch over them: a server without workers would wait for ever."""

    def __init__(self, stack: ExitStack, scratch: Path, tools: Tools, host: str) -> None:
        self._stack = stack
        self._scratch = scratch
        self._tools = tools
        self._host = host
        self._workers: list[subprocess.Popen[str]] = []
        self.deserted = False

    def start(self, job: TlcJob, count: int) -> None:
        """Start the workers, each in a folder of its own.  They end with the stack."""
        for number in range(count):
            folder = self._scratch / f"worker{number}"
            folder.mkdir()
            argv = [*java_command(job, self._tools, folder), _WORKER, self._host]
            process = self._stack.enter_context(child(argv, folder, output=folder / "output.txt"))
            self._workers.append(process)

    def watch(self, server: subprocess.Popen[str]) -> None:
        """Watch in the background until the server ends."""
        threading.Thread(target=self._watch, args=(server,), daemon=True).start()

    def _watch(self, server: subprocess.Popen[str]) -> None:
        alone_since: float | None = None
        while server.poll() is None:
            ended = bool(self._workers) and all(worker.poll() is not None for worker in self._workers)
            alone_since = (alone_since or time.monotonic()) if ended else None
            if alone_since is not None and time.monotonic() - alone_since > _SERVER_PATIENCE_S:
                self.deserted = True
                kill_group(server)
            time.sleep(0.2)


def _free_port() -> int:
    """A port that nobody listens on now; TLC's own default would let only one run on a machine."""
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
    return port
