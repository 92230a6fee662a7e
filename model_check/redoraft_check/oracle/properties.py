"""PROPERTY, as far as a state or a step refutes it: what a search can check of a refinement.

`Init /\\ [][Next]_v /\\ WF_v(Next)` is an initial predicate, a condition on every step, and a rest about
whole behaviours that is not checked here; `[]P` is an invariant.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attrs import define, field

from redoraft_check.oracle.bindings import Builtin, Env, Replaced, User
from redoraft_check.oracle.scope import Scope
from redoraft_check.oracle.tree import Apply, Node, Subst

if TYPE_CHECKING:
    from redoraft_check.oracle.compiler import Compiler
    from redoraft_check.oracle.spec import State

StateTest = Callable[["State"], bool]
StepTest = Callable[["State", "State"], bool]


@define
class Property:
    """What a property demands of initial states, of every state and of every step; `whole` when of more.

    Each demand goes by the name of the operator in which it stands, as TLC names what is violated.
    """

    name: str
    initial: list[tuple[str, StateTest]] = field(factory=list)
    always: list[tuple[str, StateTest]] = field(factory=list)
    steps: list[tuple[str, StepTest]] = field(factory=list)
    whole: bool = False


def compiled_property(name: str, user: User, compiler: Compiler) -> Property:
    """The property that an operator states.  Raises `OutsideSubset`."""
    found = Property(name)
    _sort_out(name, user.definition.body, user.env, compiler, found)
    return found


def _sort_out(name: str, node: Node, env: Env, compiler: Compiler, out: Property) -> None:
    if isinstance(node, Subst):
        _sort_out(name, node.body, compiler.binder.inside(node, env), compiler, out)
        return
    meaning = compiler.binder.meaning(node.op, env, node.place) if isinstance(node, Apply) else None
    match meaning, node:
        case Builtin(name="\\land" | "$ConjList"), Apply():
            for operand in node.operands:
                _sort_out(name, operand, env, compiler, out)
        case Builtin(name="[]"), Apply():
            _always(name, node.operands[0], env, compiler, out)
        case Replaced(node=inner, env=outer), _:
            _sort_out(name, inner, outer, compiler, out)
        case User(definition=definition, env=inside), _ if not definition.params:
            _sort_out(definition.name, definition.body, inside, compiler, out)
        case _ if compiler.levels.of(node, env) < 2:
            out.initial.append((name, _state_test(node, env, compiler, name)))
        case _:
            out.whole = True


def _always(name: str, node: Node, env: Env, compiler: Compiler, out: Property) -> None:
    level = compiler.levels.of(node, env)
    if level < 2:
        out.always.append((name, _state_test(node, env, compiler, name)))
    elif _is_square(node, env, compiler):
        out.steps.append((name, _step_test(node, env, compiler, name)))
    else:
        out.whole = True


def _is_square(node: Node, env: Env, compiler: Compiler) -> bool:
    if not isinstance(node, Apply):
        return False
    meaning = compiler.binder.meaning(node.op, env, node.place)
    return isinstance(meaning, Builtin) and meaning.name == "$SquareAct"


def _state_test(node: Node, env: Env, compiler: Compiler, name: str) -> StateTest:
    function = compiler.expression(node, Scope(env), name, node.place)
    return lambda state: function(state, None) is True


def _step_test(node: Node, env: Env, compiler: Compiler, name: str) -> StepTest:
    function = compiler.expression(node, Scope(env), name, node.place)
    return lambda state, successor: function(state, successor) is True
