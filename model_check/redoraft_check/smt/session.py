"""Proving many obligations: in parallel processes, with a cache of what was already proved."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from pathlib import Path

from attrs import frozen

from redoraft_check.oracle.cache import cache_folder
from redoraft_check.report.record import write_json
from redoraft_check.smt.models import model
from redoraft_check.smt.obligations import Obligation, obligations
from redoraft_check.smt.prover import Answer, Result, key_of, prove, smt2

Says = Callable[[str], None]


@frozen
class Plan:
    """How to prove: seconds for each obligation, processes, whether answers are kept, where texts go."""

    timeout_s: float = 60.0
    jobs: int = 0
    cache: bool = True
    dump: Path | None = None


@frozen
class Proof:
    """An obligation and what became of it."""

    model: str
    step: str
    goal: str
    why: str
    result: Result

    @property
    def name(self) -> str:
        """Model, step and conjunct."""
        return f"{self.model}/{self.step}/{self.goal}"


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


def _listed(name: str) -> list[Obligation]:
    return list(obligations(model(name)))


def _one(name: str, at: int, plan: Plan) -> Proof:
    whole = model(name)
    obligation = _listed(name)[at]
    text = smt2(whole, obligation)
    if plan.dump is not None:
        _dump(plan.dump, obligation, text)
    kept = cache_folder().parent / "prove" / f"{key_of(text)}.json"
    result = _read(kept) if plan.cache else None
    if result is None:
        result = prove(whole, obligation, plan.timeout_s)
        if result.answer is Answer.PROVED and plan.cache:
            write_json(kept, {"seconds": result.seconds, "portion": result.portion})
    return Proof(name, obligation.step, obligation.goal.name, obligation.goal.why, result)


def _read(kept: Path) -> Result | None:
    """A kept proof.  Only proofs are kept: whatever is not proved is tried again."""
    try:
        found = json.loads(kept.read_text(encoding="utf-8"))
        return Result(Answer.PROVED, float(found["seconds"]), str(found["portion"]), cached=True)
    except (OSError, ValueError, KeyError, TypeError):
        return None


def _dump(folder: Path, obligation: Obligation, text: str) -> None:
    plain = obligation.name.replace("/", "-").replace(" ", "_").replace("(", "").replace(")", "")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{plain}.smt2").write_text(text, encoding="utf-8")
