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
    DISK_FULL = "disk-full"
    """A disk has no room left, until the node that it has stopped is started again."""
    IO_ERROR = "io-error"
    """A disk fails to write."""
    FAILED_FSYNC = "failed-fsync"
    """An fsync fails, and what was pending is lost."""


DISK_FAULTS = frozenset({Fault.DISK_FULL, Fault.IO_ERROR, Fault.FAILED_FSYNC})
ALL_FAULTS = frozenset(Fault) - DISK_FAULTS
"""All of networks and machines; disks that fail have to be named."""
NO_FAULTS: frozenset[Fault] = frozenset()


def parse_faults(text: str) -> frozenset[Fault]:
    """ "none", or names with commas between them; "all" names all but DISK_FAULTS.

    Raises ValueError that names what can be chosen.
    """
    if text.strip() == "none":
        return NO_FAULTS
    words = [word.strip() for word in text.split(",")]
    if "all" in words:
        words = [*ALL_FAULTS, *(word for word in words if word != "all")]
    unknown = [word for word in words if word not in set(Fault)]
    if unknown:
        raise ValueError(f"no fault is called {unknown[0]!r}; choose all, none, or of: {', '.join(Fault)}")
    return frozenset(Fault(word) for word in words)


def format_faults(faults: frozenset[Fault]) -> str:
    """The text that `parse_faults` reads as `faults`."""
    if faults in (ALL_FAULTS, NO_FAULTS):
        return "all" if faults else "none"
    return ",".join(fault for fault in Fault if fault in faults)
