"""Running Java so that nothing of it is left behind.

The child leads its own process group, so that a Ctrl-C at the terminal reaches only us; whatever ends us
(the end, a time-out, SIGINT, SIGTERM, SIGHUP, an error) ends the whole group first.  It is killed outright:
what TLC would save on the way out lies in a scratch folder that is removed with it.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path

from redoraft_check.tlc.result import Stop
from redoraft_check.tlc.tools import ToolMissing

_LIVE: set[subprocess.Popen[str]] = set()
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


@contextmanager
def uninterrupted() -> Iterator[None]:
    """SIGINT, SIGTERM and SIGHUP wait until the block is over."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    pending: list[int] = []
    before = {int(number): signal.getsignal(number) for number in _SIGNALS}
    for number in before:
        signal.signal(number, lambda got, _: pending.append(got))
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        for number in pending:
            signal.raise_signal(number)


@contextmanager
def scratch_folder() -> Iterator[Path]:
    """A fresh folder that is gone when the block ends, however it ends."""
    folder: Path | None = None
    try:
        with uninterrupted():
            folder = Path(tempfile.mkdtemp(prefix="redoraft-tlc-"))
        yield folder
    finally:
        if folder is not None:
            with uninterrupted():
                shutil.rmtree(folder, ignore_errors=True)


@contextmanager
def child(
    argv: Sequence[str | Path], cwd: Path, output: Path | None = None
) -> Iterator[subprocess.Popen[str]]:
    """A child in a process group of its own; killed at the end.

    Both its streams go to the file `output`, or are read as text through its `stdout`.
    Raises `ToolMissing` when it cannot be started.
    """
    process: subprocess.Popen[str] | None = None
    try:
        with uninterrupted():
            process = _start(argv, cwd, output)
            _LIVE.add(process)
        yield process
    finally:
        if process is not None:
            with uninterrupted():
                _LIVE.discard(process)
                kill_group(process)
                if process.stdout is not None:
                    process.stdout.close()


def run_lines(
    argv: Sequence[str | Path],
    cwd: Path,
    on_line: Callable[[str], None],
    timeout_s: float | None = None,
    on_start: Callable[[subprocess.Popen[str]], None] = lambda _: None,
) -> tuple[int, Stop]:
    """Run to the end, or for `timeout_s` seconds; the exit code and who ended it."""
    expired = threading.Event()
    with child(argv, cwd) as process:
        on_start(process)

        def expire() -> None:
            expired.set()
            kill_group(process)

        watchdog = threading.Timer(timeout_s, expire) if timeout_s is not None else None
        if watchdog is not None:
            watchdog.daemon = True
            watchdog.start()
        try:
            assert process.stdout is not None
            for line in process.stdout:
                on_line(line)
            code = process.wait()
        finally:
            if watchdog is not None:
                watchdog.cancel()
    return code, Stop.TIMEOUT if expired.is_set() else Stop.ITSELF


def kill_group(process: subprocess.Popen[str]) -> None:
    """Kill a child's whole group and reap the child; nothing happens when it has ended."""
    if process.poll() is not None:
        return
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def kill_children() -> None:
    """Kill every child that runs now, whichever thread started it."""
    for process in tuple(_LIVE):
        kill_group(process)


def _start(argv: Sequence[str | Path], cwd: Path, output: Path | None) -> subprocess.Popen[str]:
    try:
        with output.open("wb") if output is not None else nullcontext(subprocess.PIPE) as stdout:
            return subprocess.Popen(
                [str(arg) for arg in argv],
                cwd=cwd,
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=subprocess.STDOUT,
                text=True,
                encoding="utf-8",
                errors="replace",
                start_new_session=True,
            )
    except OSError as error:
        raise ToolMissing(f"cannot start {argv[0]}: {error.strerror}") from error
