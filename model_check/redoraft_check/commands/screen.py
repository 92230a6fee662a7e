"""What the user sees while a command works: lines on stderr, on a terminal also a clock."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer
from attrs import define, field

if TYPE_CHECKING:
    from rich.progress import Progress as Spinner

    from redoraft_check.tlc.result import Progress
    from redoraft_check.tlc.session import Hooks, ModelRun, Task


@define
class Screen:
    """Writes for the user; `quiet` silences progress, never a result or an error."""

    quiet: bool = False
    no_color: bool = False
    _spinner: Spinner | None = field(default=None, init=False)

    def say(self, line: str) -> None:
        """One line of progress or advice, on stderr."""
        if self.quiet:
            return
        if self._spinner is not None:
            self._spinner.console.print(line, markup=False, highlight=False, soft_wrap=True)
        else:
            typer.echo(line, err=True)

    def hooks(self) -> Hooks:
        """What a session calls as it goes."""
        from redoraft_check.tlc.session import Hooks  # noqa: PLC0415  (start-up stays quick)

        return Hooks(begins=self._begins, progress=self._progress, says=self.say, ends=self._ends)

    @contextmanager
    def running(self) -> Iterator[None]:
        """While models run: on a terminal a line with a clock, elsewhere plain lines."""
        if self.quiet or not sys.stderr.isatty():
            yield
            return
        from rich.console import Console  # noqa: PLC0415  (start-up stays quick)
        from rich.progress import Progress as Spinner  # noqa: PLC0415
        from rich.progress import SpinnerColumn, TextColumn, TimeElapsedColumn  # noqa: PLC0415

        console = Console(stderr=True, no_color=self.no_color or None)
        columns = (SpinnerColumn(), TimeElapsedColumn(), TextColumn("{task.description}", markup=False))
        with Spinner(*columns, console=console, transient=True) as spinner:
            self._spinner = spinner
            try:
                yield
            finally:
                self._spinner = None

    def _begins(self, number: int, count: int, task: Task) -> None:
        label = f"[{number}/{count}] {task.name} (expect {task.expected})"
        if self._spinner is None:
            self.say(label)
            return
        for shown in self._spinner.task_ids:
            self._spinner.remove_task(shown)
        self._spinner.add_task(label, total=None)

    def _progress(self, task: Task, progress: Progress) -> None:
        line = f"{progress.generated:,} states"
        if progress.distinct:
            # Simulation counts no distinct states.
            line += f", {progress.distinct:,} distinct, {progress.queue:,} queued, depth {progress.depth}"
            line += f", {progress.per_second:,.0f} distinct/s"
        if self._spinner is None:
            self.say(f"    {task.name}: {line}")
            return
        for shown in self._spinner.task_ids:
            self._spinner.update(shown, description=f"{task.name}: {line}")

    def _ends(self, run: ModelRun) -> None:
        self.say(f"    {run.task.name}: {run.verdict.status.value} after {run.seconds:.1f} s")
        for reason in run.verdict.reasons:
            self.say(f"    {reason}")
