"""Every mutant of the implementation, whatever its part: it takes out one rule, and that one is named."""

from __future__ import annotations

import pytest

from redoraft.mutants import ALL_MUTANTS, AnyMutant, taken_out


@pytest.mark.parametrize("mutant", ALL_MUTANTS.values(), ids=lambda mutant: mutant.name)
def test_a_mutant_takes_out_exactly_one_rule_that_names_itself(mutant: AnyMutant) -> None:
    ((rules, method),) = taken_out(mutant)
    documented: str = getattr(rules, method).__doc__
    assert documented.split(" ", maxsplit=1)[0].rstrip(":,") == mutant.rule


def test_no_two_mutants_take_out_the_same() -> None:
    methods = [one for mutant in ALL_MUTANTS.values() for one in taken_out(mutant)]
    assert len(methods) == len(set(methods))
