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
    *("table", "space", "ddl"),
    *("kind", "entry", "committed_entry", "committed_lsn", "committed_lsns"),
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

_STARTUP_ONLY: Final = frozenset({"phase", "applied_lsn"})
"""What RaftRedo has no variable for."""


@frozen
class Beside:
    """A module that may judge a run beside Startup, over the same log.

    `name` is what the operators of its trace specification begin with: `Trace<name>`, `<name>Init`,
    `<name>Matches` for its own actions (`Mapping.own_actions`), `<name>Shows` for what an event shows
    besides (`vars`, in order).
    `module` is what a header calls it; `matches_shown` says that `<name>Matches` gets what an event shows,
    too: the state after a step is what the node shows, and whether it is that of a step is asked then.
    """

    module: str
    name: str
    table: str
    vars: dict[str, str]
    matches_shown: bool = False


@frozen
class Alone:
    """A module that judges a run by itself: `Trace<name>`, whose operators have the names of those of
    TraceStartup.  `vars` and `told` are to it what `VARS` and `TOLD` are to Startup."""

    module: str
    name: str
    table: str
    vars: dict[str, str]
    told: dict[str, str]


STORAGE: Final = "StorageLimits"
BINLOG: Final = "Binlog"
DDL: Final = "DdlFileOps"
RAFT: Final = "RaftRedo"
LIMITS: Final = f"{STORAGE} alone"
"""Who judges a header that names StorageLimits and nothing else; `STORAGE` judges beside Startup."""
TABLES: Final = f"{DDL} beside Startup"
"""Who judges beside Startup a header that names DdlFileOps, too; `DDL` judges alone."""

BESIDE: Final = {
    STORAGE: Beside(
        module=STORAGE,
        name="Storage",
        table="mapping-storage.toml",
        vars={"checkpoint_lsn": "lsn", "deleted_lsn": "lsn", "page_lsns": "page_lsns"},
    ),
    BINLOG: Beside(
        module=BINLOG,
        name="Binlog",
        table="mapping-binlog.toml",
        vars={"binlog_size": "number", "binlog_xid": "xid"},
    ),
    TABLES: Beside(
        module=DDL,
        name="Tables",
        table="mapping-tables.toml",
        vars={
            "files_phase": "name",
            "files_lsn": "lsn",
            "files": "files",
            "open_tables": "files",
            "ddl_stage": "name",
            "ddl_step": "name",
        },
        matches_shown=True,
    ),
}
"""The modules that may judge beside Startup, one at a time, by the judges that they are (`judge_in`)."""

ALONE: Final = {
    DDL: Alone(
        module=DDL,
        name="Ddl",
        table="mapping-ddl.toml",
        vars={
            "role": "name",
            "phase": "name",
            "applied_lsn": "lsn",
            "files": "files",
            "open_tables": "files",
            "stage": "name",
            "step": "name",
            "last_lsn": "lsn",
            "majority_lsn": "lsn",
        },
        told={"phase": "phase", "applied": "applied_lsn", "files": "files", "cache": "open_tables"},
    ),
    RAFT: Alone(
        module=RAFT,
        name="Raft",
        table="mapping-raft.toml",
        vars={name: kind for name, kind in VARS.items() if name not in _STARTUP_ONLY},
        told={told: name for told, name in TOLD.items() if name not in _STARTUP_ONLY},
    ),
    LIMITS: Alone(
        module=STORAGE,
        name="Limits",
        table="mapping-limits.toml",
        vars={
            "serving_term": "number",
            "last_lsn": "lsn",
            "flushed_lsn": "lsn",
            "majority_lsn": "lsn",
            "applied_lsn": "lsn",
            "checkpoint_lsn": "lsn",
            "deleted_lsn": "lsn",
            "page_lsns": "page_lsns",
            "buffered_lsns": "page_lsns",
            "copied_lsns": "page_lsns",
            "committed_lsn": "committed_lsn",
            "peer_lsn": "committed_lsn",
        },
        told={
            "serving": "serving_term",
            "last": "last_lsn",
            "durable": "flushed_lsn",
            "known": "majority_lsn",
            "applied": "applied_lsn",
            "checkpoint": "checkpoint_lsn",
            "oldest": "deleted_lsn",
            "disk": "page_lsns",
            "buffer": "buffered_lsns",
            "copy": "copied_lsns",
        },
    ),
}
"""The modules that judge a run alone, by who judges (`judge_in`)."""


def beside_in(modules: Sequence[str]) -> str | None:
    """The judge beside Startup of a run that these modules judge; None if there is none."""
    return next((judge for judge, one in BESIDE.items() if one.module in modules), None)


def judge_in(modules: Sequence[str]) -> str | None:
    """Who has the trace specification of its own which judges such a run: a module beside Startup (a key of
    `BESIDE`), or one alone (of `ALONE`); None where TraceStartup does."""
    alone = (judge for judge, one in ALONE.items() if [one.module] == list(modules))
    return next(alone, beside_in(modules))


def vars_of(judge: str | None) -> dict[str, str]:
    """What an event may show in a run that this module judges, beside Startup or alone (`judge_in`)."""
    if judge in ALONE:
        return ALONE[judge].vars
    return VARS if judge is None else VARS | BESIDE[judge].vars


def told_of(judge: str | None) -> dict[str, str]:
    """What the trace specification of such a run tells of a state, and what a trace calls it."""
    return ALONE[judge].told if judge in ALONE else TOLD


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
    these, and `alone` the rows of those that judge by themselves."""

    module: str
    rows: dict[str, EventRow]
    beside: dict[str, dict[str, EventRow]]
    alone: dict[str, dict[str, EventRow]]

    def rows_of(self, judge: str | None) -> dict[str, EventRow]:
        """The rows of a run that this module judges, beside Startup or alone (`judge_in`)."""
        if judge in self.alone:
            return self.alone[judge]
        return self.rows if judge is None else self.rows | self.beside[judge]

    def own_actions(self, judge: str) -> frozenset[str]:
        """The actions that a module beside Startup has and Startup has not."""
        return frozenset(self.beside[judge].keys() - self.rows.keys())

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions of every module, each once."""
        tables = (self.rows, *self.beside.values(), *self.alone.values())
        return tuple(dict.fromkeys(action for rows in tables for action in rows))

    def hideable(self, judge: str | None = None) -> frozenset[str]:
        """The actions that the header of such a run may hide."""
        return frozenset(action for action, row in self.rows_of(judge).items() if row.hideable)


def load_mapping(spec: Path) -> Mapping:
    """Read the tables of a specification folder.

    Raises `CliError` (65) when it cannot be read, a kind of argument is unknown or an action has two rows.
    """
    module, rows = _table(spec / "trace" / TABLE)
    beside = {name: _table(spec / "trace" / one.table)[1] for name, one in BESIDE.items()}
    alone = {name: _table(spec / "trace" / one.table)[1] for name, one in ALONE.items()}
    return Mapping(module, rows, beside, alone)


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
