"""The TLC engine of `redoraft validate`: many runs in one TLC, each accepted only by its own printed line."""

from __future__ import annotations

import tempfile
from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path

from attrs import evolve, frozen

from redoraft_check.paths import library_dirs
from redoraft_check.tlc.result import Outcome, Progress, TlcResult
from redoraft_check.tlc.runner import TlcJob, run_tlc
from redoraft_check.tlc.tools import Tools
from redoraft_check.tlc.values import Function, ValueSyntaxError, parse
from redoraft_check.validate.mapping import load_mapping
from redoraft_check.validate.prepare import Prepared, prepare
from redoraft_check.validate.tla import MODULE, Run, config, data_module, make_run
from redoraft_check.validate.verdict import Status, Verdict

TRACE_MODULE = "TraceStartup"


@frozen
class Engine:
    """TLC on TraceStartup.  `timeout_s` is wall time for each TLC run; `heap_mb` Java's heap in MiB."""

    spec: Path
    tools: Tools
    workers: int = 0
    timeout_s: float | None = None
    heap_mb: int | None = None
    on_progress: Callable[[Progress], None] | None = None

    def validate(self, paths: Sequence[Path]) -> list[Verdict]:
        """Judge traces; one verdict a path, in order.

        Raises `CliError` (65) when the specification or its mapping table cannot be read.
        """
        mapping = load_mapping(self.spec)
        found = [prepare(path, mapping) for path in paths]
        verdicts: dict[int, Verdict] = {i: one for i, one in enumerate(found) if isinstance(one, Verdict)}
        groups: dict[object, list[tuple[int, Prepared]]] = defaultdict(list)
        for i, one in enumerate(found):
            if isinstance(one, Prepared):
                groups[one.constants].append((i, one))
        for group in groups.values():
            verdicts.update(self._group(group))
        return [verdicts[i] for i in range(len(found))]

    def _group(self, group: list[tuple[int, Prepared]]) -> dict[int, Verdict]:
        runs = {i: make_run(str(i), one.spec_events) for i, one in group}
        traces = dict(group)
        constants = group[0][1].constants
        result = self._run(list(runs.values()), constants, telling=False)
        if result.outcome is not Outcome.HOLDS:
            return self._one_by_one(group, result) if len(group) > 1 else {group[0][0]: _unknown(group[0][1], result)}
        accepted = _accepted(result, runs.values())
        refused = [i for i in runs if runs[i].id not in accepted]
        out = {i: _accepted_verdict(traces[i]) for i in runs if i not in refused}
        if refused:
            told = self._run([runs[i] for i in refused], constants, telling=True)
            out.update(self._explain(refused, traces, told))
        return out

    def _one_by_one(self, group: list[tuple[int, Prepared]], result: TlcResult) -> dict[int, Verdict]:
        """One evaluation error aborts a whole batch: judge each run alone, so that it names only its own."""
        if result.outcome is not Outcome.ERROR:
            return {i: _unknown(one, result) for i, one in group}
        out: dict[int, Verdict] = {}
        for member in group:
            out.update(self._group([member]))
        return out

    def _explain(self, refused: list[int], traces: dict[int, Prepared], told: TlcResult) -> dict[int, Verdict]:
        if told.outcome is not Outcome.HOLDS:
            return {i: _unknown(traces[i], told) for i in refused}
        deepest = _deepest(told)
        return {i: _refused(traces[i], *deepest.get(at, (0, ()))) for at, i in enumerate(refused, start=1)}

    def _run(
        self, runs: Sequence[Run], constants: tuple[Sequence[str], Sequence[str], Sequence[str]], *, telling: bool
    ) -> TlcResult:
        with tempfile.TemporaryDirectory(prefix="redoraft-") as folder:
            place = Path(folder)
            (place / f"{MODULE}.tla").write_text(data_module(runs), encoding="utf-8")
            cfg = place / f"{TRACE_MODULE}.cfg"
            cfg.write_text(config(*constants, telling=telling), encoding="utf-8")
            job = TlcJob(
                module=self.spec / "trace" / f"{TRACE_MODULE}.tla",
                config=cfg,
                library=(place, *library_dirs(self.spec)),
                workers=1 if telling else self.workers,
                timeout_s=self.timeout_s,
                heap_mb=self.heap_mb,
                coverage=False,
            )
            return run_tlc(job, self.tools, on_progress=self.on_progress)


def _printed(result: TlcResult, tag: str) -> Iterable[tuple[object, ...]]:
    for text in result.printed:
        if not text.startswith("<<"):
            continue
        try:
            value = parse(text)
        except ValueSyntaxError:
            continue
        if isinstance(value, tuple) and value and value[0] == tag:
            yield value


def _accepted(result: TlcResult, runs: Iterable[Run]) -> set[str]:
    """The ids of runs whose own line was printed: id, length and hash must all be those of the run."""
    lines = {value[1:] for value in _printed(result, "ACCEPTED")}
    return {run.id for run in runs if (run.id, run.events, run.hash) in lines}


def _deepest(result: TlcResult) -> dict[int, tuple[int, tuple[tuple[str, dict[str, object]], ...]]]:
    """For each run, by its place in the batch: how many events were passed, and the nodes after the last of them."""
    out: dict[int, tuple[int, tuple[tuple[str, dict[str, object]], ...]]] = {}
    for value in _printed(result, "PASSED"):
        run, cursor, state = value[1], value[2], value[3]
        if isinstance(run, int) and isinstance(cursor, int) and cursor > out.get(run, (0, ()))[0]:
            out[run] = (cursor, _by_node(state))
    return out


def _by_node(state: object) -> tuple[tuple[str, dict[str, object]], ...]:
    """A record of functions over nodes, turned into a record for each node."""
    nodes: dict[str, dict[str, object]] = defaultdict(dict)
    for name, function in state.pairs if isinstance(state, Function) else ():
        for node, value in function.pairs if isinstance(function, Function) else ():
            nodes[str(node)][str(name)] = value
    return tuple(sorted(nodes.items()))


def _accepted_verdict(one: Prepared) -> Verdict:
    """Everything that could be projected is allowed; what stopped the projection, if anything, has the last word."""
    if one.stopped is not None:
        return one.stopped
    return Verdict(one.path, Status.ACCEPTED, events=len(one.events), torn=one.torn)


def _refused(one: Prepared, passed: int, last_good: tuple[tuple[str, dict[str, object]], ...]) -> Verdict:
    if passed >= len(one.spec_events):
        reason = "TLC passed every event and did not print the line of acceptance"
        return Verdict(one.path, Status.UNKNOWN, events=len(one.events), reason=reason, torn=one.torn)
    event = one.events[passed]
    named = event.action or "any action"
    return Verdict(
        one.path,
        Status.REFUSED,
        events=len(one.events),
        line=one.lines[passed],
        reason=f"event {passed + 1} ({event.node} seq {event.seq}): the specification does not allow {named} here"
        " with what the node showed after it",
        event=one.text(passed),
        last_good=last_good,
        torn=one.torn,
    )


def _unknown(one: Prepared, result: TlcResult) -> Verdict:
    note = result.note or (result.errors[0] if result.errors else f"TLC ended with {result.outcome.value}")
    verdict = Verdict(one.path, Status.UNKNOWN, events=len(one.events), reason=" ".join(note.split()), torn=one.torn)
    return evolve(verdict, line=None)
