"""The semantic tree that SANY exports, as typed nodes with resolved names.

Every definition, declaration and parameter has a UID; a reference is a kind and a UID, so no name is
ever looked up by its text.  Bodies are read when they are first asked for: a specification uses a
fraction of the standard modules that come with it.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Final, TypeAlias

from attrs import define, field, frozen

from redoraft_check.oracle.errors import OutsideSubset, Place


@frozen
class Ref:
    """A reference: `kind` is "builtin", "user", "decl" or "param"."""

    kind: str
    uid: int


@frozen
class Num:
    """An integer literal."""

    place: Place
    value: int


@frozen
class Str:
    """A string literal."""

    place: Place
    value: str


@frozen
class Other:
    """OTHER, in the place of a test in CASE."""

    place: Place


@frozen
class Bound:
    """`x, y \\in S`, or `<<x, y>> \\in S` when `pattern`; `domain` is None for an unbounded one."""

    names: tuple[int, ...]
    pattern: bool
    domain: Node | None


@frozen(eq=False)
class Apply:
    """An operator applied to operands; `bounds` are the variables it binds, if it binds any."""

    place: Place
    op: Ref
    operands: tuple[Node, ...]
    bounds: tuple[Bound, ...] = ()


@frozen(eq=False)
class Let:
    """LET definitions IN body."""

    place: Place
    definitions: tuple[int, ...]
    body: Node


@frozen
class At:
    """`@` inside an EXCEPT."""

    place: Place


@frozen
class OpArg:
    """An operator passed as an argument."""

    place: Place
    op: Ref


@frozen(eq=False)
class Subst:
    """What INSTANCE makes of a body: declarations of the instantiated module replaced by expressions."""

    place: Place
    replaced: tuple[tuple[int, Node], ...]
    body: Node


@frozen(eq=False)
class Strange:
    """A construct that this reader does not know; refused when it is compiled."""

    place: Place
    construct: str


Node: TypeAlias = Num | Str | Other | Apply | Let | At | OpArg | Subst | Strange

CONSTANT: Final = 2
VARIABLE: Final = 3


@frozen
class Declaration:
    """A CONSTANT or a VARIABLE."""

    uid: int
    name: str
    arity: int
    is_variable: bool


@frozen
class Param:
    """A formal parameter or a bound variable."""

    uid: int
    name: str
    arity: int


@define(eq=False)
class Definition:
    """An operator: its name as SANY gives it (`I!Op` for an instance), its parameters and its body."""

    uid: int
    name: str
    place: Place
    params: tuple[int, ...]
    recursive: bool
    _raw: ET.Element | None
    _body: Node | None = field(default=None, init=False)

    @property
    def body(self) -> Node:
        """The body, read on first use."""
        if self._body is None:
            self._body = _node(self._raw[0]) if self._raw is not None else Strange(self.place, self.name)
            self._raw = None
        return self._body

    @property
    def home(self) -> str:
        """The module in whose text it stands; `place` is that of the INSTANCE for one that came by it."""
        body = self.body
        while isinstance(body, Subst):
            body = body.body
        return body.place.module if self.place.module != "?" else "?"


@define(eq=False)
class Tree:
    """A root module with everything it extends and instantiates."""

    root: str
    builtins: dict[int, str]
    definitions: dict[int, Definition]
    declarations: dict[int, Declaration]
    params: dict[int, Param]
    scope: dict[str, int]
    """What the names of the root module stand for: the UID of a definition or a declaration."""
    assumptions: tuple[Node, ...]
    variables: tuple[int, ...]
    """The root module's variables, in the order of their declaration."""
    formals: frozenset[int] = frozenset()
    """The parameters of operators, apart from the variables that quantifiers bind."""

    def builtin(self, name: str) -> Ref:
        """A reference to an operator of the language, whether or not the modules use it."""
        found = next((uid for uid, known in self.builtins.items() if known == name), None)
        if found is None:
            found = -len(self.builtins) - 1
            self.builtins[found] = name
        return Ref("builtin", found)


def read_tree(xml: bytes) -> Tree:
    """Read SANY's XML.  Raises `ValueError` when it is not what the exporter of TLA+ 1.5 to 1.8 writes."""
    top = ET.fromstring(xml)
    context, root = top.find("context"), top.findtext("RootModule")
    if context is None or root is None:
        raise ValueError("no semantic tree in SANY's output")
    tree = Tree(root, {}, {}, {}, {}, {}, (), ())
    modules: dict[str, ET.Element] = {}
    assumed: dict[int, ET.Element] = {}
    for entry in context:
        uid, item = int(entry[0].text or "0"), entry[1]
        if item.tag == "ModuleNode":
            modules[item.findtext("uniquename", "")] = item
        elif item.tag in ("AssumeNode", "AssumeDef"):
            assumed[uid] = item
        else:
            _enter(tree, uid, item)
    _open_root(tree, modules[root], assumed)
    tree.formals = frozenset(uid for one in tree.definitions.values() for uid in one.params)
    return tree


def _enter(tree: Tree, uid: int, item: ET.Element) -> None:
    name, arity = item.findtext("uniquename", ""), int(item.findtext("arity", "0"))
    match item.tag:
        case "BuiltInKind":
            tree.builtins[uid] = name
        case "UserDefinedOpKind":
            tree.definitions[uid] = _definition(uid, name, item)
        case "OpDeclNode":
            variable = int(item.findtext("kind", "0")) == VARIABLE
            tree.declarations[uid] = Declaration(uid, name, arity, variable)
        case "FormalParamNode":
            tree.params[uid] = Param(uid, name, arity)


def _definition(uid: int, name: str, item: ET.Element) -> Definition:
    params = tuple(
        int(found.text or "0") for found in item.iterfind("params/leibnizparam/FormalParamNodeRef/UID")
    )
    recursive = item.find("recursive") is not None
    return Definition(uid, name, _place(item), params, recursive, item.find("body"))


def _open_root(tree: Tree, module: ET.Element, assumed: dict[int, ET.Element]) -> None:
    variables, assumptions = [], []
    for member in module:
        uid = int(member.findtext("UID", "0"))
        if member.tag == "OpDeclNodeRef":
            tree.scope[tree.declarations[uid].name] = uid
            if tree.declarations[uid].is_variable:
                variables.append(uid)
        elif member.tag == "UserDefinedOpKindRef" and uid in tree.definitions:
            tree.scope[tree.definitions[uid].name] = uid
        elif member.tag in ("AssumeNodeRef", "AssumeDefRef") and uid in assumed:
            body = assumed[uid].find("body")
            assumptions += [_node(body[0])] if body is not None else []
    tree.variables = tuple(sorted(variables))
    tree.assumptions = tuple(assumptions)


def _place(item: ET.Element) -> Place:
    location = item.find("location")
    if location is None:
        return Place("?", 0)
    column, line, module = location
    left, right, first, last = (int(end.text or "0") for end in (*column, *line))
    return Place(module.text or "?", first, left, last, right)


_KINDS: Final = {
    "BuiltInKindRef": "builtin",
    "UserDefinedOpKindRef": "user",
    "OpDeclNodeRef": "decl",
    "FormalParamNodeRef": "param",
}


def _ref(item: ET.Element) -> Ref:
    kind = _KINDS.get(item.tag)
    if kind is None:
        raise OutsideSubset(Place("?", 0), f"a reference to a {item.tag}")
    return Ref(kind, int(item.findtext("UID", "0")))


def _node(item: ET.Element) -> Node:
    read = _READERS.get(item.tag)
    return Strange(_place(item), item.tag) if read is None else read(item)


def _children(item: ET.Element | None) -> tuple[Node, ...]:
    return () if item is None else tuple(_node(child) for child in item)


def _apply(item: ET.Element) -> Node:
    operator = item.find("operator")
    assert operator is not None, "the schema gives every application an operator"
    bounds = tuple(_bound(child) for child in item.findall("boundSymbols/*"))
    return Apply(_place(item), _ref(operator[0]), _children(item.find("operands")), bounds)


def _bound(item: ET.Element) -> Bound:
    names = tuple(int(found.text or "0") for found in item.iterfind("FormalParamNodeRef/UID"))
    if item.tag == "unbound":
        return Bound(names, False, None)
    return Bound(names, item.find("tuple") is not None, _node(item[-1]))


def _let(item: ET.Element) -> Node:
    definitions = tuple(int(found.text or "0") for found in item.iterfind("opDefs/UserDefinedOpKindRef/UID"))
    body = item.find("body")
    assert body is not None, "the schema gives every LET a body"
    return Let(_place(item), definitions, _node(body[0]))


def _subst(item: ET.Element) -> Node:
    body = item.find("body")
    assert body is not None, "the schema gives every substitution a body"
    replaced = tuple(
        (int(one.findtext("OpDeclNodeRef/UID", "0")), _node(one[1])) for one in item.iterfind("substs/Subst")
    )
    return Subst(_place(item), replaced, _node(body[0]))


def _string(item: ET.Element) -> Node:
    value = item.find("StringValue")
    # The test of CASE's OTHER is a string without a value element, and no string of the module.
    return Other(_place(item)) if value is None else Str(_place(item), value.text or "")


def _label(item: ET.Element) -> Node:
    body = item.find("body")
    assert body is not None, "the schema gives every label a body"
    return _node(body[0])


def _op_arg(item: ET.Element) -> Node:
    argument = item.find("argument")
    assert argument is not None, "the schema gives every operator argument an operator"
    return OpArg(_place(item), _ref(argument[0]))


_READERS: Final[dict[str, Callable[[ET.Element], Node]]] = {
    "NumeralNode": lambda item: Num(_place(item), int(item.findtext("IntValue", "0"))),
    "StringNode": _string,
    "OpApplNode": _apply,
    "LetInNode": _let,
    "AtNode": lambda item: At(_place(item)),
    "OpArgNode": _op_arg,
    "SubstInNode": _subst,
    "LabelNode": _label,
}
