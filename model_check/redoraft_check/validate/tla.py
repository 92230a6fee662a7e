"""Runs as a TLA+ module: what TraceStartup reads."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Final
from urllib.parse import quote, unquote

from attrs import frozen

from redoraft_check.validate.limits_projection import OTHER_KINDS
from redoraft_check.validate.mapping import BESIDE, DDL, LIMITS
from redoraft_check.validate.prepare import Constants
from redoraft_check.validate.projection import SpecEvent
from redoraft_check.validate.words import Value

MODULE = "TraceData"

_LARGEST: Final = 2**31 - 1
"""TLC's largest integer.  Nothing that is counted gets there in any trace, so larger ones fare the same."""

# Everything else is written as %XX: what TLC is given is plain ASCII, and no name can end its own string.
_PLAIN: Final = " !#$&'()*+,/:;=?@[]"


@frozen
class Run:
    """One run to be judged: its events in spec terms, an id, and the hash of exactly what TLC is given."""

    id: str
    text: str
    events: int
    hash: str


def make_run(id_: str, events: Sequence[SpecEvent]) -> Run:
    """Render a run; the hash (SHA-256, 16 hex digits) ties TLC's answer to the content."""
    text = ",\n".join(_event(event) for event in events)
    return Run(id_, text, len(events), hashlib.sha256(text.encode()).hexdigest()[:16])


def data_module(runs: Iterable[Run], tables: Sequence[tuple[str, int]] = ()) -> str:
    """The text of the module TraceData; `tables` are there at first, where TraceDdl judges (Given)."""
    records = ",\n".join(
        f'[id |-> {_quote(run.id)}, hash |-> "{run.hash}", events |-> <<\n{run.text}>>]' for run in runs
    )
    given = _value(tuple(tables))
    return f"---- MODULE {MODULE} ----\nEXTENDS Integers\nGiven == {given}\nRuns == <<\n{records}\n>>\n====\n"


def config(constants: Constants, *, telling: bool, off: Sequence[str] = ()) -> str:
    """The configuration for runs that share these constants; the rules `off` are off."""
    beside = BESIDE.get(constants.judge or "")
    init, following = ("Trace", "Trace") if beside is None else (beside.name, "Joint")
    return "\n".join(
        [
            f"INIT {init}Init",
            f"NEXT {following}Next",
            "CONSTANTS",
            f"    DataNodes = {_set(constants.data_nodes)}",
            f"    Off = {_set(off)}",
            f"    Telling = {'TRUE' if telling else 'FALSE'}",
            *_given(constants),
            "",
        ]
    )


def _given(constants: Constants) -> list[str]:
    """The constants that not every trace specification has."""
    if constants.judge == DDL:
        return [
            f"    TableNames = {_set(constants.table_names)}",
            '    None = "none"',
            "    InitialTables <- GivenTables",
        ]
    if constants.judge == LIMITS:
        # Terms and entries of others are what the events say.
        return [
            f"    Pages = {_set(constants.pages)}",
            f"    OtherKinds = {_set(OTHER_KINDS)}",
            "    Terms = {}",
            "    Entries = {}",
        ]
    carrier = [f"    Carrier = {_quote(constants.carrier)}"] if constants.carrier else []
    return [
        f"    LogNodes = {_set(constants.log_nodes)}",
        f"    Hidden = {_set(constants.hidden)}",
        *carrier,
    ]


def plain_name(printed: str) -> str:
    """A name as it stood in the trace, from how TLC printed it."""
    return unquote(printed)


def _event(event: SpecEvent) -> str:
    args = ", ".join(_value(value) for value in event.args)
    shown = ", ".join(_value(value) for value in event.shown)
    return f"<<{_quote(event.action)}, {_quote(event.node)}, <<{args}>>, <<{shown}>>>>"


def _value(value: Value) -> str:
    if isinstance(value, tuple):
        return f"<<{', '.join(map(_value, value))}>>"
    return _quote(value) if isinstance(value, str) else str(min(value, _LARGEST))


def _quote(text: str) -> str:
    return f'"{quote(text, safe=_PLAIN)}"'


def _set(names: Sequence[str]) -> str:
    return "{" + ", ".join(_quote(name) for name in names) + "}"
