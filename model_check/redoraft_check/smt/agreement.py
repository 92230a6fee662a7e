"""Two solvers on one obligation: both must say the same, and what one does not tell is not agreed."""

from __future__ import annotations

from attrs import evolve

from redoraft_check.smt.answers import Answer, Result
from redoraft_check.smt.second import Opinion, Verdict

_ANSWERS = {Verdict.UNSAT: Answer.PROVED, Verdict.SAT: Answer.REFUTED, Verdict.UNKNOWN: Answer.UNKNOWN}


def as_result(opinion: Opinion, timeout_s: float) -> Result:
    """cvc5's opinion alone.  It has no picture of what refutes."""
    reasons = {
        Verdict.SAT: "cvc5 says sat; for the two states ask Z3",
        Verdict.UNKNOWN: f"cvc5 does not tell in {timeout_s:g} s",
    }
    answer, reason = _ANSWERS[opinion.verdict], reasons.get(opinion.verdict, "")
    return Result(answer, opinion.seconds, opinion.portion, reason, cached=opinion.cached)


def agreed(result: Result, opinion: Opinion, timeout_s: float) -> Result:
    """Z3's result where cvc5 says so too.

    What cvc5 does not tell is unknown, but what Z3 has refuted stays so: its counterexample was evaluated.
    """
    other = _ANSWERS[opinion.verdict]
    if {result.answer, other} == {Answer.PROVED, Answer.REFUTED}:
        said = f"Z3: {result.answer.value}, cvc5: {opinion.verdict.value} ({opinion.portion})"
        return evolve(result, answer=Answer.CONTRADICTED, reason=said)
    if result.answer is Answer.PROVED and other is Answer.UNKNOWN:
        reason = f"Z3 proves it; cvc5 does not tell in {timeout_s:g} s"
        return evolve(result, answer=Answer.UNKNOWN, reason=reason)
    return result
