"""Reading traces and putting them in the specification's terms, up to the first event that has none."""

from __future__ import annotations

from pathlib import Path

from attrs import evolve, frozen

from redoraft_check.validate.mapping import Mapping
from redoraft_check.validate.projection import Projection, SpecEvent, Unprojectable, Unsupported
from redoraft_check.validate.verdict import Status, Verdict
from redoraft_traces import Event, Header, SeqGapError, Trace, TraceError, encode_event, read_trace


@frozen
class Prepared:
    """A trace as far as it could be projected, and what stopped it (a verdict that holds if all before is allowed)."""

    path: Path
    header: Header
    lines: tuple[int, ...]
    events: tuple[Event, ...]
    spec_events: tuple[SpecEvent, ...]
    stopped: Verdict | None
    torn: int | None

    @property
    def constants(self) -> tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]:
        """Data nodes, log nodes and hidden actions: what runs judged together must share."""
        constants = self.header.constants
        return tuple(constants["data_nodes"]), tuple(constants.get("log_nodes", ())), tuple(self.header.hidden)

    def text(self, at: int) -> str:
        """Event number `at`, from 0, as it stands in the file."""
        return encode_event(self.events[at]).decode().strip()


def prepare(path: Path, mapping: Mapping) -> Prepared | Verdict:
    """Read and project one trace; a verdict at once where nothing is left to judge."""
    try:
        return _project(path, read_trace(path, check_seq=False), mapping)
    except TraceError as error:
        return Verdict(path, Status.UNREADABLE, line=error.line, reason=f"{error.reason}; {error.remedy}")
    except Unsupported as error:
        return Verdict(path, Status.UNKNOWN, reason=str(error))


def _project(path: Path, trace: Trace, mapping: Mapping) -> Prepared | Verdict:
    torn = trace.torn.line if trace.torn is not None else None
    trouble = _header_trouble(trace.header, mapping)
    if trouble is not None:
        return evolve(trouble, path=path, torn=torn)
    if not trace.events:
        return Verdict(path, Status.EMPTY, reason="no events: nothing was checked", torn=torn)
    gap = _first_gap(path)
    projection = Projection(trace.header, mapping)
    lines: list[int] = []
    events: list[Event] = []
    projected: list[SpecEvent] = []
    stopped: Verdict | None = None
    for line, event in trace.events:
        if gap is not None and gap.line is not None and line >= gap.line:
            stopped = Verdict(path, Status.REFUSED, line=gap.line, reason=f"{gap.reason}; {gap.remedy}")
        else:
            try:
                projected.append(projection.event(event))
            except Unprojectable as error:
                stopped = Verdict(path, Status.REFUSED, line=line, reason=str(error))
            except Unsupported as error:
                stopped = Verdict(path, Status.UNKNOWN, line=line, reason=str(error))
        lines.append(line)
        events.append(event)
        if stopped is not None:
            text = encode_event(event).decode().strip()
            stopped = evolve(stopped, event=text, events=len(trace.events), torn=torn)
            break
    return Prepared(path, trace.header, tuple(lines), tuple(events), tuple(projected), stopped, torn)


def _first_gap(path: Path) -> SeqGapError | None:
    try:
        read_trace(path)
    except SeqGapError as error:
        return error
    except TraceError:
        return None
    return None


def _header_trouble(header: Header, mapping: Mapping) -> Verdict | None:
    unknown = [module for module in header.modules if module != mapping.module]
    if unknown or not header.modules:
        named = ", ".join(unknown) or "no module"
        reason = f"the header names {named}; this engine judges {mapping.module}"
        return Verdict(Path(), Status.UNKNOWN, line=1, reason=reason)
    data, log = header.constants.get("data_nodes"), header.constants.get("log_nodes", [])
    if not isinstance(data, list) or not isinstance(log, list) or sorted([*data, *log]) != sorted(header.nodes):
        reason = "constants must name data_nodes and log_nodes, which together are the header's nodes"
        return Verdict(Path(), Status.UNREADABLE, line=1, reason=reason)
    return None
