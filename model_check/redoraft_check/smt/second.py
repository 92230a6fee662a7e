"""A second opinion: cvc5 on the SMT-LIB text of an obligation.

cvc5 shares nothing with the proof by Z3 but the formulas: the text is not Z3's, and which hypotheses are
tried is its own affair, but for the hints, which come first.  That no state refutes an obligation counts from
any portion of the hypotheses, that one does only from all of them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from enum import Enum
from importlib.util import find_spec
from types import MappingProxyType
from typing import Any, Final

from attrs import frozen

from redoraft_check.exits import CliError, Exit
from redoraft_check.smt import portions
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import Obligation
from redoraft_check.smt.portions import Portion
from redoraft_check.smt.smtlib import smt2


class Verdict(Enum):
    """What cvc5 says of hypotheses with the goal denied: `unsat` is what was to be shown."""

    UNSAT = "unsat"
    SAT = "sat"
    UNKNOWN = "unknown"


@frozen
class Opinion:
    """The verdict in how many seconds, from which hypotheses."""

    verdict: Verdict
    seconds: float
    portion: str = ""
    cached: bool = False


@frozen
class _Attempt:
    portion: Callable[[Model, Obligation], Portion]
    limit_s: float
    options: Mapping[str, str] = MappingProxyType({})

    @property
    def name(self) -> str:
        return ", ".join((self.portion.__name__, *self.options))


_MODELS: Final = MappingProxyType({"finite-model-find": "true"})
_TERMS: Final = MappingProxyType({"enum-inst": "true"})

_ATTEMPTS: Final = (
    _Attempt(portions.hinted, 1.0),
    _Attempt(portions.hinted, 1.0, _MODELS),
    _Attempt(portions.hinted, 1.0, _TERMS),
    _Attempt(portions.whole, 1.0),
    _Attempt(portions.few, 0.7),
    _Attempt(portions.few, 0.7, _MODELS),
    _Attempt(portions.some, 1.0),
    _Attempt(portions.universal, 2.0, _MODELS),
    _Attempt(portions.few, 2.0, _TERMS),
    _Attempt(portions.some, 2.0, _TERMS),
    _Attempt(portions.some, 2.0, _MODELS),
    _Attempt(portions.whole, 5.0, _MODELS),
    _Attempt(portions.some, 10.0, _TERMS),
    _Attempt(portions.universal, 10.0, _MODELS),
    _Attempt(portions.whole, 60.0, _MODELS),
)
"""In this order: by instances that the terms at hand suggest, by small models, by all terms.

Hints were found with Z3: they say what is tried first, and a proof from that is cvc5's own.
"""


def version() -> str:
    """cvc5's version.  Raises CliError (20) where it is not installed."""
    return str(_cvc5().__version__)


def decide(text: str, limit_s: float, options: Mapping[str, str] = MappingProxyType({})) -> Verdict:
    """What cvc5 says of one SMT-LIB text in at most `limit_s` seconds; unknown when it does not.

    Raises CliError (20) where cvc5 is not installed, (70) for a text that it does not accept.
    """
    cvc5 = _cvc5()
    solver = cvc5.Solver(cvc5.TermManager())
    for name, value in {**options, "tlimit-per": str(max(1, int(limit_s * 1000)))}.items():
        solver.setOption(name, value)
    parser = cvc5.InputParser(solver)
    parser.setStringInput(cvc5.InputLanguage.SMT_LIB_2_6, text, "obligation")
    symbols, said = parser.getSymbolManager(), ""
    try:
        while not (command := parser.nextCommand()).isNull():
            said = command.invoke(solver, symbols).strip() or said
    except RuntimeError as error:
        raise CliError(Exit.INTERNAL, f"cvc5 does not read an obligation: {error}") from None
    return Verdict(said) if said in ("sat", "unsat") else Verdict.UNKNOWN


def judge(model: Model, obligation: Obligation, timeout_s: float) -> Opinion:
    """What cvc5 says of an obligation.  What `timeout_s` seconds do not tell is unknown."""
    start = time.monotonic()
    for attempt in _ATTEMPTS:
        left = timeout_s - (time.monotonic() - start)
        if left <= 0:
            break
        portion = attempt.portion(model, obligation)
        if not portion.given:
            continue
        text = smt2(model, obligation, portion)
        said = decide(text, min(left, attempt.limit_s), attempt.options)
        if said is Verdict.UNSAT or (said is Verdict.SAT and attempt.portion is portions.whole):
            return Opinion(said, time.monotonic() - start, attempt.name)
    return Opinion(Verdict.UNKNOWN, time.monotonic() - start)


def _cvc5() -> Any:
    """The module.  Raises CliError (20)."""
    if find_spec("cvc5") is None:
        raise CliError(Exit.UNKNOWN, "cvc5 is not installed: pip install 'redoraft[cvc5]'")
    import cvc5  # noqa: PLC0415  (an extra)

    return cvc5
