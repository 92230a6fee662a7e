"""The tables beside the trace specifications (spec/trace/mapping*.toml): which event is which action."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.toml import read_toml

ARGUMENT_KINDS: Final = (
    *("term", "node", "page", "pages", "page_lsns", "lsn", "leader_lsn", "retained"),
    *("number", "xid", "new_xid"),
)
TABLE: Final = "mapping.toml"

VARS: Final = {
    "term": "number",
    "voted_for": "name",
    "role": "name",
    "phase": "name",
    "last_lsn": "lsn",
    "flushed_lsn": "lsn",
    "majority_lsn": "lsn",
    "agreed_lsn": "lsn",
    "applied_lsn": "lsn",
    "last_term": "number",
    "last_index": "number",
}
"""What an event may show, in the order of TraceStartup!Shows, and how it is read."""


@frozen
class Beside:
    """A module that may judge a run beside Startup, over the same log.

    `name` is what the operators of its trace specification begin with: `Trace<name>`, `<name>Init`,
    `<name>Matches` for its own `actions`, `<name>Shows` for what an event shows besides (`vars`, in order).
    """

    name: str
    table: str
    actions: frozenset[str]
    vars: dict[str, str]


STORAGE: Final = "StorageLimits"
BINLOG: Final = "Binlog"

BESIDE: Final = {
    STORAGE: Beside(
        name="Storage",
        table="mapping-storage.toml",
        actions=frozenset(
            {"RecoverPages", "FlushPage", "TakeCopy", "FlushCopy", "Checkpoint", "DeleteRedo", "Seed"}
        ),
        vars={"checkpoint_lsn": "lsn", "deleted_lsn": "lsn", "page_lsns": "page_lsns"},
    ),
    BINLOG: Beside(
        name="Binlog",
        table="mapping-binlog.toml",
        actions=frozenset({"WriteBinlog", "TakeBinlog", "Dump"}),
        vars={"binlog_size": "number", "binlog_xid": "xid"},
    ),
}
"""The modules that may judge beside Startup, one at a time, by their names in a header."""

TOLD: Final = {
    "term": "term",
    "votedFor": "voted_for",
    "role": "role",
    "phase": "phase",
    "last": "last_lsn",
    "durable": "flushed_lsn",
    "known": "majority_lsn",
    "agreed": "agreed_lsn",
    "applied": "applied_lsn",
}
"""The fields of TraceStartup!Tell, and what a trace calls them."""


def beside_in(modules: Sequence[str]) -> str | None:
    """The module that judges beside Startup in a run that these judge; None if none does."""
    return next((module for module in BESIDE if module in modules), None)


def vars_of(beside: str | None) -> dict[str, str]:
    """What an event may show in a run that this module judges beside Startup."""
    return VARS if beside is None else VARS | BESIDE[beside].vars


@frozen
class EventRow:
    """One row: an event's action, the operator that it is, and its arguments in order with their kinds.

    `hideable` says that the trace specification takes the step by itself where a header hides it;
    `implementation` names the function that does it in our own system, as `module:qualified.name`.
    """

    action: str
    operator: str
    args: tuple[tuple[str, str], ...]
    implementation: str | None = None
    hideable: bool = False


@frozen
class Mapping:
    """The whole table of one module; `beside` has the rows of those that judge beside it, which stand over
    these."""

    module: str
    rows: dict[str, EventRow]
    beside: dict[str, dict[str, EventRow]]

    def rows_of(self, beside: str | None) -> dict[str, EventRow]:
        """The rows of a run that this module judges beside Startup."""
        return self.rows if beside is None else self.rows | self.beside[beside]

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of every module, each once."""
        return tuple(dict.fromkeys(action for rows in (self.rows, *self.beside.values()) for action in rows))

    @property
    def hideable(self) -> frozenset[str]:
        """The actions that a header may hide."""
        return frozenset(action for action, row in self.rows.items() if row.hideable)


def load_mapping(spec: Path) -> Mapping:
    """Read the tables of a specification folder.

    Raises `CliError` (65) when it cannot be read, a kind of argument is unknown or an action has two rows.
    """
    module, rows = _table(spec / "trace" / TABLE)
    beside = {name: _table(spec / "trace" / one.table)[1] for name, one in BESIDE.items()}
    return Mapping(module, rows, beside)


def _table(path: Path) -> tuple[str, dict[str, EventRow]]:
    raw = read_toml(path, dict[str, Any])
    try:
        rows: dict[str, EventRow] = {}
        for entry in raw["event"]:
            row = _row(entry)
            if row.action in rows:
                raise ValueError(f"{row.action} stands there twice")
            rows[row.action] = row
        return str(raw["module"]), rows
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise CliError(Exit.BAD_INPUT, f"{path}: bad row: {error}; see docs/validate.md") from error


def _row(entry: dict[str, object]) -> EventRow:
    args = entry.get("args", {})
    if not isinstance(args, dict):
        raise ValueError(f"args of {entry['action']} must be a table")
    for name, kind in args.items():
        if kind not in ARGUMENT_KINDS:
            raise ValueError(
                f"{entry['action']}.{name} is a {kind!r}, not one of {', '.join(ARGUMENT_KINDS)}"
            )
    implementation = entry.get("implementation")
    return EventRow(
        action=str(entry["action"]),
        operator=str(entry["operator"]),
        args=tuple((str(name), str(kind)) for name, kind in args.items()),
        implementation=str(implementation) if implementation is not None else None,
        hideable=entry.get("hideable", False) is True,
    )
