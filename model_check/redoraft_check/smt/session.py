"""Proving many obligations: in parallel processes, with a cache of what was already proved."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from enum import StrEnum
from functools import cache
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path

from attrs import frozen

from redoraft_check.json_file import write_json
from redoraft_check.oracle.cache import cache_folder
from redoraft_check.smt import second
from redoraft_check.smt.agreement import agreed, as_result
from redoraft_check.smt.answers import Answer, Result
from redoraft_check.smt.learning import learn
from redoraft_check.smt.models import model
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.prover import Terms, prove, z3_version
from redoraft_check.smt.second import Opinion, Verdict
from redoraft_check.smt.smtlib import smt2

Says = Callable[[str], None]


class Solver(StrEnum):
    """Who is asked."""

    Z3 = "z3"
    CVC5 = "cvc5"
    BOTH = "both"


@frozen
class Plan:
    """How to prove: seconds for each obligation, processes, whether answers are kept, where texts go, who.

    `learn` is whether hints are looked for as well.
    """

    timeout_s: float = 60.0
    jobs: int = 0
    cache: bool = True
    dump: Path | None = None
    solver: Solver = Solver.Z3
    learn: bool = False


@frozen
class Proof:
    """An obligation and what became of it.

    `second` is cvc5's opinion where it was asked beside Z3, `hint` what was learned (`learning.learn`).
    """

    model: str
    step: str
    goal: str
    why: str
    result: Result
    second: Opinion | None = None
    hint: tuple[str, ...] | None = None

    @property
    def name(self) -> str:
        """Model, step and conjunct."""
        return f"{self.model}/{self.claim}"

    @property
    def claim(self) -> str:
        """Step and conjunct."""
        return f"{self.step}/{self.goal}"


def run(names: Sequence[str], plan: Plan, says: Says) -> Iterator[Proof]:
    """Prove all obligations of some models; each proof comes when it is done."""
    work = [(name, at) for name in names for at in range(len(_listed(name)))]
    # Z3 is not to be forked: each process starts anew.
    with ProcessPoolExecutor(plan.jobs or os.cpu_count() or 1, mp_context=get_context("spawn")) as pool:
        waiting = [pool.submit(_one, name, at, plan) for name, at in work]
        try:
            for number, done in enumerate(as_completed(waiting), 1):
                proof = done.result()
                kept = ", from the cache" if proof.result.cached else f" in {proof.result.seconds:.1f} s"
                says(f"[{number}/{len(work)}] {proof.name}: {proof.result.answer.value}{kept}")
                yield proof
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


@cache
def _listed(name: str) -> list[Obligation]:
    return list(obligations(model(name)))


@cache
def _terms(name: str) -> Terms:
    return Terms(model(name))


def _one(name: str, at: int, plan: Plan) -> Proof:
    obligation = _listed(name)[at]
    if plan.dump is not None:
        _dump(plan.dump, obligation, smt2(model(name), obligation))
    own = (name, obligation.step, obligation.goal.name, obligation.goal.why)
    if plan.solver is Solver.CVC5:
        return Proof(*own, as_result(_second(name, obligation, plan), plan.timeout_s))
    result = _first(name, obligation, plan)
    if plan.solver is Solver.Z3:
        hint = learn(model(name), obligation, plan.timeout_s, _terms(name)) if plan.learn else None
        return Proof(*own, result, hint=hint)
    opinion = _second(name, obligation, plan)
    return Proof(*own, agreed(result, opinion, plan.timeout_s), opinion)


def _first(name: str, obligation: Obligation, plan: Plan) -> Result:
    """Z3's answer."""
    kept = _kept(plan, f"z3 {z3_version()}", name, obligation)
    if kept is not None and (found := _read(kept)):
        return Result(Answer.PROVED, *found, cached=True)
    result = prove(model(name), obligation, plan.timeout_s, _terms(name))
    if kept is not None and result.answer is Answer.PROVED:
        write_json(kept, {"seconds": result.seconds, "portion": result.portion})
    return result


def _second(name: str, obligation: Obligation, plan: Plan) -> Opinion:
    """cvc5's."""
    kept = _kept(plan, f"cvc5 {second.version()}", name, obligation)
    if kept is not None and (found := _read(kept)):
        return Opinion(Verdict.UNSAT, *found, cached=True)
    opinion = second.judge(model(name), obligation, plan.timeout_s)
    if kept is not None and opinion.verdict is Verdict.UNSAT:
        write_json(kept, {"seconds": opinion.seconds, "portion": opinion.portion})
    return opinion


def _kept(plan: Plan, solver: str, name: str, obligation: Obligation) -> Path | None:
    """Where a proof is kept: under the hash of the obligation's text, its solver with its version with it."""
    if not plan.cache:
        return None
    text = smt2(model(name), obligation)
    digest = sha256(f"{solver}\n{text}".encode()).hexdigest()
    return cache_folder().parent / "prove" / f"{digest}.json"


def _read(kept: Path) -> tuple[float, str] | None:
    """A kept proof: seconds and portion.  Only proofs are kept: whatever is not proved is tried again."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        return float(found["seconds"]), str(found["portion"])
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _dump(folder: Path, obligation: Obligation, text: str) -> None:
    plain = obligation.name.replace("/", "-").replace(" ", "_").replace("(", "").replace(")", "")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plain}.smt2").write_text(text, encoding="utf-8")
