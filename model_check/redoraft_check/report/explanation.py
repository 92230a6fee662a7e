"""An explanation of a refusal, for people and for programs."""

from __future__ import annotations

from collections.abc import Iterator

from attrs import asdict

from redoraft_check.validate.explanation import Conjunct, Explanation, WrongField


def explanation_lines(one: Explanation) -> list[str]:
    """Indented lines; each block has its name in front of its first line."""
    blocks = (
        ("accepted", _accepted(one)),
        ("action", _action(one)),
        ("false", _conjunct(one.conjunct)),
        ("also", (f"{other.place}  {other.text}" for other in one.also)),
        ("field", (_field(wrong) for wrong in one.fields)),
        ("rule", _rules(one)),
        ("before", _frontier(one)),
        ("led here", (f"{line}: {event}" for line, event in one.led_here)),
        ("note", [one.note] if one.note else []),
    )
    return [
        f"    {name if at == 0 else '':<10} {line}" for name, lines in blocks for at, line in enumerate(lines)
    ]


def explanation_json(one: Explanation | None) -> dict[str, object] | None:
    """Plain JSON types; None for no explanation."""
    if one is None:
        return None
    out = asdict(one)
    out["frontier"] = {node: {k: list(v) for k, v in shown.items()} for node, shown in one.frontier}
    out["led_here"] = [{"line": line, "event": event} for line, event in one.led_here]
    return out


def _accepted(one: Explanation) -> Iterator[str]:
    yield f"{one.accepted} event{'' if one.accepted == 1 else 's'} before it"


def _action(one: Explanation) -> Iterator[str]:
    if one.conjunct is not None:
        yield f"{one.action or 'any'}: {one.met} conjuncts hold in order, the next one does not"


def _conjunct(one: Conjunct | None) -> Iterator[str]:
    if one is None:
        return
    yield f"{one.place}  {one.text}"
    if one.reason:
        yield f"  has no value: {one.reason}"
    yield from (f"  {text} = {value}" for text, value in one.values)
    if one.bound:
        yield "  where " + ", ".join(f"{name} = {value}" for name, value in one.bound)
    yield "  in " + " > ".join(one.inside)


def _field(one: WrongField) -> str:
    text = f"{one.name} is {one.shown}"
    if one.allowed:
        text += f"; allowed: {', '.join(str(value) for value in one.allowed)}"
    return text + ("; without this value alone the event is allowed" if one.alone else "")


def _rules(one: Explanation) -> Iterator[str]:
    what = "the event would be allowed" if one.exact else "the conjunct would not be false"
    for rule in one.rules:
        yield f"{rule}: without it {what} (redoraft why {rule})"
    if one.mentioned:
        yield f"{', '.join(one.mentioned)}: named in the comment above the operator"


def _frontier(one: Explanation) -> Iterator[str]:
    if one.states != 1:
        looked = f", {one.looked_at:,} of them looked at" if one.looked_at < one.states else ""
        yield f"{one.states:,} states are possible{looked}"
    for node, shown in one.frontier:
        yield f"{node}: " + ", ".join(
            f"{name} {' or '.join(str(value) for value in values)}" for name, values in shown.items()
        )
