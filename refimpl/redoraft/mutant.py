"""A rule taken out, for showing that tests and trace checking notice.

The rules of a part (`raft.rules`, `storage.rules`) are the methods of one class; a mutant overrides exactly
one of them.  `redoraft.mutants` has those of all parts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Generic, TypeVar

from attrs import frozen

RulesT = TypeVar("RulesT")


@frozen
class Mutant(Generic[RulesT]):
    """A set of rules with `rule` (its requirement id, as in the specification's Off) taken out."""

    name: str
    rule: str
    summary: str
    rules: type[RulesT]


def by_name(table: Iterable[Mutant[RulesT]]) -> dict[str, Mutant[RulesT]]:
    """The mutants by their names, which differ."""
    return {mutant.name: mutant for mutant in table}
