"""From the semantic tree to Python functions, each made when it is first asked for.

An operator becomes one function for each way in which it is used (`form`): for its value, as a test of
membership, as a search for its largest element, as an action that yields each way of taking it, and so on.
Which of its parameters arrive as thunks is part of that choice (`lazy`): an argument is only evaluated
beforehand when the operator is sure to need it or when it cannot fail, as TLC evaluates arguments by need.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from types import CodeType
from typing import Any, Final

from attrs import frozen

from redoraft_check.oracle.actions import Actions
from redoraft_check.oracle.bindings import Binder, User
from redoraft_check.oracle.calls import Calls
from redoraft_check.oracle.errors import OutsideSubset, Place
from redoraft_check.oracle.expressions import Expressions
from redoraft_check.oracle.levels import Levels
from redoraft_check.oracle.primes import Primes
from redoraft_check.oracle.scope import Scope, python_name
from redoraft_check.oracle.setforms import SetForms
from redoraft_check.oracle.shapes import Shapes
from redoraft_check.oracle.steps import FILE, Origin, vocabulary
from redoraft_check.oracle.tree import Node
from redoraft_check.oracle.values import Names, Value

_RECURSION: Final = 20_000


@frozen
class Job:
    """One function to be written."""

    name: str
    user: User
    form: str
    lazy: tuple[bool, ...]


class Compiler:
    """Compiles operators of one tree under one configuration, on demand."""

    def __init__(self, binder: Binder, names: Names) -> None:
        self.binder = binder
        self.tree = binder.tree
        self.levels = Levels(binder)
        self.shapes = Shapes(binder)
        self.primes = Primes(binder)
        self.expressions = Expressions(self)
        self.calls = Calls(self)
        self.sets = SetForms(self)
        self.actions = Actions(self)
        self.origins: dict[str, Origin] = {}
        self.lines: list[str] = []
        self.names = vocabulary(names)
        self.pieces: list[CodeType | tuple[str, str]] = []
        """All that was executed, in order: definitions, and names for what constant code comes to."""

        self.given: dict[str, Value] = {}
        """The values that the configuration gives, by the names that stand for them in the code."""

        self._made: dict[tuple[object, ...], str] = {}
        self._waiting: list[Job] = []
        self._count = 0
        self._constants: dict[str, Value] = {}
        sys.setrecursionlimit(max(sys.getrecursionlimit(), _RECURSION))

    # --- what is asked from outside -------------------------------------------------------------------

    def operator(self, user: User, form: str = "value") -> Callable[..., Any]:
        """A function for an operator: of (state, next state, arguments...) as far as it reads them."""
        name = self.function(user, form, (False,) * len(user.definition.params))
        self.flush()
        found: Callable[..., Any] = self.names[name]
        return found

    def leaf(self, node: Node, scope: Scope, label: str, place: Place) -> Callable[..., Iterator[None]]:
        """A generator function for one action that stands in the middle of an operator."""
        name = self.fresh(label)
        params = ", ".join(dict.fromkeys(["s", "t", *scope.names.values()]))
        lines = [f"def {name}({params}):", *self.actions.body(node, scope, place)]
        self._add(name, Origin(label, place), lines)
        self.flush()
        found: Callable[..., Iterator[None]] = self.names[name]
        return found

    def initial(self, parts: Sequence[tuple[Node, Scope]]) -> Callable[..., Iterator[None]]:
        """A generator function of (None, state) for the conjuncts of an initial predicate."""
        place, name = parts[0][0].place, self.fresh("initial")
        self._add(
            name,
            Origin("the initial predicate", place),
            [f"def {name}(s, t):", *self.actions.all_of(parts, place)],
        )
        self.flush()
        found: Callable[..., Iterator[None]] = self.names[name]
        return found

    def expression(self, node: Node, scope: Scope, label: str, place: Place) -> Callable[..., Value]:
        """A function of (state, next state, names in scope) for one expression."""
        name = self.fresh(label)
        params = ", ".join(dict.fromkeys(["s", "t", *scope.names.values()]))
        lines = [f"def {name}({params}):", *self.expressions.body(node, scope)]
        self._add(name, Origin(label, place), lines)
        self.flush()
        found: Callable[..., Value] = self.names[name]
        return found

    # --- what the parts ask ---------------------------------------------------------------------------

    def fresh(self, text: str) -> str:
        """A new Python name."""
        self._count += 1
        return python_name(text, self._count)

    def function(self, user: User, form: str, lazy: tuple[bool, ...]) -> str:
        """The name of the function for an operator used in this way; it is written later if it is new."""
        key = (user.definition.uid, user.env.number, form, lazy)
        name = self._made.get(key)
        if name is None:
            suffix = "" if form == "value" else f"_{form}"
            name = self._made[key] = self.fresh(user.definition.name + suffix)
            self.origins[name] = Origin(user.definition.name, user.definition.place)
            self._waiting.append(Job(name, user, form, lazy))
        return name

    def context(self, user: User, scope: Scope, form: str) -> list[str]:
        """The state arguments with which a function is called: as many as its level says."""
        if form == "init":
            return [scope.state]
        level = 2 if form == "act" else self.levels.of_user(user)
        if level >= 2 and scope.next is None:
            raise OutsideSubset(user.definition.place, f"{user.definition.name}' (a prime inside a prime)")
        return [scope.state, str(scope.next)][:level]

    def constant(self, value: Value) -> str:
        """Code for a value that the configuration gives."""
        code = self._known(value)
        if code in self._constants:
            self.given[code] = value
        return code

    def _known(self, value: Value) -> str:
        if isinstance(value, (bool, int, str)):
            return repr(value)
        name = self.fresh("k")
        self.names[name] = self._constants[name] = value
        return name

    def is_constant(self, code: str) -> bool:
        """Whether code is a literal or the name of a known value."""
        return (
            code in self._constants
            or code in ("True", "False")
            or code[:1] in "'\""
            or code.lstrip("-").isdigit()
        )

    def fold(self, code: str) -> str:
        """The value of code that mentions only constants, or the code itself when it has none now."""
        try:
            self.flush()
            known = self._known(eval(code, self.names))
        except OutsideSubset:
            raise
        except Exception:
            # An error in an expression that may never be reached is TLC's error only when it is reached.
            return code
        if known in self._constants:
            self.pieces.append((known, code))
        return known

    def flush(self) -> None:
        """Write and load every function that was asked for."""
        while self._waiting:
            job = self._waiting.pop()
            self._add(job.name, self.origins[job.name], self._write(job))

    def define(self, name: str, params: list[str], lines: list[str], place: Place) -> None:
        """A function that stands beside the one that is being written."""
        self._add(name, Origin(name, place), [f"def {name}({', '.join(params)}):", *lines])

    # --- writing --------------------------------------------------------------------------------------

    def _write(self, job: Job) -> list[str]:
        definition = job.user.definition
        params, names = [], {}
        for uid, lazy in zip(definition.params, job.lazy, strict=True):
            name = python_name(self.tree.params[uid].name, uid)
            params.append(name)
            names[uid] = f"{name}()" if lazy else name
        for uid in self.primes.free(job.user.env):
            if uid not in names:
                names[uid] = python_name(self.tree.params[uid].name, uid)
                params.append(names[uid])
        scope = Scope(job.user.env, names=names)
        if job.form == "init":
            scope = Scope(job.user.env, state="t", next=None, names=names, starting=True)
        head = self.context(job.user, scope, job.form)
        body = self._body(job, scope)
        if job.form == "member":
            head.append("x_")
        return [f"def {job.name}({', '.join([*head, *params])}):", *body]

    def _body(self, job: Job, scope: Scope) -> list[str]:
        node, place = job.user.definition.body, job.user.definition.place
        match job.form:
            case "act" | "init":
                return self.actions.body(node, scope, place)
            case "member":
                return [f"    return {self.sets.member('x_', node, scope)}"]
            case "largest":
                return [f"    return {self.sets.largest(node, scope)}"]
            case "falling":
                return [f"    return {self.sets.falling(node, scope)}"]
            case "count":
                return [f"    return {self.sets.count(node, scope)}"]
        return self.expressions.body(node, scope)

    def _add(self, name: str, origin: Origin, lines: list[str]) -> None:
        self.origins[name] = origin
        # One growing source, so that a traceback's line number finds the spec line written behind it.
        start = len(self.lines)
        self.lines += lines
        source = "\n" * start + "\n".join(lines) + "\n"
        code = compile(source, FILE, "exec")
        self.pieces.append(code)
        exec(code, self.names)
