"""A judged walk as a scenario: its events as steps in the specification's words (docs/scenarios.md).

A crash makes no event: its step stands where the node ended, and leaves what the restart has found.  A crash
without a restart shows nothing and is left out.
"""

from __future__ import annotations

from typing import Final

from redoraft.raft.mutants import MUTANTS
from redoraft_check.fuzz.example import judges
from redoraft_check.fuzz.walks import JudgedWalk
from redoraft_check.validate.mapping import TOLD, VARS
from redoraft_check.validate.projection import NO_ONE, SpecEvent
from redoraft_check.validate.words import ABSENT, ABSENT_NAME
from redoraft_traces.scenario import Scenario, Step, Word

_ARGUMENTS: Final = {"upto_lsn": "upto", "majority_lsn": "majority", "cut_lsn": "cut"}
_ABSENT: Final = (ABSENT, ABSENT_NAME)
_UNTOLD: Final = frozenset({"end_lsn", "from_lsn"})
"""Arguments that a scenario does not have: they follow from the others."""
_AT_FIRST: Final[dict[str, Word]] = {
    "term": 0,
    "votedFor": NO_ONE,
    "role": "follower",
    "phase": "aligning",
    **dict.fromkeys(("last", "durable", "known", "agreed", "applied"), 0),
}
"""A node before its first event (spec: StartupInit)."""
_SPEC_NAMES: Final = {trace: spec for spec, trace in TOLD.items()}


def scenario_of(judged: JudgedWalk, source: str) -> Scenario | None:
    """The events that were judged, the refused one last; None where a scenario has no words for them.

    Its rule is the one that the walk's mutant takes out, none if there is no mutant.
    """
    events, trouble = judged.lockstep.projected, judged.trouble
    mutant = judged.subject.mutant
    speaks = len(events) == len(judged.walk.events) or (trouble is not None and trouble.cause[0] == "refused")
    if judged.ddl or not events or not speaks or mutant not in {None, *MUTANTS}:
        return None
    return Scenario(
        rule=MUTANTS[mutant].rule if mutant else "",
        title=MUTANTS[mutant].summary if mutant else "" if trouble is None else trouble.text,
        source=source,
        data_nodes=list(judged.members.data_nodes),
        log_nodes=list(judged.members.log_nodes),
        steps=_steps(judged),
    )


def _steps(judged: JudgedWalk) -> list[Step]:
    rows = judges(judged.subject.spec)[1].rows
    steps: list[Step] = []
    shown: dict[str, dict[str, Word]] = {}
    events = judged.lockstep.projected
    stops = list(judged.walk.stops)
    for number, event in enumerate([*events, None]):
        while stops and stops[0].events <= number:
            stop = stops.pop(0)
            back = next((one for one in events[stop.events :] if _restarts(one, stop.node)), None)
            if back is not None:
                left = _told(back).get("last", 0)
                shown.setdefault(stop.node, dict(_AT_FIRST))["role"] = "down"
                steps.append(Step(node=stop.node, do="Crash", args={"left": left}, then={"role": "down"}))
        if event is not None:
            args = dict(zip((name for name, _ in rows[event.action].args), event.args, strict=True))
            steps.append(
                Step(
                    node=event.node,
                    do=event.action,
                    args={
                        _ARGUMENTS.get(name, name): value
                        for name, value in args.items()
                        if name not in _UNTOLD and not isinstance(value, tuple) and value not in _ABSENT
                    },
                    then=_changed(shown.setdefault(event.node, dict(_AT_FIRST)), _told(event)),
                )
            )
    return steps


def _restarts(event: SpecEvent, node: str) -> bool:
    return event.action == "Restart" and event.node == node


def _told(event: SpecEvent) -> dict[str, Word]:
    """What the node showed, under the specification's names."""
    return {
        _SPEC_NAMES[name]: value
        for name, value in zip(VARS, event.shown, strict=True)
        if name in _SPEC_NAMES and not isinstance(value, tuple) and value not in _ABSENT
    }


def _changed(before: dict[str, Word], now: dict[str, Word]) -> dict[str, Word]:
    """What is not as it was in the node's last event."""
    changed = {name: value for name, value in now.items() if before.get(name) != value}
    before.update(now)
    return changed
