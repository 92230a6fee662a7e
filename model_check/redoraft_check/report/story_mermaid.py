"""A counterexample as a Mermaid sequence diagram: who did what, in which order."""

from __future__ import annotations

from redoraft_check.report.story import Step, Story
from redoraft_traces.diagram import mermaid_text


def story_mermaid(story: Story) -> str:
    """The steps as notes over the nodes that they changed; what belongs to no node stands over all."""
    nodes = sorted({node for step in story.steps for change in step.changes for node in _nodes(change.node)})
    alias = {node: f"p{at}" for at, node in enumerate(nodes or ["the system"])}
    everyone = f"{alias[min(alias)]},{alias[max(alias)]}"
    lines = ["sequenceDiagram"]
    lines += [f"    participant {short} as {mermaid_text(node)}" for node, short in alias.items()]
    for step in story.steps[1:]:
        acting = [alias[node] for node in step.nodes if node in alias]
        over = f"{acting[0]},{acting[-1]}" if len(acting) > 1 else acting[0] if acting else everyone
        lines.append(f"    Note over {over}: {_told(step)}")
    lines.append(f"    Note over {everyone}: {mermaid_text(story.headline)}")
    return "\n".join(lines)


def _nodes(told: str | None) -> list[str]:
    """The opening tells several nodes at once, with commas."""
    return told.split(", ") if told else []


def _told(step: Step) -> str:
    head = f"{step.number} {step.action or 'a step'}"
    changes = [f"{change.node}: {change.text}" if change.node else change.text for change in step.changes]
    return "<br/>".join(mermaid_text(line) for line in [head, *changes])
