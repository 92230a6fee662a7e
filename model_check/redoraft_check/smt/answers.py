"""What becomes of an obligation."""

from __future__ import annotations

from enum import Enum

from attrs import field, frozen


class Answer(Enum):
    """What became of an obligation."""

    PROVED = "proved"
    REFUTED = "REFUTED"
    CONTRADICTED = "CONTRADICTED"
    """One solver proves it, another refutes it: one of the two is wrong."""

    UNKNOWN = "unknown"


@frozen
class Result:
    """The answer, in how many seconds, from which portion; the counterexample to induction as text."""

    answer: Answer
    seconds: float
    portion: str = ""
    reason: str = ""
    picture: str = ""
    cached: bool = field(default=False)
