"""What a false conjunct says: the values of its sides, looked for through the operators in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from attrs import evolve, field, frozen

from redoraft_check.oracle.bindings import Builtin, Replaced, User
from redoraft_check.oracle.errors import EvaluationError, OutsideSubset, Place
from redoraft_check.oracle.explain import End, Explainer, Frame
from redoraft_check.oracle.runtime import Lazy, elements
from redoraft_check.oracle.scope import Scope
from redoraft_check.oracle.switches import SWITCH
from redoraft_check.oracle.tree import Apply, Let, Node, Num, Str, Subst
from redoraft_check.oracle.values import Value, show

_PAIRS: Final = frozenset(
    {"=", "/=", "\\in", "\\notin", "\\subseteq", "<", "<=", ">", ">=", "\\leq", "\\geq"}
)
_LONGEST: Final = 200
_DEEPEST: Final = 24


@frozen
class Part:
    """An expression in a conjunct and its value, as it is and as TLA+ writes it, cut to be readable."""

    text: str
    value: str
    exact: Value = field(default=None, eq=False, repr=False)


@frozen
class FalseConjunct:
    """The conjunct at which the furthest branch ends.

    `place` is its own, `text` its source; `inside` the operators around it, outermost first, each with
    where it is defined; `parts` the values of its sides; `bound` those of the names in scope; `met` how many
    conjuncts are true before it, `opened` the operators gone through till there; `reason` why it has
    no value, where it has none.
    """

    place: Place
    text: str
    inside: tuple[tuple[str, Place], ...]
    parts: tuple[Part, ...]
    bound: tuple[tuple[str, str], ...]
    met: int
    opened: tuple[str, ...] = ()
    reason: str = ""


def described(explainer: Explainer, end: End) -> FalseConjunct:
    """The end of a branch in words.  Evaluates in the state and the step in which the branch ended."""
    explainer.resume(end)
    parts = tuple(dict.fromkeys(_Sides(explainer, len(end.frame.calls)).of(end.node, end.frame)))
    return FalseConjunct(
        place=end.node.place,
        text=explainer.sources.text(end.node.place),
        inside=tuple((user.definition.name, user.definition.place) for user in end.frame.calls),
        parts=parts,
        bound=tuple(_bound(explainer, end.frame)),
        met=end.met,
        opened=end.opened,
        reason=end.reason,
    )


def _bound(explainer: Explainer, frame: Frame) -> Iterator[tuple[str, str]]:
    params = explainer.spec.compiler.tree.params
    for uid, code in frame.scope.names.items():
        if uid in params:
            value = frame.values.get(code.removesuffix("()"))
            try:
                yield params[uid].name, _shown(value() if isinstance(value, Lazy) else value)
            except EvaluationError:
                continue


def _shown(value: Value) -> str:
    text = show(value)
    return text if len(text) <= _LONGEST else text[:_LONGEST] + "..."


@frozen
class _Sides:
    explainer: Explainer
    depth: int

    def of(self, node: Node, frame: Frame) -> Iterator[Part]:
        """The parts of a formula that is false, or true under a negation."""
        try:
            yield from self._of(node, frame)
        except (EvaluationError, OutsideSubset):
            return

    def _of(self, node: Node, frame: Frame) -> Iterator[Part]:
        binder = self.explainer.spec.compiler.binder
        match node:
            case Subst():
                yield from self._of(
                    node.body, evolve(frame, scope=frame.scope.within(binder.inside(node, frame.scope.env)))
                )
            case Let():
                yield from self._of(node.body, self.explainer.bound_by(node, frame))
            case Apply():
                match self.explainer.meaning(node, frame):
                    case Builtin(name=name):
                        yield from self._builtin(name, node, frame)
                    case Replaced(node=inner, env=env):
                        yield from self._of(inner, evolve(frame, scope=Scope(env)))
                    case User() as user:
                        yield from self._call(user, node, frame)
                    case None:
                        for operand in node.operands:
                            yield from self._part(operand, frame)

    def _call(self, user: User, node: Apply, frame: Frame) -> Iterator[Part]:
        for operand in node.operands:
            yield from self._part(operand, frame)
        if not user.definition.recursive and len(frame.calls) < _DEEPEST:
            opened = self.explainer.unfolded(user, node, frame)
            yield from self.of(opened.node, opened.frame)

    def _builtin(self, name: str, node: Apply, frame: Frame) -> Iterator[Part]:
        operands = node.operands
        if name in _PAIRS:
            for operand in operands:
                yield from self._part(operand, frame)
        elif name in ("\\lor", "$DisjList"):
            for operand in operands:
                yield from self.of(operand, frame)
        elif name in ("\\land", "$ConjList"):
            for false in (one for one in operands if self.explainer.value(one, frame) is not True):
                yield from self.of(false, frame)
                return
        elif name == "\\lnot":
            yield from self._part(operands[0], frame)
            yield from self.of(operands[0], frame)
        elif name == "=>":
            yield from self.of(operands[1], frame)
        elif name in ("$IfThenElse", "$Case"):
            yield from self.of(self.explainer.branch(name, node, frame), frame)
        elif name in ("$BoundedExists", "$BoundedForall"):
            yield from self._quantified(name, node, frame)

    def _quantified(self, name: str, node: Apply, frame: Frame) -> Iterator[Part]:
        for bound in node.bounds:
            if bound.domain is not None:
                yield from self._part(bound.domain, frame)
        [bound] = node.bounds
        if name == "$BoundedExists" or bound.pattern or len(bound.names) != 1 or bound.domain is None:
            return
        for element in elements(self.explainer.value(bound.domain, frame)):
            inner = self.explainer.bind([(bound.names[0],)], [element], frame)
            if self.explainer.value(node.operands[0], inner) is not True:
                name = self.explainer.spec.compiler.tree.params[bound.names[0]].name
                yield Part(name, _shown(element), element)
                yield from self.of(node.operands[0], inner)
                return

    def _part(self, node: Node, frame: Frame) -> Iterator[Part]:
        # A bare name inside an operator that was opened here says nothing that the operands have not said.
        bare = isinstance(node, Apply) and not node.operands and len(frame.calls) > self.depth
        if isinstance(node, (Num, Str)) or bare or self._is_switch(node, frame):
            return
        text = self.explainer.sources.text(node.place)
        value = self.explainer.value(node, frame)
        if text and text != _shown(value):
            yield Part(text, _shown(value), value)

    def _is_switch(self, node: Node, frame: Frame) -> bool:
        meaning = self.explainer.meaning(node, frame) if isinstance(node, Apply) else None
        return isinstance(meaning, User) and meaning.definition.name == SWITCH
