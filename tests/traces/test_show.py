"""Traces for the eye: rows, text, Mermaid, a page that asks for nothing else, and the command."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest

from redoraft_check.cli import main
from redoraft_check.exits import Exit
from redoraft_traces import Event, Header, TraceWriter, iter_events
from redoraft_traces.diagram import Mark, mermaid, mermaid_text, rows, text
from redoraft_traces.page import page

CORPUS = Path(__file__).parents[2] / "traces" / "corpus"
FAULTS = CORPUS / "accepted" / "faults-seed-1.ndjson"

RUN = [
    Event(node="a", seq=1, action="StartElection", vars={"term": 1}, sent=["m1", "m2"]),
    Event(node="b", seq=1, action="GrantVote", args={"candidate": "a"}, vars={"term": 1}, received="m1"),
    Event(node="a", seq=2, action="BecomeLeader", vars={"term": 1, "role": "leader"}),
    Event(node="b", seq=2, action="Truncate", args={"cut_lsn": 8204}, received="lost"),
    Event(node="b", seq=3, action="Restart", vars={"term": 1}),
    Event(node="b", seq=4, action="Shutdown"),
    Event(node="b", seq=5, action="Restart"),
]


def test_a_row_tells_what_changed_and_who_sent_what_came() -> None:
    shown = list(rows(RUN))
    assert [row.changed for row in shown[:3]] == [{"term": 1}, {"term": 1}, {"role": "leader"}]
    arrival = shown[1].arrival
    assert arrival is not None
    assert (arrival.message, arrival.sender, arrival.number) == ("m1", "a", 1)
    assert shown[3].arrival is None, "nobody is seen to send it"


def test_marks() -> None:
    marks = [row.mark for row in rows(RUN)]
    wanted = [Mark.ELECTION, None, Mark.LEADER, Mark.TRUNCATION, Mark.CRASH, Mark.STOP, None]
    assert marks == wanted, "a Restart stands behind a crash unless the node was shut down"


def test_a_window_knows_what_was_before_it() -> None:
    (row,) = rows(RUN, 2, 2)
    assert (row.number, row.event) == (2, RUN[1])
    assert row.arrival is not None
    assert [one.changed for one in rows(RUN, 3, 3)] == [{"role": "leader"}]


def test_a_window_reads_no_further() -> None:
    source = iter(RUN)
    assert len(list(rows(source, 1, 2))) == 2
    assert next(source) == RUN[2]


def test_text() -> None:
    told = list(text(rows(RUN)))
    assert told[1] == "     2  b    GrantVote (candidate a)  <- m1 of a  term 1"
    assert told[3] == "     4  b    Truncate (cut_lsn 8204)  [truncation]"
    assert told[4] == "        b    -- crashed --"


def test_mermaid() -> None:
    drawn = mermaid(["a", "b"], rows(RUN)).splitlines()
    assert drawn[:3] == ["sequenceDiagram", "    participant p0 as a", "    participant p1 as b"]
    assert "    p0->>p1: m1" in drawn
    assert drawn.count("    Note over p1: crashed") == 1
    assert sum(line.strip().startswith("rect ") for line in drawn) == drawn.count("    end") == 3
    statement = re.compile(
        r"sequenceDiagram|participant p\d as .+|Note over p\d: .+|p\d->>p\d: .+|rect .+|end"
    )
    assert all(statement.fullmatch(line.strip()) for line in drawn)


@pytest.mark.parametrize("evil", ["a;b", "x\nend", "<script>", "#35;", "a%%b", "\u202e\x1b[31m"])
def test_nothing_in_a_trace_writes_the_diagram(evil: str) -> None:
    told = mermaid_text(evil)
    assert "\n" not in told
    assert re.sub(r"#\d+;", "", told).translate(str.maketrans("", "", "#;<>")) == re.sub(r"#\d+;", "", told)
    event = Event(node="n", seq=1, action=evil, vars={evil: evil}, sent=[evil])
    lines = mermaid(["n"], rows([event, Event(node="n", seq=2, received=evil)])).splitlines()
    assert len(lines) == 5


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: dict[str, int] = {}
        self.references: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen[tag] = self.seen.get(tag, 0) + 1
        self.references += [str(value) for name, value in attrs if name in {"src", "href", "xlink:href"}]
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_stands_alone() -> None:
    events = [event for _, event in iter_events(FAULTS)]
    shown = list(rows(events))
    html = page("a run", ["n1", "n2", "n3"], shown, "seed 1")
    tags = _Tags()
    tags.feed(html)
    assert tags.open == []
    assert tags.references == []
    assert not {"script", "link", "img", "iframe"} & set(tags.seen)
    assert "http" not in html
    assert "url(" not in html
    messages = sum(row.arrival is not None for row in shown)
    assert messages > 20
    assert html.count('<line class="message"') == messages


def test_the_page_escapes_what_it_shows() -> None:
    evil = '</title><script>alert("x")</script>'
    event = Event(node=evil, seq=1, action=evil, vars={"v": evil}, sent=["m"])
    html = page(evil, [evil], list(rows([event])), evil)
    assert "<script" not in html


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["show", str(FAULTS), "--from", "3", "--to", "5"]) == 0
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["3", "4", "5"]
    target = tmp_path / "deep" / "run.html"
    assert main(["show", str(FAULTS), "--format", "html", "--out", str(target), "-q"]) == 0
    assert target.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(["show", str(FAULTS), "--from", "5", "--to", "4"]) == 2
    assert main(["show", str(tmp_path / "none.ndjson")]) == 65


def test_a_large_trace_is_drawn_in_part_and_said_so(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "long.ndjson"
    with TraceWriter(path, Header(modules=["Startup"], constants={}, nodes=["n"])) as trace:
        for seq in range(1, 203):
            trace.write(Event(node="n", seq=seq, action="Fsync"))
    assert main(["show", str(path), "--format", "mermaid"]) == 0
    said = capsys.readouterr()
    assert said.out.count("Note over") == 200
    assert "events 1 to 200; choose others with --from and --to" in said.err
    assert main(["show", str(path), "--format", "mermaid", "--from", "3"]) == 0
    assert capsys.readouterr().err == ""


def test_a_reader_who_has_gone_is_no_verdict() -> None:
    """1 is a gate that disagrees; a closed pipe is 141, as `set -o pipefail` knows it of other tools."""
    read_end, write_end = os.pipe()
    os.close(read_end)
    ran = subprocess.run(
        [sys.executable, "-m", "redoraft_check.cli", "show", str(FAULTS)],
        stdout=write_end,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(write_end)
    assert (ran.returncode, ran.stderr) == (Exit.UNREAD, b"")


def test_a_window_behind_the_end_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    """Nothing on stdout, and why: a first event that is not there is an error of the command line."""
    assert main(["show", str(FAULTS), "--from", "50000"]) == Exit.USAGE
    told = capsys.readouterr()
    assert told.out == ""
    assert re.search(r"--from 50000: .*faults-seed-1\.ndjson has fewer events", told.err)
