"""Is a history of clients that of one register?  Judged from what clients saw, and from nothing else."""

from redoraft_check.linearizability.history import Call, Kind, Told, checked_history
from redoraft_check.linearizability.search import Undecided, find_order, first_refused, is_linearizable

__all__ = [
    "Call",
    "Kind",
    "Told",
    "Undecided",
    "checked_history",
    "find_order",
    "first_refused",
    "is_linearizable",
]
