"""Why a trace was refused: the trace-level side of `redoraft_check.oracle.explain`.

Three questions are put to the specification itself, over every state that was possible before the event.
Where does the nearest branch of the action end?  Which recorded value, left out alone, would make the event
allowed, and what is allowed in its place?  Which rule, switched off alone, would allow it?  Nothing here
knows a rule, an action or a line of the specification.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import deepcopy
from functools import partial
from pathlib import Path
from typing import Final

from attrs import define, evolve, field, frozen
from msgspec import structs

from redoraft_check.oracle.errors import Place
from redoraft_check.oracle.explain import Explainer, Trail
from redoraft_check.oracle.sides import FalseConjunct, described
from redoraft_check.oracle.source import Sources
from redoraft_check.oracle.spec import Spec, State, user_operator
from redoraft_check.oracle.switches import ids_in, switches_of
from redoraft_check.oracle.values import Value
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.tools import Tools, find_tools
from redoraft_check.validate.explanation import Conjunct, Explanation, WrongField
from redoraft_check.validate.mapping import (
    BESIDE,
    LIMITS,
    TOLD,
    VARS,
    EventRow,
    Mapping,
    vars_of,
)
from redoraft_check.validate.oracle_engine import load_trace_spec, told_by_node
from redoraft_check.validate.prepare import Constants, Projecting
from redoraft_check.validate.projection import ABSENT_LSNS, Projection, SpecEvent
from redoraft_check.validate.told import in_trace_words
from redoraft_check.validate.words import ABSENT, ABSENT_NAME, Unprojectable, Unsupported
from redoraft_traces import Event

MAX_LOOKED_AT: Final = 500
"""States of the frontier that are searched for the nearest branch."""

MATCHES: Final = "Matches"
LOG_MATCHES: Final = "LogMatches"
SHOWS: Final = "Shows"
_FIELD: Final = re.compile(r"(?:Name)?(Choices|Same)(?:Name|Files|Lsns)?\(([av])\[(\d+)\]")
"""How TraceStartup compares a recorded value: `Same(v[6], ...)`, `Choices(a[1], ...)`."""


@frozen
class Refusal:
    """A refused event and what was possible before it.

    `line` is its line in the file; `projection` stands before it; `spec_event` is None where it could not be
    projected, and `gap` says that `seq` is the reason.  `led_here` are the last events before it with
    their lines.
    """

    mapping: Mapping
    constants: Constants
    line: int
    event: Event
    spec_event: SpecEvent | None
    frontier: Sequence[State]
    projection: Projecting
    accepted: int
    nodes: tuple[str, ...]
    led_here: tuple[tuple[int, str], ...] = ()
    gap: bool = False

    @property
    def row(self) -> EventRow | None:
        """The row of the event's action; None if it names none that there is."""
        return self.mapping.rows_of(self.constants.judge).get(self.event.action or "")

    @property
    def vars(self) -> dict[str, str]:
        """What an event may show, and of what kind it is."""
        return vars_of(self.constants.judge)


@define
class TraceExplainer:
    """Explains refusals; compiled specifications are kept, one for each cluster and rule that is off."""

    spec: Path
    tools: Callable[[], Tools] = find_tools
    _compiled: dict[tuple[Constants, str], Explainer] = field(init=False, factory=dict)

    def explain(self, refusal: Refusal, *, with_rules: bool = True) -> Explanation:
        """The answer; the rules cost most of the time and can be left out.

        Raises `OutsideSubset` (20), `EvaluationError` (20) and `CliError` (65).
        """
        explainer = self.explainer(refusal.constants)
        answer = Explanation(
            accepted=refusal.accepted,
            action=refusal.event.action,
            states=len(refusal.frontier),
            looked_at=min(len(refusal.frontier), MAX_LOOKED_AT),
            frontier=_merged(explainer.spec, refusal),
            led_here=refusal.led_here,
        )
        if refusal.gap:
            return evolve(answer, fields=(WrongField("seq", refusal.event.seq),))
        if refusal.spec_event is None:
            return evolve(answer, fields=tuple(self._unprojectable(explainer, refusal)))
        return self._refused(explainer, refusal, refusal.spec_event, answer, with_rules=with_rules)

    def explainer(self, constants: Constants, off: str = "") -> Explainer:
        """TraceStartup, compiled for a cluster, with one rule switched off or none."""
        key = (constants, off)
        if key not in self._compiled:
            spec = load_trace_spec(self.spec, constants, self.tools, off=(off,) if off else ()).spec
            folders = (self.spec / "trace", *library_dirs(self.spec))
            self._compiled[key] = Explainer(spec, Sources(folders))
        return self._compiled[key]

    # --- an event that the specification refuses ----------------------------------------------------------

    def _refused(
        self,
        explainer: Explainer,
        refusal: Refusal,
        event: SpecEvent,
        answer: Explanation,
        *,
        with_rules: bool,
    ) -> Explanation:
        found, end = explainer.nearest(_looked_at(refusal), calls(refusal, event))
        if found or end is None:
            return evolve(answer, note="Matches and Shows allow it; another conjunct of Pass does not")
        first = described(explainer, end)
        behind = [described(explainer, one) for one in explainer.also_false(end)]
        after = _after(refusal)
        fields = tuple(self._fields(explainer, refusal, event, after)) or tuple(
            _compared(refusal, event, after, [first, *behind])
        )
        units = _Units(refusal, after, _lsn_params(explainer.spec, refusal))
        rules, exact = self._rules(refusal, event, [first, *behind]) if with_rules else ((), False)
        if not exact and any(one.alone for one in fields):
            # A conjunct that a rule would free says nothing where one recorded value is the reason.
            rules = ()
        return evolve(
            answer,
            action=_action(refusal, first),
            met=first.met,
            conjunct=_conjunct(explainer, first, units),
            also=tuple(_conjunct(explainer, one, units) for one in behind),
            fields=fields,
            rules=rules,
            exact=exact,
            mentioned=() if rules or fields else _mentioned(explainer, first),
        )

    def _fields(
        self, explainer: Explainer, refusal: Refusal, event: SpecEvent, after: Projecting
    ) -> Iterator[WrongField]:
        """The recorded values each of which, left out alone, makes the event allowed."""
        for kind, at, name in _recorded(refusal, event):
            less = without(event, kind, at)
            found, _ = explainer.nearest(_looked_at(refusal), calls(refusal, less))
            if found:
                allowed = _in_trace_terms(refusal, after, kind, name, _chosen(found, kind, at))
                yield WrongField(f"{_SECTION[kind]}.{name}", _shown(refusal.event, kind, name), allowed, True)

    def _rules(
        self, refusal: Refusal, event: SpecEvent, false: Sequence[FalseConjunct]
    ) -> tuple[tuple[str, ...], bool]:
        """The rules without which the event is allowed; else those without which a conjunct is not false."""
        base = self.explainer(refusal.constants)
        row = refusal.row
        known = sorted(switches_of(base.spec, row.operator if row is not None else MATCHES))
        ends: dict[str, set[object]] = {}
        allowing: list[str] = []
        for rule in known:
            other = self.explainer(refusal.constants, rule)
            found, furthest = other.nearest(_looked_at(refusal), calls(refusal, event))
            if found:
                allowing.append(rule)
            elif furthest is not None:
                ends[rule] = {_spot(one.node.place) for one in [furthest, *other.also_false(furthest)]}
        if allowing:
            return tuple(allowing), True
        for one in false:
            freeing = tuple(rule for rule, spots in ends.items() if _spot(one.place) not in spots)
            if freeing:
                return freeing, False
        return (), False

    # --- an event that has no words in the specification --------------------------------------------------

    def _unprojectable(self, explainer: Explainer, refusal: Refusal) -> list[WrongField]:
        """The values without which the event has words; first of all those without which it is allowed."""
        allowed: list[WrongField] = []
        worded: list[WrongField] = []
        for section, name, shown, less in _lesser(refusal.event):
            after = deepcopy(refusal.projection)
            try:
                event = after.event(less)
            except (Unprojectable, Unsupported):
                continue
            found, _ = explainer.nearest(_looked_at(refusal), calls(refusal, event))
            label = f"{section}.{name}" if section else name
            if not found:
                worded.append(WrongField(label, shown))
                continue
            values: tuple[object, ...] = ()
            for kind, at, recorded in _all_fields(refusal, event):
                if (_SECTION[kind], recorded) == (section, name):
                    values = _in_trace_terms(refusal, after, kind, name, _chosen(found, kind, at))
            allowed.append(WrongField(label, shown, values, alone=True))
        told = [one for one in allowed or worded if one.name != "action"]
        return told or allowed or list(self._unworded(refusal))

    def _unworded(self, refusal: Refusal) -> Iterator[WrongField]:
        """The LSNs each of which has no words by itself, where there are several."""
        event, row = refusal.event, refusal.row
        kinds = {"args": dict(row.args) if row is not None else {}, "vars": refusal.vars}
        plain = {
            section: {k: v for k, v in given.items() if not kinds[section].get(k, "").endswith("lsn")}
            for section, given in (("args", event.args), ("vars", event.vars))
        }
        for section, given in (("args", event.args), ("vars", event.vars)):
            for name in [one for one in given if one not in plain[section]]:
                only = {**plain, section: {**plain[section], name: given[name]}}
                try:
                    deepcopy(refusal.projection).event(structs.replace(event, **only))
                except Unprojectable:
                    yield WrongField(f"{section}.{name}", given[name])
                except Unsupported:
                    continue


def calls(refusal: Refusal, event: SpecEvent) -> list[tuple[str, tuple[Value, ...]]]:
    """What Pass asks of an event, or JointPass of the module beside it, besides the cursor."""
    named, shown = (event.action, event.node, event.args), (event.node, event.shown)
    judge = refusal.constants.judge
    if judge not in BESIDE:
        return [(MATCHES, named), (SHOWS, shown)]
    beside, own = BESIDE[judge], event.action in refusal.mapping.own_actions(judge)
    given = (*named, event.shown) if own and beside.matches_shown else named
    matches = f"{beside.name}Matches" if own else LOG_MATCHES
    return [(matches, given), (SHOWS, shown), (f"{beside.name}Shows", shown)]


_SECTION: Final = {"a": "args", "v": "vars"}


def without(event: SpecEvent, kind: str, at: int) -> SpecEvent:
    """An event with one value left open: `kind` is "a" or "v", `at` its place from 1."""
    given = event.args if kind == "a" else event.shown
    value = given[at - 1]
    absent = ABSENT_LSNS if isinstance(value, tuple) else ABSENT_NAME if isinstance(value, str) else ABSENT
    less = (*given[: at - 1], absent, *given[at:])
    return event._replace(args=less) if kind == "a" else event._replace(shown=less)


def _looked_at(refusal: Refusal) -> Sequence[State]:
    return refusal.frontier[:MAX_LOOKED_AT]


def _all_fields(refusal: Refusal, event: SpecEvent) -> Iterator[tuple[str, int, str]]:
    row = refusal.mapping.rows_of(refusal.constants.judge).get(event.action)
    for at, (name, _) in enumerate(row.args if row is not None else (), start=1):
        yield "a", at, name
    for at, (name, _) in enumerate(zip(refusal.vars, event.shown, strict=False), start=1):
        yield "v", at, name


def _recorded(refusal: Refusal, event: SpecEvent) -> Iterator[tuple[str, int, str]]:
    for kind, at, name in _all_fields(refusal, event):
        value = (event.args if kind == "a" else event.shown)[at - 1]
        if value not in (ABSENT, ABSENT_NAME, ABSENT_LSNS):
            yield kind, at, name


def _shown(event: Event, kind: str, name: str) -> object:
    return (event.args if kind == "a" else event.vars).get(name)


def _lesser(event: Event) -> Iterator[tuple[str, str, object, Event]]:
    """An event without each one of the things that it says."""
    if event.action is not None:
        yield "", "action", event.action, structs.replace(event, action=None, args={})
    for section in ("args", "vars"):
        given = getattr(event, section)
        for name, value in given.items():
            rest = {key: one for key, one in given.items() if key != name}
            yield section, name, value, structs.replace(event, **{section: rest})


# --- what was chosen on the ways that are left -------------------------------------------------------------


def _chosen(found: Iterable[Trail], kind: str, at: int) -> list[Value]:
    """The values that stand in the place of a recorded one on these ways, each once."""
    out: dict[Value, None] = {}
    for trail in found:
        for text, values in trail:
            named = _FIELD.match(text)
            if named is not None and (named[2], int(named[3])) == (kind, at):
                out[values[0] if named[1] == "Choices" else values[1]] = None
    return list(out)


def _compared(
    refusal: Refusal, event: SpecEvent, after: Projecting, false: Iterable[FalseConjunct]
) -> Iterator[WrongField]:
    """The recorded values that stand in false comparisons, where more than one is wrong."""
    names = {(kind, at): name for kind, at, name in _recorded(refusal, event)}
    for one in false:
        named = _FIELD.match(one.text)
        if named is None or named[1] != "Same" or len(one.parts) < 2:
            continue
        kind, name = named[2], names[named[2], int(named[3])]
        allowed = _in_trace_terms(refusal, after, kind, name, [one.parts[1].exact])
        yield WrongField(f"{_SECTION[kind]}.{name}", _shown(refusal.event, kind, name), allowed)


def _in_trace_terms(
    refusal: Refusal, after: Projecting, kind: str, name: str, values: Iterable[Value]
) -> tuple[object, ...]:
    row = refusal.row
    unit = refusal.vars[name] if kind == "v" else dict(row.args)[name] if row is not None else ""
    out = [_in_bytes(refusal, after, unit, value) for value in values]
    return tuple(sorted(out, key=lambda one: (isinstance(one, str), one)))


def _in_bytes(refusal: Refusal, after: Projecting, unit: str, value: Value) -> int | str:
    found: int | None
    event = refusal.event
    if unit == "lsn":
        # What the event has cut from the log is known before it only.
        views = (view.in_bytes(event.node, value) for view in (after, refusal.projection))
        found = next((lsn for lsn in views if lsn is not None), None)
    elif unit == "page_lsns":
        return str(in_trace_words(after, unit, value, partial(after.in_bytes, event.node)))
    elif unit == "leader_lsn" and isinstance(after, Projection):
        found = after.leader_in_bytes(event.args.get("term", event.vars.get("term")), value)
    else:
        words = after.plain(unit, value)
        return words if isinstance(words, (int, str)) else str(words)
    return f"(mtr {value})" if found is None else found


def _after(refusal: Refusal) -> Projecting:
    """The projection behind the event: its log has the mtrs that the event may name."""
    after = deepcopy(refusal.projection)
    after.event(refusal.event)
    return after


def _merged(spec: Spec, refusal: Refusal) -> tuple[tuple[str, dict[str, tuple[object, ...]]], ...]:
    """For each node and variable the values that it has in some state of the frontier."""
    nodes: dict[str, dict[str, dict[object, None]]] = {}
    for state in _looked_at(refusal):
        for node, shown in told_by_node(spec, state, refusal.projection):
            for name, value in shown.items():
                told = str(value) if isinstance(value, dict) else value
                nodes.setdefault(node, {}).setdefault(name, {})[told] = None
    return tuple((node, {name: tuple(one) for name, one in shown.items()}) for node, shown in nodes.items())


_LSN_TEXT: Final = re.compile(
    rf"(?:{'|'.join(name for name, told in TOLD.items() if VARS[told] == 'lsn')}|Len\(log)('?)\[(\w+)\]\)?"
)
"""An expression whose value is an LSN: `durable[n]`, `known'[n]`, `Len(log[n])`."""


@frozen
class _Units:
    """Gives LSNs in a conjunct in bytes too; `params` are the arguments that are LSNs."""

    refusal: Refusal
    after: Projecting
    params: dict[str, str]

    def of(self, text: str, value: str, bound: dict[str, str]) -> str:
        """A value, and in bytes where it is an LSN."""
        lsn: int | str | None = None
        named = _LSN_TEXT.fullmatch(text)
        if not value.isdecimal():
            return value
        if text in self.params:
            lsn = _in_bytes(self.refusal, self.after, self.params[text], int(value))
        elif named is not None:
            node = bound.get(named[2], "").strip('"')
            projection = self.after if named[1] else self.refusal.projection
            lsn = projection.in_bytes(node, int(value)) if node in self.refusal.nodes else None
        return f"{value} (lsn {lsn})" if isinstance(lsn, int) else value


def _lsn_params(spec: Spec, refusal: Refusal) -> dict[str, str]:
    """The parameters of the action's operator that are LSNs, with their kinds."""
    row = refusal.row
    if row is None:
        return {}
    whole = user_operator(spec.tree, spec.compiler.binder, row.operator).definition.params
    # The first one is the node, but where there is only one.
    params = whole if refusal.constants.judge == LIMITS else whole[1:]
    if len(params) != len(row.args):
        return {}
    pairs = zip(params, row.args, strict=True)
    return {spec.tree.params[uid].name: kind for uid, (_, kind) in pairs if kind.endswith("lsn")}


def _conjunct(explainer: Explainer, one: FalseConjunct, units: _Units) -> Conjunct:
    bound = dict(one.bound)
    file = explainer.sources.file(one.place.module)
    return Conjunct(
        place=f"{one.place.module}.tla:{one.place.line}",
        file=str(file) if file is not None else one.place.module,
        line=one.place.line,
        text=one.text,
        inside=tuple(f"{name} ({place.module}.tla:{place.line})" for name, place in one.inside),
        values=tuple((part.text, units.of(part.text, part.value, bound)) for part in one.parts),
        bound=tuple((name, units.of(name, value, bound)) for name, value in one.bound),
        reason=one.reason,
    )


def _spot(place: Place) -> tuple[str, int, int]:
    return place.module, place.line, place.column


def _action(refusal: Refusal, first: FalseConjunct) -> str | None:
    """The action that comes nearest: the one that is named, or that of the operator reached."""
    if refusal.event.action is not None:
        return refusal.event.action
    rows = refusal.mapping.rows_of(refusal.constants.judge)
    operators = {row.operator: row.action for row in rows.values()}
    return next((operators[name] for name in first.opened if name in operators), None)


def _mentioned(explainer: Explainer, first: FalseConjunct) -> tuple[str, ...]:
    """Ids in the comments above the operators around a conjunct; the innermost comment that has one."""
    for _, place in reversed(first.inside):
        found = ids_in(explainer.sources.comment_above(place))
        if found:
            return found
    return ()
