"""What `redoraft fuzz` prints of a campaign: text or JSON."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from attrs import asdict, frozen

from redoraft_check.commands.tables import counted
from redoraft_check.exits import Exit
from redoraft_check.fuzz.campaign import Campaign, Found
from redoraft_check.fuzz.record import (
    Abreast,
    CampaignRecord,
    Comparison,
    Reached,
    compared,
    reached,
    verdict_of,
)
from redoraft_check.report.record import command_line


@frozen
class Report:
    """A campaign, perhaps one without guidance beside it, and the files of its findings by their causes."""

    led: Campaign
    other: Campaign | None
    files: Mapping[tuple[str, ...], Path]
    command: str

    @property
    def exit_code(self) -> Exit:
        """The worst of both."""
        both = [self.led] if self.other is None else [self.led, self.other]
        if any(one.findings for one in both):
            return Exit.REJECTED
        if not self.led.examples:
            return Exit.NOTHING
        return Exit.UNKNOWN if any(one.undecided for one in both) else Exit.HELD

    @property
    def findings(self) -> tuple[Found, ...]:
        """Of both, each cause once."""
        others = () if self.other is None else self.other.findings
        found = {one.trouble.cause: one for one in (*others, *self.led.findings)}
        return tuple(found.values())

    @property
    def text(self) -> str:
        """For a reader."""
        order, counts = self.led.order, reached(self.led)
        mutant = f", mutant {order.subject.mutant}" if order.subject.mutant else ""
        lines = [
            f"{verdict_of(self.led)}: {counts_text(counts)}",
            f"seed {order.seed}{mutant}; {_speed(counts)}",
        ]
        if self.other is not None:
            lines += _compared_lines(counts, compared(self.led, self.other))
        lines += [self._finding(one) for one in self.findings]
        lines += [f"  undecided, in {one.times} examples: {one.trouble.text}" for one in self.led.undecided]
        return "\n".join([*lines, f"repeat with: {self.command}"])

    def _finding(self, one: Found) -> str:
        path, plan = self.files[one.trouble.cause], one.plan
        lines = [
            f"  {one.trouble.text}",
            f"    first in example {one.example}, in {one.times} altogether; shown by {plan.steps} steps,"
            f" seed {plan.seed}, {len(plan.turns)} turns, {plan.nodes} nodes, faults {plan.faults}",
            f"    replay with: {command_line('fuzz', '--replay', str(path))}",
        ]
        if one.trouble.cause[0] == "refused":
            trace = short_trace(path) if short_trace(path).exists() else path.with_suffix(".ndjson")
            words = ("validate", "--engine", "oracle", "--explain", str(trace))
            lines.append(f"    explain with: {command_line(*words)}")
        if one.trouble.cause[0] == "history":
            lines.append(f"    what clients saw: {seen_file(path)}")
        return "\n".join(lines)

    @property
    def as_json(self) -> str:
        """For a program."""
        other = self.other
        report = {
            "exit_code": int(self.exit_code),
            "seed": self.led.order.seed,
            "mutant": self.led.order.subject.mutant,
            **asdict(reached(self.led)),
            "comparison": None if other is None else asdict(compared(self.led, other)),
            "findings": [
                {
                    "cause": list(one.trouble.cause),
                    "text": one.trouble.text,
                    "example": one.example,
                    "times": one.times,
                    "steps": one.plan.steps,
                    "file": str(self.files[one.trouble.cause]),
                }
                for one in self.findings
            ],
            "undecided": [{"text": one.trouble.text, "times": one.times} for one in self.led.undecided],
            "command": self.command,
        }
        return json.dumps(report, indent=2, ensure_ascii=False)


def record_lines(record: CampaignRecord) -> list[str]:
    """A record, for a reader."""
    lines = [f"{record.verdict}: {counts_text(record.reached)}", _speed(record.reached)]
    two = record.comparison
    return lines if two is None else [*lines, *_compared_lines(record.reached, two)]


def counts_text(one: Reached) -> str:
    """The counts, without the time it took."""
    judged = (
        counted(one.examples, "example"),
        counted(one.steps, "step"),
        f"{counted(one.events, 'event')} judged",
        counted(one.crashes, "crash", "crashes"),
        counted(one.states, "state"),
        counted(one.action_pairs, "action pair"),
    )
    return ", ".join(judged)


def _speed(one: Reached) -> str:
    per_second = one.steps / one.seconds if one.seconds else 0.0
    return f"{one.seconds:.1f} s, {per_second:,.0f} steps/s"


def _compared_lines(guided: Reached, two: Comparison) -> list[str]:
    return [
        f"  guided: {_reached_line(guided, two.only_guided)}",
        f"  random: {_reached_line(two.random, two.only_random)}",
        f"  after equal time: {_abreast_line(two.after_seconds)}",
        f"  after equally many events: {_abreast_line(two.after_events)}",
    ]


def _reached_line(one: Reached, only: tuple[int, int]) -> str:
    states, pairs = only
    return (
        f"{one.states:,} states, {one.action_pairs:,} action pairs ({states:,} and {pairs:,} only here);"
        f" {one.examples:,} examples, {one.events:,} events, {_speed(one)}"
    )


def _abreast_line(two: Abreast) -> str:
    guided, random = (
        f"{one.states:,} states ({one.events:,} events, {one.seconds:.1f} s)"
        for one in (two.guided, two.random)
    )
    return f"guided {guided}, random {random}: {two.more}"


def short_trace(finding: Path) -> Path:
    """Where the delta-debugged trace of a finding stands."""
    return finding.with_suffix(".min.ndjson")


def seen_file(finding: Path) -> Path:
    """Where a finding's history stands, in which no order of one register explains some call."""
    return finding.with_suffix(".history.json")
