"""Rules as switches: which of them an operator asks for, and which ids a comment names.

Our specifications say `On("H8")` where a rule can be switched off; any specification with an operator of
that name and shape is read in the same way.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from redoraft_check.oracle.bindings import Env, User
from redoraft_check.oracle.spec import Spec, user_operator
from redoraft_check.oracle.tree import Apply, Let, Node, Str, Subst

SWITCH: Final = "On"
"""The operator that says whether a rule is switched on."""

_ID: Final = re.compile(r"\b(?:H\d+|[A-Z]{2,4}-\d+)(?:-[a-z]+)?\b")


def ids_in(comment: str) -> tuple[str, ...]:
    """The ids of requirements in a comment, each once."""
    return tuple(dict.fromkeys(_ID.findall(comment)))


def switches_of(spec: Spec, operator: str) -> frozenset[str]:
    """The rules that an operator, or one that it uses, asks for.  Raises `CliError` (65)."""
    user = user_operator(spec.tree, spec.compiler.binder, operator)
    return frozenset(_rules(spec, user.definition.body, user.env, set()))


def _rules(spec: Spec, node: Node, env: Env, seen: set[int]) -> Iterator[str]:
    match node:
        case Subst():
            yield from _rules(spec, node.body, spec.compiler.binder.inside(node, env), seen)
            for _, replacing in node.replaced:
                yield from _rules(spec, replacing, env, seen)
        case Let():
            for uid in node.definitions:
                yield from _rules(spec, spec.tree.definitions[uid].body, env, seen)
            yield from _rules(spec, node.body, env, seen)
        case Apply():
            yield from _applied(spec, node, env, seen)


def _applied(spec: Spec, node: Apply, env: Env, seen: set[int]) -> Iterator[str]:
    meaning = spec.compiler.binder.meaning(node.op, env, node.place)
    if isinstance(meaning, User):
        if meaning.definition.name.rpartition("!")[2] == SWITCH:
            yield from (name for operand in node.operands for name in _strings(operand))
        elif meaning.definition.uid not in seen:
            seen.add(meaning.definition.uid)
            yield from _rules(spec, meaning.definition.body, meaning.env, seen)
    below = [*node.operands, *(bound.domain for bound in node.bounds if bound.domain is not None)]
    for operand in below:
        yield from _rules(spec, operand, env, seen)


def _strings(node: Node) -> Iterator[str]:
    """The rules that a name may be, also where an IF chooses between two."""
    if isinstance(node, Str):
        yield node.value
    elif isinstance(node, Apply):
        # The test of an IF compares with strings that are no rules.
        for operand in node.operands[1:] if len(node.operands) == 3 else node.operands:
            yield from _strings(operand)
