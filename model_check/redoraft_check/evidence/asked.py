"""What a row of the kill matrix asks of a mutant, and by which hash it knows its specification."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from attrs import frozen
from msgspec.structs import replace

from redoraft_check.counterexample.recorded import model_hash
from redoraft_check.evidence.records import KillRow, Within
from redoraft_check.tlc.manifest import Manifest, Model
from redoraft_check.tlc.matrix import properties_of
from redoraft_check.tlc.temporal import Column, columns_of


@frozen
class Asked:
    """The columns of one mutant's row: of states and steps, and of whole behaviours."""

    states: tuple[str, ...]
    behaviours: tuple[Column, ...]
    within: Mapping[str, Mapping[str, Within]]
    """The bounds in which liveness may be searched, by property and by model."""
    sha256: str
    """Of the mutant."""

    @property
    def names(self) -> tuple[str, ...]:
        """All columns."""
        return (*self.states, *(column.name for column in self.behaviours))

    def fits(self, row: KillRow) -> KillRow | None:
        """A row with these columns and no others, of which those are open that were searched in bounds that
        are not the present ones; None if it is of another specification."""
        if row.sha256 != self.sha256:
            return None
        kept = {
            name: found
            for name, found in row.within.items()
            if found.is_same(self.within.get(name, {}).get(found.model))
        }
        present = [name for name in self.names if (name in self.within) == (name in kept)]

        def of(decided: Collection[str]) -> tuple[str, ...]:
            return tuple(name for name in present if name in decided)

        return replace(
            row,
            asked=self.names,
            killed=of(row.killed),
            held=of(row.held),
            failed=of(row.failed),
            within=kept,
        )


def asked_of(models: Manifest, mutants: Manifest, mutant: Model, library: Sequence[Path]) -> Asked:
    """What is asked of a mutant.  Raises `CliError` (65) for a `.cfg` that cannot be read."""
    states = properties_of(models, mutants, mutant, library)
    behaviours = columns_of(models, mutants, mutant, library)
    within = {
        column.name: {one.name: Within(one.name, model_hash(models, one, library)) for one in column.models}
        for column in behaviours
        if column.model
    }
    named = {column.name for column in behaviours}
    return Asked(
        tuple(name for name in states if name not in named),
        behaviours,
        within,
        model_hash(mutants, mutant, library),
    )
