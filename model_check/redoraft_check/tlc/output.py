"""From TLC's messages to a `TlcResult`: a table of codes, and a cross-check with the exit code.

The codes are those of TLC's `EC` constants, observed with release 2.15.  A run counts as *holds* only when
TLC said so and left with 0; a violation only when message and exit code agree.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from attrs import evolve

from redoraft_check.tlc.messages import Line, Message, MessageStream, Severity
from redoraft_check.tlc.result import (
    VIOLATIONS,
    ActionCount,
    Counterexample,
    Counts,
    Location,
    Outcome,
    PropertyKind,
    Stop,
    TlcResult,
    TraceState,
)
from redoraft_check.tlc.values import is_balanced

_PLACE = r"line (\d+), col (\d+) to line (\d+), col (\d+) of module (\w+)"
_STATE = re.compile(rf"^(\d+): <(?:([^\s(>]+)(?:\(.*\))? {_PLACE}.*|[^>]*)>\s*$")
_COVERAGE = re.compile(
    rf"^<([^\s(]+)(?:\(.*\))? {_PLACE}(?: \((\d+) (\d+) (\d+) (\d+)\))?>: ([\d,]+)(?::([\d,]+))?"
)
_PROGRESS = re.compile(
    r"Progress(?:\((-?[\d,]+)\))?.*?(-?[\d,]+) states generated"
    r".*?(-?[\d,]+) distinct.*?(-?[\d,]+) states left",
    re.DOTALL,
)
_TOTALS = re.compile(r"(-?[\d,]+) states generated, (-?[\d,]+) distinct states found, (-?[\d,]+) states left")
_PARSER_CHATTER = ("Parsing file", "Semantic processing of module", "Linting of module")

_VIOLATION_CODES: dict[int, tuple[Outcome, PropertyKind | None]] = {
    2107: (Outcome.SAFETY, PropertyKind.INVARIANT),
    2108: (Outcome.SAFETY, PropertyKind.INITIAL),
    2110: (Outcome.SAFETY, PropertyKind.INVARIANT),
    2112: (Outcome.SAFETY, PropertyKind.ACTION),
    2114: (Outcome.DEADLOCK, None),
    2116: (Outcome.LIVENESS, PropertyKind.TEMPORAL),
}
BEHAVIOUR = 2121
"""The heading of a counterexample: something was violated."""

_TRACE_HEADINGS = frozenset({BEHAVIOUR, 2264})
_MEMORY_CODES = frozenset({1001, 1002, 1003, 1004})
# A JVM that took SIGINT, SIGKILL or SIGTERM; TLC's own codes above 128 are 150, 151 and 255.
_SIGNALLED = frozenset({130, 137, 143})
_BOILERPLATE = (
    "TLC threw an unexpected exception",
    "This was probably caused by",
    "See the User Output",
    "The exception was a",
    "TLC was unable to fingerprint",
    "Semantic errors",
    "*** Errors:",
)
_NAMED = re.compile(r"(?:[Ii]nvariant|[Pp]roperty) (\S+) (?:is|was) violated")

_EXIT_CODES: dict[tuple[Outcome, PropertyKind | None], frozenset[int]] = {
    (Outcome.HOLDS, None): frozenset({0}),
    (Outcome.DEADLOCK, None): frozenset({11}),
    (Outcome.SAFETY, PropertyKind.INVARIANT): frozenset({12}),
    # 2.15 leaves with 13 for both, although a finite behaviour refutes them.
    (Outcome.SAFETY, PropertyKind.ACTION): frozenset({12, 13}),
    (Outcome.SAFETY, PropertyKind.INITIAL): frozenset({12, 13}),
    (Outcome.LIVENESS, PropertyKind.TEMPORAL): frozenset({13}),
}


class ResultBuilder:
    """Takes messages and lines as they come and says at the end what the run came to."""

    def __init__(self) -> None:
        self.counts = Counts()
        self._violation: Message | None = None
        self._states: list[TraceState] = []
        self._stutters = False
        self._loop_to: int | None = None
        self._coverage: list[ActionCount] = []
        self._printed: list[str] = []
        self._parser: list[str] = []
        self._parsing = False
        self._errors: list[str] = []
        self._warnings: list[str] = []
        self._codes: set[int] = set()
        self._version: str | None = None
        self._seed: int | None = None
        self._unfinished = ""

    def take(self, item: Message | Line) -> None:
        """Note one message or line."""
        if isinstance(item, Line):
            self._take_line(item.text)
            return
        self._codes.add(item.code)
        handler = _HANDLERS.get(item.code)
        if handler is not None:
            handler(self, item)
        elif item.code in _VIOLATION_CODES:
            self._violated(item)
        elif item.severity in {Severity.ERROR, Severity.BUG} and item.code not in _TRACE_HEADINGS:
            self._error(item)
        elif item.severity is Severity.WARNING:
            self._warnings.append(item.text)

    def saw(self, code: int) -> bool:
        """Whether a message with this code has come."""
        return code in self._codes

    def finish(
        self,
        exit_code: int | None,
        stop: Stop = Stop.ITSELF,
        *,
        simulated: bool = False,
        trust_exit_code: bool = True,
    ) -> TlcResult:
        """The result.  `trust_exit_code=False` for distributed mode, whose exit code is always 0."""
        self._flush()
        outcome, kind, note = self._judge(exit_code, stop, simulated=simulated, trust=trust_exit_code)
        name = self._property_name() if outcome in VIOLATIONS else None
        shown = self._states and outcome is not Outcome.HOLDS
        trace = Counterexample(tuple(self._states), self._stutters, self._loop_to) if shown else None
        return TlcResult(
            outcome=outcome,
            property_name=name,
            property_kind=kind if outcome in VIOLATIONS else None,
            counterexample=trace,
            counts=self.counts,
            coverage=tuple(self._coverage),
            printed=tuple(self._printed),
            errors=tuple(self._errors),
            warnings=tuple(self._warnings),
            note=note,
            exit_code=exit_code,
            version=self._version,
            seed=self._seed,
        )

    def _judge(
        self, exit_code: int | None, stop: Stop, *, simulated: bool, trust: bool
    ) -> tuple[Outcome, PropertyKind | None, str | None]:
        for outcome, note in self._not_judged(exit_code, stop):
            return outcome, None, note
        if self._violation is not None:
            verdict, kind = _VIOLATION_CODES[self._violation.code]
        elif 2193 in self._codes or (simulated and {2269, 2186} <= self._codes):
            verdict, kind = Outcome.HOLDS, None
        else:
            return Outcome.ERROR, None, f"TLC ended without a verdict (exit code {exit_code})"
        if trust and exit_code is not None and exit_code not in _EXIT_CODES[verdict, kind]:
            said = f"TLC's output says {verdict.value} but its exit code is {exit_code}"
            return Outcome.ERROR, None, said
        return verdict, kind, None

    def _not_judged(self, exit_code: int | None, stop: Stop) -> Iterator[tuple[Outcome, str]]:
        """The reasons why there is no verdict, most telling first."""
        if stop is not Stop.ITSELF:
            yield Outcome.UNKNOWN, f"stopped by {stop.value} before TLC had an answer"
        if self._codes & _MEMORY_CODES:
            yield Outcome.UNKNOWN, "TLC ran out of memory; give it more with --heap"
        if not self._codes:
            yield Outcome.UNKNOWN, f"Java did not start TLC: {_headline(self._printed) or 'no output'}"
        if exit_code is not None and (exit_code < 0 or exit_code in _SIGNALLED):
            yield Outcome.UNKNOWN, f"Java was ended from outside (exit code {exit_code})"
        if self._errors:
            yield Outcome.ERROR, _headline(self._errors)

    def _take_line(self, line: str) -> None:
        if self._parsing:
            if line.strip() and not line.startswith(_PARSER_CHATTER):
                self._parser.append(line)
            return
        if not self._unfinished and not line.strip():
            return
        self._unfinished = f"{self._unfinished} {line.strip()}".strip()
        if is_balanced(self._unfinished):
            self._flush()

    def _flush(self) -> None:
        if self._unfinished:
            self._printed.append(self._unfinished)
        self._unfinished = ""

    def _parse_starts(self, _: Message) -> None:
        self._parsing = True

    def _parse_ends(self, _: Message) -> None:
        self._parsing = False

    def _parse_failed(self, _: Message) -> None:
        self._errors.append("\n".join(self._parser) or "TLC could not parse the specification")

    def _error(self, message: Message) -> None:
        if message.text:
            self._errors.append(message.text)

    def _violated(self, message: Message) -> None:
        if self._violation is not None:
            return
        self._violation = message
        _, _, state = message.text.partition("\n")
        if message.code in {2107, 2108} and state.strip():
            self._states = [TraceState(1, None, None, _variables(state))]

    def _property_name(self) -> str | None:
        named = _NAMED.search(self._violation.text) if self._violation else None
        return named[1] if named else None

    def _state(self, message: Message) -> None:
        head, _, body = message.text.partition("\n")
        found = _STATE.match(head)
        if found is None or not message.complete:
            return
        place = _location(found.groups()[2:7]) if found[2] else None
        self._states.append(TraceState(int(found[1]), found[2], place, _variables(body)))

    def _stuttering(self, _: Message) -> None:
        self._stutters = True

    def _back_to(self, message: Message) -> None:
        number = re.match(r"(\d+):", message.text)
        self._loop_to = int(number[1]) if number else None

    def _action(self, message: Message) -> None:
        found = _COVERAGE.match(message.text)
        if found is None:
            return
        part = found.groups()[6:10]
        label = f"{found[1]}({part[0]}:{part[1]}-{part[2]}:{part[3]})" if part[0] else found[1]
        # Before 2.14 a single number was printed: the states generated.
        generated = found[12] or found[11]
        self._coverage.append(
            ActionCount(
                name=found[1],
                label=label,
                location=_location(found.groups()[1:6]),
                distinct=_int(found[11]),
                generated=_int(generated),
                initial=message.code == 2773,
            )
        )

    def _coverage_starts(self, _: Message) -> None:
        # The tables are cumulative: only the last one counts.
        self._coverage = []

    def _initial(self, message: Message) -> None:
        if number := re.search(r"([\d,]+)(?: distinct)? (?:initial )?states?", message.text):
            self._count(initial=_int(number[1]))

    def _progress(self, message: Message) -> None:
        if found := _PROGRESS.search(message.text):
            depth = _int(found[1]) if found[1] else -1
            self._count(depth=depth, generated=_int(found[2]), distinct=_int(found[3]), queue=_int(found[4]))

    def _totals(self, message: Message) -> None:
        if found := _TOTALS.search(message.text):
            self._count(generated=_int(found[1]), distinct=_int(found[2]), queue=_int(found[3]))

    def _simulated(self, message: Message) -> None:
        if found := re.search(r"([\d,]+)", message.text):
            self._count(generated=_int(found[1]))

    def _depth(self, message: Message) -> None:
        if found := re.search(r"([\d,]+)", message.text):
            self._count(depth=_int(found[1]))

    def _release(self, message: Message) -> None:
        found = re.search(r"Version (\S+)", message.text)
        self._version = found[1] if found else None

    def _search(self, message: Message) -> None:
        if found := re.search(r"seed (-?\d+)", message.text):
            self._seed = int(found[1])

    def _count(self, **known: int) -> None:
        # Simulation reports -1 for what it does not count.
        self.counts = evolve(self.counts, **{name: value for name, value in known.items() if value >= 0})


_HANDLERS: dict[int, Callable[[ResultBuilder, Message], None]] = {
    2122: ResultBuilder._back_to,
    2187: ResultBuilder._search,
    2188: ResultBuilder._search,
    2189: ResultBuilder._parse_ends,
    2190: ResultBuilder._initial,
    2194: ResultBuilder._depth,
    2199: ResultBuilder._totals,
    2200: ResultBuilder._progress,
    2201: ResultBuilder._coverage_starts,
    2209: ResultBuilder._progress,
    2210: ResultBuilder._simulated,
    2217: ResultBuilder._state,
    2218: ResultBuilder._stuttering,
    2219: ResultBuilder._parse_ends,
    2220: ResultBuilder._parse_starts,
    2262: ResultBuilder._release,
    2269: ResultBuilder._initial,
    2772: ResultBuilder._action,
    2773: ResultBuilder._action,
    3002: ResultBuilder._parse_failed,
}


def read_output(
    lines: Iterable[str], exit_code: int | None, stop: Stop = Stop.ITSELF, *, simulated: bool = False
) -> TlcResult:
    """The result of a recorded run: its output lines, its exit code and who ended it."""
    stream, builder = MessageStream(), ResultBuilder()
    for line in lines:
        for item in stream.feed(line):
            builder.take(item)
    for item in stream.close():
        builder.take(item)
    return builder.finish(exit_code, stop, simulated=simulated)


def _variables(body: str) -> tuple[tuple[str, str], ...]:
    """The conjuncts `/\\ name = value` of a printed state; a lone variable has no `/\\`."""
    found: list[tuple[str, list[str]]] = []
    for line in body.split("\n"):
        start = re.match(r"^(?:/\\ )?(\w+) = (.*)$", line)
        if start and (line.startswith("/\\ ") or not found):
            found.append((start[1], [start[2].strip()]))
        elif found and line.strip():
            found[-1][1].append(line.strip())
    return tuple((name, " ".join(parts)) for name, parts in found)


def _location(groups: tuple[str | None, ...]) -> Location:
    line, column, end_line, end_column, module = (group or "0" for group in groups)
    return Location(module, int(line), int(column), int(end_line), int(end_column))


def _int(text: str) -> int:
    return int(text.replace(",", ""))


def _headline(texts: Iterable[str]) -> str:
    """The first lines that say something, joined to one."""
    lines = [line.strip(" :") for text in texts for line in text.split("\n")]
    telling = [line for line in lines if line and not line.startswith(_BOILERPLATE)]
    return " ".join(telling[:3])
