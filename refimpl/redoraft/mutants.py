"""The mutants of all parts, by name: what `--mutant NAME` may say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from attrs import define, frozen

from redoraft.binlog.mutants import ALL_BINLOG_MUTANTS
from redoraft.binlog.rules import ALL_BINLOG_RULES, BinlogRules
from redoraft.ddl.mutants import ALL_DDL_MUTANTS
from redoraft.ddl.rules import ALL_DDL_RULES, DdlRules
from redoraft.mutant import Mutant
from redoraft.raft.client_mutants import CLIENT_MUTANTS
from redoraft.raft.client_rules import ClientRules
from redoraft.raft.mutants import MUTANTS as RAFT_MUTANTS
from redoraft.raft.rules import ALL_RULES, Rules
from redoraft.redo.mutants import LOG_MUTANTS
from redoraft.redo.rules import ALL_LOG_RULES, LogRules
from redoraft.storage.mutants import MUTANTS as STORAGE_MUTANTS
from redoraft.storage.rules import ALL_STORAGE_RULES, StorageRules

AnyMutant = Mutant[Rules] | Mutant[LogRules] | Mutant[StorageRules] | Mutant[DdlRules] | Mutant[BinlogRules]

ALL_MUTANTS: dict[str, AnyMutant] = {
    **RAFT_MUTANTS,
    **CLIENT_MUTANTS,
    **LOG_MUTANTS,
    **STORAGE_MUTANTS,
    **ALL_DDL_MUTANTS,
    **ALL_BINLOG_MUTANTS,
}
"""No two of them have the same name."""


@frozen
class NodeRules:
    """The rules of every part of a node."""

    raft: Rules = ALL_RULES
    log: LogRules = ALL_LOG_RULES
    storage: StorageRules = ALL_STORAGE_RULES
    ddl: DdlRules = ALL_DDL_RULES
    binlog: BinlogRules = ALL_BINLOG_RULES


ALL_PARTS = NodeRules()
"""What a node runs with."""


def find_mutant(name: str) -> AnyMutant | None:
    """The mutant of that name, or the first that takes out the rule of that id; None if there is none."""
    return next((one for one in ALL_MUTANTS.values() if name in {one.name, one.rule}), None)


def rules_of(mutant: AnyMutant | None) -> NodeRules:
    """The rules of a node with that mutant, all on if there is none."""
    return ALL_PARTS if mutant is None else _parts_with(mutant.rules())


def _parts_with(found: object) -> NodeRules:
    match found:
        case StorageRules():
            return NodeRules(storage=found)
        case DdlRules():
            return NodeRules(ddl=found)
        case BinlogRules():
            return NodeRules(binlog=found)
        case LogRules():
            return NodeRules(log=found)
        case Rules():
            return NodeRules(raft=found)
        case _:
            raise TypeError(f"{found!r} is of no part of a node")


# --- what a run asks of a rule that is out ---


def taken_out(mutant: AnyMutant) -> list[tuple[type, str]]:
    """The methods that a mutant overrides, each with the class of the rules it is one of."""
    mutated = _mutated_class(mutant)
    return [(mutated.__mro__[1], name) for name in vars(mutated) if not name.startswith("__")]


@define
class Asked:
    """How often a run has asked the rule, and how often the mutant's answer was not the rule's."""

    times: int = 0
    otherwise: int = 0


def watched_rules(mutant: AnyMutant, asked: Asked) -> NodeRules:
    """Those of `rules_of`; `asked` counts.  The rules are pure, so that asking twice changes nothing."""
    mutated = _mutated_class(mutant)
    [(rules, method)] = taken_out(mutant)
    right, wrong = getattr(rules, method), getattr(mutated, method)
    watched = type(mutated.__name__, (mutated,), {method: _counting(right, wrong, asked)})()
    if isinstance(watched, ClientRules):
        return _parts_with(type(mutant.rules.__name__, (Rules,), {"clients": watched})())
    return _parts_with(watched)


def _mutated_class(mutant: AnyMutant) -> type:
    mutated: type = mutant.rules
    clients = vars(mutated).get("clients")
    return type(clients) if isinstance(clients, ClientRules) else mutated


def _counting(right: Callable[..., Any], wrong: Callable[..., Any], asked: Asked) -> Callable[..., Any]:
    def answer(self: object, *args: Any, **kwargs: Any) -> Any:
        given = wrong(self, *args, **kwargs)
        asked.times += 1
        asked.otherwise += bool(given != right(self, *args, **kwargs))
        return given

    return answer
