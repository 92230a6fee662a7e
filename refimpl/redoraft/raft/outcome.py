"""How a transaction, or a read, ends for its client."""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What a client may be told of its transaction (H17)."""

    OK = "ok"
    """It is committed."""
    FAILED = "failed"
    """This mtr was not written here."""
    UNKNOWN = "unknown"
    """It is written, and nobody can say yet whether it stays."""
