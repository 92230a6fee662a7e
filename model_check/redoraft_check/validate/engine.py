"""The TLC engine of `redoraft validate`: many runs in one TLC, each accepted only by its own printed line.

A line that TLC printed before it failed or was stopped counts: it stands for a behaviour that was found.  Its
absence counts only when TLC has searched everything.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Final

from attrs import evolve, field, frozen

from redoraft_check.oracle.values import Function, Value, from_tlc
from redoraft_check.paths import library_dirs
from redoraft_check.tlc.process import scratch_folder
from redoraft_check.tlc.result import Outcome, Progress, TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import Tools
from redoraft_check.tlc.values import Function as TlcFunction
from redoraft_check.tlc.values import Value as TlcValue
from redoraft_check.tlc.values import ValueSyntaxError, parse
from redoraft_check.validate.mapping import load_mapping, told_of, vars_of
from redoraft_check.validate.prepare import Constants, Prepared, Projecting, constants_of, prepare, refused
from redoraft_check.validate.tla import MODULE, Run, config, data_module, make_run, plain_name
from redoraft_check.validate.told import in_trace_words
from redoraft_check.validate.verdict import NodeStates, Status, Verdict

BATCH_EVENTS: Final = 50_000
"""Events in one run of TLC (a longer trace stands alone): its memory grows with the text of TraceData."""

_PASSED = re.compile(r'<<\s*"PASSED",\s*(\d+),\s*(\d+),')


@frozen
class _Told:
    """What TLC told of runs: how many events each passed, and the nodes after the last of them.

    Runs are numbered from 1, as in TraceData; `note` says why TLC did not come to its end.
    """

    places: dict[int, tuple[int, str]] = field(factory=dict)
    note: str | None = None

    def passed(self, run: int) -> int:
        """How many events this run has passed."""
        return self.places[run][0] if run in self.places else 0

    def last_good(self, run: int, one: Prepared) -> NodeStates:
        """The nodes after them; empty when there are none."""
        return _by_node(self.places[run][1], one.projected(self.passed(run))) if run in self.places else ()


@frozen
class Engine:
    """TLC on TraceStartup.

    `timeout_s` is wall time for each TLC run; `heap_mb` Java's heap in MiB; `off` the rules
    that are switched off.
    """

    spec: Path
    tools: Tools
    workers: int = 0
    timeout_s: float | None = None
    heap_mb: int | None = None
    on_progress: Callable[[Progress], None] | None = None
    off: tuple[str, ...] = ()

    def validate(self, paths: Sequence[Path]) -> list[Verdict]:
        """Judge traces; one verdict a path, in order.

        Raises `CliError` (65) when the specification or its mapping table cannot be read.
        """
        mapping = load_mapping(self.spec)
        found = [prepare(path, mapping) for path in paths]
        verdicts: dict[int, Verdict] = {i: one for i, one in enumerate(found) if isinstance(one, Verdict)}
        groups: dict[Constants, dict[int, Prepared]] = defaultdict(dict)
        for i, one in enumerate(found):
            if isinstance(one, Prepared):
                groups[constants_of(one.header)][i] = one
        for group in groups.values():
            for batch in _batches(group):
                verdicts.update(self._batch(batch))
        return [verdicts[i] for i in range(len(found))]

    def _batch(self, batch: dict[int, Prepared]) -> dict[int, Verdict]:
        """Judge runs that share their constants."""
        # A run of no events would be accepted: there is nothing in it to judge.
        judged = {i: one for i, one in batch.items() if one.events}
        accepted, undecided = self._search(judged)
        out = {i: _undecided(judged[i], note) for i, note in undecided.items()}
        lost = [i for i in judged if i not in accepted and i not in undecided]
        # All that could be projected is allowed: what stopped the projection has the last word.
        out.update({i: one.verdict for i, one in batch.items() if i not in undecided and i not in lost})
        # The state before an event that stopped the projection is asked for too.
        asked = [*lost, *(i for i in judged if i in out and out[i].status is Status.REFUSED)]
        if asked:
            told = self._tell([judged[i] for i in asked])
            for at, i in enumerate(asked, start=1):
                if i in lost:
                    out[i] = _refused(judged[i], told, at)
                else:
                    out[i] = evolve(out[i], last_good=told.last_good(at, batch[i]))
        return out

    def _search(self, runs: dict[int, Prepared]) -> tuple[set[int], dict[int, str]]:
        """Which runs are accepted, and which could not be judged, with the reason; the others are refused."""
        if not runs:
            return set(), {}
        made = {i: make_run(str(i), one.spec_events) for i, one in runs.items()}
        result = self._run(list(made.values()), next(iter(runs.values())), telling=False)
        lines = _acceptances(result)
        accepted = {i for i, run in made.items() if (run.id, run.events, run.hash) in lines}
        rest = {i: one for i, one in runs.items() if i not in accepted}
        if result.outcome is Outcome.HOLDS or not rest:
            return accepted, {}
        started = result.counts.initial is not None
        if result.outcome is not Outcome.ERROR or not started or len(runs) == 1:
            return accepted, dict.fromkeys(rest, _note(result))
        # One evaluation error ends a whole run of TLC: divide, until each stands alone with its own.
        undecided: dict[int, str] = {}
        for half in _halves(rest):
            more, notes = self._search(half)
            accepted |= more
            undecided.update(notes)
        return accepted, undecided

    def _tell(self, runs: Sequence[Prepared]) -> _Told:
        made = [make_run(str(at), one.spec_events) for at, one in enumerate(runs)]
        result = self._run(made, runs[0], telling=True)
        note = None if result.outcome is Outcome.HOLDS else _note(result)
        return _Told(_deepest(result), note)

    def _run(self, runs: Sequence[Run], one: Prepared, *, telling: bool) -> TlcResult:
        constants = constants_of(one.header)
        with scratch_folder() as place:
            (place / f"{MODULE}.tla").write_text(data_module(runs, constants.tables), encoding="utf-8")
            cfg = place / f"{constants.module}.cfg"
            cfg.write_text(config(constants, telling=telling, off=self.off), encoding="utf-8")
            job = TlcJob(
                module=self.spec / "trace" / f"{constants.module}.tla",
                config=cfg,
                library=(place, *library_dirs(self.spec)),
                workers=1 if telling else self.workers,
                timeout_s=self.timeout_s,
                heap_mb=self.heap_mb,
                coverage=False,
            )
            return run_tlc(job, self.tools, on_progress=self.on_progress)


def _batches(group: dict[int, Prepared]) -> Iterator[dict[int, Prepared]]:
    batch: dict[int, Prepared] = {}
    events = 0
    for i, one in group.items():
        if batch and events + len(one.events) > BATCH_EVENTS:
            yield batch
            batch, events = {}, 0
        batch[i] = one
        events += len(one.events)
    if batch:
        yield batch


def _halves(runs: dict[int, Prepared]) -> list[dict[int, Prepared]]:
    items = list(runs.items())
    middle = (len(items) + 1) // 2
    return [dict(items[:middle]), dict(items[middle:])]


def _acceptances(result: TlcResult) -> set[object]:
    """Id, length and hash of every line of acceptance."""
    values = [_parsed(text) for text in result.printed if '"ACCEPTED"' in text]
    return {value[1:] for value in values if isinstance(value, tuple) and value and value[0] == "ACCEPTED"}


def _parsed(text: str) -> object:
    try:
        return parse(text)
    except ValueSyntaxError:
        return None


def _deepest(result: TlcResult) -> dict[int, tuple[int, str]]:
    """For each run, by its place in the batch: the furthest event passed, and what was printed there."""
    out: dict[int, tuple[int, str]] = {}
    for text in result.printed:
        found = _PASSED.match(text)
        if found is not None and int(found[2]) > out.get(int(found[1]), (0, ""))[0]:
            out[int(found[1])] = int(found[2]), text
    return out


def _by_node(printed: str, projection: Projecting) -> NodeStates:
    """What the trace specification's Tell printed, node by node, in the words of a trace."""
    value = _parsed(printed)
    state = value[3] if isinstance(value, tuple) and len(value) > 3 else None
    columns = {str(name): dict(_pairs(function)) for name, function in _pairs(state)}
    kinds = vars_of(projection.judge)
    nodes: dict[str, dict[str, object]] = defaultdict(dict)
    for told, name in told_of(projection.judge).items():
        for quoted, one in columns.get(told, {}).items():
            node = plain_name(str(quoted))
            own = partial(projection.in_bytes, node)
            nodes[node][name] = in_trace_words(projection, kinds[name], _plain(from_tlc(one)), own)
    return tuple(sorted(nodes.items()))


def _plain(value: Value) -> Value:
    """With every name as it stood in the trace."""
    if isinstance(value, str):
        return plain_name(value)
    if isinstance(value, frozenset):
        return frozenset(map(_plain, value))
    return (
        Function({_plain(key): _plain(one) for key, one in value.items()})
        if isinstance(value, Function)
        else value
    )


def _pairs(value: object) -> Iterable[tuple[object, TlcValue]]:
    return value.pairs if isinstance(value, TlcFunction) else ()


def _refused(one: Prepared, told: _Told, at: int) -> Verdict:
    passed = told.passed(at)
    if passed >= len(one.events):
        return _undecided(one, "TLC passed every event and did not print the line of acceptance")
    if told.note is not None:
        reason = (
            f"the specification does not allow this run; which event it refuses is not known: {told.note}"
        )
        return evolve(_undecided(one, reason), status=Status.REFUSED)
    verdict = refused(one.verdict.path, one.events[passed], passed + 1)
    return evolve(
        verdict, events=one.verdict.events, torn=one.verdict.torn, last_good=told.last_good(at, one)
    )


def _undecided(one: Prepared, note: str) -> Verdict:
    found = one.verdict
    return Verdict(found.path, Status.UNKNOWN, events=found.events, reason=note, torn=found.torn)


def _note(result: TlcResult) -> str:
    note = result.note or (result.errors[0] if result.errors else f"TLC ended with {result.outcome.value}")
    return " ".join(note.split())
