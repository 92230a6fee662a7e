"""The operators of the language and of the standard modules that are plain functions of their operands.

Each row: the name as SANY gives it, a Python template, and what kind of value comes out ("" when it is not
known).  Operators that bind variables, look at a step or need their operands' shape stand in `expressions`.
"""

from __future__ import annotations

from typing import Final

from attrs import frozen


@frozen
class Row:
    """`template` takes the operands in order; `fast` stands for it when an operand is surely an integer."""

    template: str
    kind: str = ""
    fast: str = ""


PLAIN: Final[dict[str, Row]] = {
    "TRUE": Row("True", "bool"),
    "FALSE": Row("False", "bool"),
    "BOOLEAN": Row("BOOLEAN", "set"),
    "STRING": Row("STRING", "set"),
    "SUBSET": Row("powerset({})", "set"),
    "UNION": Row("big_union({})", "set"),
    "DOMAIN": Row("domain({})", "set"),
    "\\subseteq": Row("subset({}, {})", "bool"),
    "\\union": Row("union({}, {})", "set"),
    "\\intersect": Row("intersection({}, {})", "set"),
    "\\": Row("difference({}, {})", "set"),
    "$SetOfFcns": Row("functions({}, {})", "set"),
    "Nat": Row("NAT", "set"),
    "Int": Row("INT", "set"),
    "+": Row("add({}, {})", "int", "({} + {})"),
    "-": Row("subtract({}, {})", "int", "({} - {})"),
    "*": Row("multiply({}, {})", "int"),
    "^": Row("power({}, {})", "int"),
    "<": Row("less({}, {})", "bool", "({} < {})"),
    ">": Row("less({1}, {0})", "bool", "({} > {})"),
    "\\leq": Row("at_most({}, {})", "bool", "({} <= {})"),
    "\\geq": Row("at_most({1}, {0})", "bool", "({} >= {})"),
    "%": Row("modulo({}, {})", "int"),
    "\\div": Row("divide({}, {})", "int"),
    "..": Row("interval({}, {})", "set"),
    "-.": Row("subtract(0, {})", "int"),
    "Seq": Row("sequences({})", "set"),
    "Len": Row("length({})", "int"),
    "\\o": Row("concatenate({}, {})"),
    "Append": Row("append({}, {})"),
    "Head": Row("head({})"),
    "Tail": Row("tail({})"),
    "SubSeq": Row("subsequence({}, {}, {})"),
    "SelectSeq": Row("select({}, {})"),
    "IsFiniteSet": Row("is_finite({})", "bool"),
    "Cardinality": Row("cardinality({})", "int"),
    "PrintT": Row("print_value({})", "bool"),
    "Print": Row("print_and({}, {})"),
    "Assert": Row("check({}, {})", "bool"),
    "TLCSet": Row("set_register({}, {})", "bool"),
    "TLCGet": Row("get_register({})"),
    ":>": Row("make_function({{{}: {}}})"),
    "@@": Row("merge({}, {})"),
    "Permutations": Row("orderings({})", "set"),
    "SortSeq": Row("sort_sequence({}, {})"),
    "ToString": Row("show({})", "str"),
    "TLCEval": Row("{}"),
    "EmptyBag": Row("()"),
    "IsABag": Row("all(n.__class__ is int and n > 0 for _, n in pairs_of({}))", "bool"),
    "BagToSet": Row("domain({})", "set"),
    "SetToBag": Row("make_function(dict.fromkeys(elements({}), 1))"),
    "BagUnion": Row("bag_union({})"),
    "SubBag": Row("bags_within({})", "set"),
    "BagOfAll": Row("bag_of_all({}, {})"),
    "BagIn": Row("in_domain({}, {})", "bool"),
    "\\oplus": Row("bag_add({}, {})"),
    "\\ominus": Row("bag_subtract({}, {})"),
    "CopiesIn": Row("bag_count({}, {})", "int"),
    "BagCardinality": Row("bag_size({})", "int"),
    "\\sqsubseteq": Row("bag_within({}, {})", "bool"),
}

KINDS: Final[dict[str, str]] = {
    **{name: row.kind for name, row in PLAIN.items()},
    "=": "bool",
    "/=": "bool",
    "\\land": "bool",
    "\\lor": "bool",
    "\\lnot": "bool",
    "=>": "bool",
    "\\equiv": "bool",
    "$ConjList": "bool",
    "$DisjList": "bool",
    "\\in": "bool",
    "\\notin": "bool",
    "$BoundedExists": "bool",
    "$BoundedForall": "bool",
    "UNCHANGED": "bool",
    "ENABLED": "bool",
    "$Tuple": "tuple",
    "$SetEnumerate": "set",
    "$SetOfAll": "set",
    "$SubsetOf": "set",
    "$SetOfRcds": "set",
    "$CartesianProd": "set",
    "$RcdConstructor": "record",
}
