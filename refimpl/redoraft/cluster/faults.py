"""The kinds of faults, and how a command line names them."""

from __future__ import annotations

from enum import StrEnum


class Fault(StrEnum):
    """What may go wrong in a simulated cluster."""

    LOSS = "loss"
    """A message never arrives."""
    DUPLICATE = "duplicate"
    """A message arrives twice."""
    REORDER = "reorder"
    """A message arrives so late that others overtake it."""
    PARTITION = "partition"
    """Two groups of nodes do not hear each other."""
    ASYMMETRIC = "asymmetric"
    """One node is not heard, but hears, or the other way round."""
    CRASH = "crash"
    """A node loses power: its memory, and any part of what it has not fsynced."""
    SHUTDOWN = "shutdown"
    """A node is stopped cleanly, and started later."""


ALL_FAULTS = frozenset(Fault)
NO_FAULTS: frozenset[Fault] = frozenset()


def parse_faults(text: str) -> frozenset[Fault]:
    """ "all", "none", or names with commas between them.  Raises ValueError that names what can be chosen."""
    named = {"all": ALL_FAULTS, "none": NO_FAULTS}.get(text.strip())
    if named is not None:
        return named
    words = [word.strip() for word in text.split(",")]
    unknown = [word for word in words if word not in set(Fault)]
    if unknown:
        raise ValueError(f"no fault is called {unknown[0]!r}; choose all, none, or of: {', '.join(Fault)}")
    return frozenset(Fault(word) for word in words)


def format_faults(faults: frozenset[Fault]) -> str:
    """The text that `parse_faults` reads as `faults`."""
    if faults in (ALL_FAULTS, NO_FAULTS):
        return "all" if faults else "none"
    return ",".join(fault for fault in Fault if fault in faults)
