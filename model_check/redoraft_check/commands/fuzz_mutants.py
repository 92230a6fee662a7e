"""`redoraft fuzz --mutants`: every mutant of the implementation against every catcher."""

from __future__ import annotations

from concurrent.futures import Executor
from pathlib import Path
from typing import Final

import typer
from attrs import define, field

from redoraft.cluster.faults import format_faults
from redoraft_check.commands import options as opt
from redoraft_check.commands.screen import Screen
from redoraft_check.exits import CliError, Exit
from redoraft_check.fuzz.matrix import VERSION, Matrix, Row, Trial, read_matrix, row_of, tables
from redoraft_check.json_file import write_json
from redoraft_check.paths import spec_dir
from redoraft_check.report.record import command_line, spec_revision

MATRIX_EXAMPLES: Final = 60
"""Examples of each mutant when their number is not given."""

Key = tuple[str, str | None]
"""A family, and a mutant or none."""


def try_mutants(
    trial: Trial, executor: Executor, out: Path, screen: Screen, format_: opt.Format, *, resume: bool = False
) -> Exit:
    """Fill the matrix, write it to `out`/mutants.json after each row and print it; the rows so far when
    interrupted.

    With `resume` the rows of that file which need not be tried again stay.  Raises `CliError` when it or the
    specification cannot be read, and when it is of another trial.
    """
    out.mkdir(parents=True, exist_ok=True)
    filling = _Filling(trial, out / "mutants.json", screen)
    if resume:
        filling.take_over(read_matrix(filling.path))
    try:
        filling.fill(executor)
    except BaseException:
        typer.echo(_text(filling.matrix))
        raise
    if format_ is opt.Format.JSON:
        typer.echo(filling.path.read_text(encoding="utf-8"), nl=False)
    else:
        _print(filling.matrix, filling.path)
    return Exit.HELD if all(row.is_right for row in filling.matrix.rows) else Exit.DISAGREES


@define
class _Filling:
    trial: Trial
    path: Path
    screen: Screen
    rows: dict[Key, Row] = field(factory=dict)

    def take_over(self, older: Matrix) -> None:
        """Take the rows of an older record: with `only`, those of all other mutants; without, those of the
        same implementation, specification and number of examples."""
        new = self.matrix
        if _without_examples(older) != _without_examples(new):
            said = f"{self.path} is of another trial ({older.command}): use its options, or another --out"
            raise CliError(Exit.USAGE, said)
        now = (new.specification, new.implementation, new.examples)
        for row in older.rows:
            is_same = (older.specification, row.implementation, row.examples) == now
            if row.mutant not in self.trial.only if self.trial.only else is_same:
                self.rows[row.family, row.mutant] = row

    def fill(self, executor: Executor) -> None:
        """Try what there is no row of."""
        trial = self.trial
        wanted = [key for key in trial.subjects if not trial.only or key[1] in trial.only]
        missing = [key for key in wanted if key not in self.rows]
        pending = [executor.submit(row_of, family, mutant, trial) for family, mutant in missing]
        try:
            for key, future in zip(missing, pending, strict=True):
                row = self.rows[key] = future.result()
                write_json(self.path, self.matrix)
                caught = "as it must be" if row.is_right else "NOT AS IT MUST BE"
                who = f"{key[0]}, {row.mutant or 'no mutant'}"
                self.screen.say(f"    {who}: {caught}; {len(self.rows)} rows")
        finally:
            for future in pending:
                future.cancel()

    @property
    def matrix(self) -> Matrix:
        """The rows that there are, in the order of a whole record."""
        trial = self.trial
        numbers = {"--examples": trial.examples, "--seed": trial.seed, "--steps": trial.steps}
        command = command_line(
            *("fuzz", "--mutants"),
            *(word for name, number in numbers.items() for word in (name, str(number))),
            *("--faults", format_faults(trial.faults)),
            *(("--ddl", "1") if trial.ddl else ()),
            *(("--spec", trial.spec) if trial.spec else ()),
        )
        spec = spec_revision(spec_dir(Path(trial.spec) if trial.spec else None)).sha256
        rows = tuple(self.rows[key] for key in trial.subjects if key in self.rows)
        numbers_of = (trial.seed, trial.examples, spec, trial.implementation)
        return Matrix(VERSION, command, *numbers_of, rows, trial.ddl)


def _without_examples(matrix: Matrix) -> str:
    """The command of a record; rows may have fewer examples than others."""
    return matrix.command.replace(f"--examples {matrix.examples} ", "")


def _text(matrix: Matrix) -> str:
    return "\n\n".join(f"{name}\n\n{table}" for name, table in tables(matrix))


def _print(matrix: Matrix, path: Path) -> None:
    typer.echo(_text(matrix))
    mutants = [row for row in matrix.rows if row.mutant is not None]
    caught = sum(row.is_caught for row in mutants)
    typer.echo(f"\n{caught} of {len(mutants)} mutants caught in {matrix.examples} examples; record: {path}")
    typer.echo("".join(_wrong(row) for row in matrix.rows if not row.is_right), nl=False)
    typer.echo(f"repeat with: {matrix.command}")


def _wrong(row: Row) -> str:
    if row.mutant is None:
        return f"{row.family}: the implementation itself was caught: look at it with redoraft fuzz\n"
    return f"{row.mutant} is caught by nothing, here or elsewhere\n"
