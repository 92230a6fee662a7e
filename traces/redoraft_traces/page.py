"""A trace as a page: one HTML file that asks for nothing else, neither script nor font nor picture.

Nodes are lifelines from top to bottom, every event has its own height, and a message is a line from the event
that sent it to the event that received it.
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Final

from redoraft_traces.diagram import Mark, Row
from redoraft_traces.events import encode_event

_ROW: Final = 26
"""Pixels from one event to the next."""
_TOP: Final = 48
_LEFT: Final = 60
_LANE: Final = 300
"""Pixels from one lifeline to the next."""
_LONGEST: Final = 44
"""Characters of an event that stand beside its lifeline; the whole event is its tooltip."""

_STYLE: Final = """
body { font: 14px system-ui, sans-serif; margin: 1.5em; color: #1b1f24; background: #fff; }
svg text { font: 12px ui-monospace, monospace; fill: #1b1f24; }
.life { stroke: #b8c0c8; } .message { stroke: #5b7da8; stroke-width: 1.2; fill: none; }
.number { fill: #8a949e; } .dot { fill: #5a646e; } .changes { fill: #57606a; }
.election { fill: #b58900; } .leader { fill: #2f8f3a; } .crash, .truncation { fill: #c0392b; }
.stop { fill: #6c5b9e; } .head { font-weight: bold; } .legend span { margin-right: 1.5em; }
"""


def page(title: str, nodes: Sequence[str], shown: Sequence[Row], note: str = "") -> str:
    """The page of these rows; `note` stands below the title."""
    lanes = {node: _LEFT + at * _LANE for at, node in enumerate(nodes)}
    heights = {row.number: _TOP + at * _ROW for at, row in enumerate(shown)}
    width, height = _LEFT + len(nodes) * _LANE, _TOP + (len(shown) + 1) * _ROW
    parts = [_lifeline(node, lane, height) for node, lane in lanes.items()]
    parts += [_message(row, lanes, heights) for row in shown]
    parts += [_event(row, lanes[row.event.node], heights[row.number]) for row in shown]
    legend = "".join(
        f'<span><svg width="12" height="12"><circle cx="6" cy="6" r="5" class="{mark}"/></svg> {mark}</span>'
        for mark in Mark
    )
    return (
        "<!DOCTYPE html>\n"
        f'<html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n<h1>{escape(title)}</h1>\n<p>{escape(note)}</p>\n"
        f'<p class="legend">{legend}</p>\n'
        f'<svg width="{width}" height="{height}" role="img">\n'
        + "\n".join(part for part in parts if part)
        + "\n</svg>\n</body></html>\n"
    )


def _lifeline(node: str, x: int, height: int) -> str:
    return (
        f'<text class="head" x="{x - 8}" y="20">{escape(node)}</text>'
        f'<line class="life" x1="{x}" y1="28" x2="{x}" y2="{height}"/>'
    )


def _message(row: Row, lanes: dict[str, int], heights: dict[int, int]) -> str:
    """A line from its sending; a short one from the side where that is not shown."""
    came = row.arrival
    if came is None:
        return ""
    x, y = lanes[row.event.node], heights[row.number]
    start = heights.get(came.number, y - _ROW // 2)
    label = escape(f"{came.message}: {came.sender} (event {came.number}) to {row.event.node}")
    return (
        f'<line class="message" x1="{lanes[came.sender]}" y1="{start}" x2="{x}" y2="{y}">'
        f"<title>{label}</title></line>"
        f'<circle class="message" cx="{x}" cy="{y}" r="7"/>'
    )


def _event(row: Row, x: int, y: int) -> str:
    kind = row.mark.value if row.mark is not None else "dot"
    said = row.title if row.mark is not Mark.CRASH else f"crashed; {row.title}"
    changes = row.changes[: max(0, _LONGEST - len(said))]
    cut = "..." if len(said) > _LONGEST or len(changes) < len(row.changes) else ""
    whole = escape(encode_event(row.event).decode())
    return (
        f'<g><title>{whole}</title><text class="number" x="4" y="{y + 4}">{row.number}</text>'
        f'<circle class="{kind}" cx="{x}" cy="{y}" r="5"/>'
        f'<text class="{kind}" x="{x + 12}" y="{y + 4}">{escape(said[:_LONGEST])} '
        f'<tspan class="changes">{escape(changes)}{cut}</tspan></text></g>'
    )
