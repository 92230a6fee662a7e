"""What a row of the kill matrix asks of a mutant, and by which hash it knows its specification."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

from attrs import frozen
from msgspec.structs import replace

from redoraft_check.counterexample.recorded import model_hash
from redoraft_check.evidence.records import KillRow
from redoraft_check.tlc.manifest import Manifest, Model
from redoraft_check.tlc.matrix import properties_of
from redoraft_check.tlc.temporal import Column, columns_of


@frozen
class Asked:
    """The columns of one mutant's row: of states and steps, and of whole behaviours."""

    states: tuple[str, ...]
    behaviours: tuple[Column, ...]
    sha256: str
    """Of the mutant, and of the models in whose bounds liveness is searched."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.states, *(column.name for column in self.behaviours))

    def fits(self, row: KillRow) -> KillRow | None:
        """A row with these columns and no others; None if it is of another specification."""
        if row.sha256 != self.sha256:
            return None
        names = self.names
        return replace(
            row,
            asked=names,
            killed=tuple(name for name in names if name in row.killed),
            held=tuple(name for name in names if name in row.held),
            failed=tuple(name for name in names if name in row.failed),
        )


def asked_of(models: Manifest, mutants: Manifest, mutant: Model, library: Sequence[Path]) -> Asked:
    """What is asked of a mutant.  Raises `CliError` (65) for a `.cfg` that cannot be read."""
    states = properties_of(models, mutants, mutant, library)
    behaviours = columns_of(models, mutants, mutant, library)
    hashes = [model_hash(mutants, mutant, library)]
    others = {column.model.name: column.model for column in behaviours if column.model}
    hashes += [model_hash(models, others[name], library) for name in sorted(others)]
    sha256 = hashes[0] if len(hashes) == 1 else hashlib.sha256("".join(hashes).encode()).hexdigest()
    named = {column.name for column in behaviours}
    return Asked(tuple(name for name in states if name not in named), behaviours, sha256)
