"""Nodes, quorums, terms and logs, as all models of the log speak of them.

A `Log` is a whole sequence of mtrs; an LSN of the specification is the log up to there, so that two
positions are equal only when all below them is.  What is assumed of terms, numbers and sequences stands
here and
nowhere else, and the tests evaluate it on real sequences.
"""

from __future__ import annotations

from itertools import combinations

from redoraft_check.smt.formula import (
    Apply,
    Formula,
    Function,
    Named,
    Relation,
    Sort,
    Term,
    Var,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)

TERM = Sort("Term")
LOG = Sort("Log")
NUMBER = Sort("Number")
ROLE = Sort("Role", ("down", "follower", "candidate", "leader"))
DOWN, FOLLOWER, CANDIDATE, LEADER = (Function(name, (), ROLE)() for name in ROLE.elements)

ZERO = Function("0", (), TERM)()
EMPTY = Function("<<>>", (), LOG)()
TERM_OF = Function("termOf", (LOG,), TERM)
LSN = Function("lsn", (LOG,), NUMBER)
INDEX = Function("index", (LOG,), NUMBER)

TERM_LE = Relation("termLe", (TERM, TERM), rigid=True)
NUMBER_LE = Relation("numberLe", (NUMBER, NUMBER), rigid=True)
PREFIX = Relation("prefix", (LOG, LOG), rigid=True)
WHOLE = Relation("isEnd", (LOG,), rigid=True)
HALF = Relation("half", (LOG,), rigid=True)

FUNCTIONS = (ZERO.function, EMPTY.function, TERM_OF, LSN, INDEX)
RELATIONS = (TERM_LE, NUMBER_LE, PREFIX, WHOLE, HALF)

_t, _u, _v = (Var(name, TERM) for name in "tuv")
_i, _j, _k = (Var(name, NUMBER) for name in "ijk")
_f, _g, _h = (Var(name, LOG) for name in "fgh")


def before(one: Term, other: Term) -> Formula:
    """Term `one` is smaller than term `other`."""
    return TERM_LE(one, other) & differ(one, other)


def reaches(one: Term, other: Term) -> Formula:
    """LSN `one` <= LSN `other`, of two logs that need not agree."""
    return NUMBER_LE(LSN(one), LSN(other))


def entry(log: Term, term: Term) -> Formula:
    """The log ends with the meta record of an entry of this term: its leader may commit it by counting."""
    return both(WHOLE(log), differ(log, EMPTY), same(TERM_OF(log), term))


def is_closed(end: Term, log: Term) -> Formula:
    """`end` is Closed(log): the longest prefix that ends with an entry."""
    return both(
        WHOLE(end), PREFIX(end, log), forall([_f], implies(WHOLE(_f) & PREFIX(_f, log), PREFIX(_f, end)))
    )


def is_next(longer: Term, log: Term) -> Formula:
    """`longer` is `log` and one mtr more."""
    return both(
        PREFIX(log, longer),
        differ(log, longer),
        forall([_f], implies(PREFIX(_f, longer) & differ(_f, longer), PREFIX(_f, log))),
    )


def is_least(end: Term, one: Term, other: Term) -> Formula:
    """`end` is the shorter of two prefixes of one log (Min2)."""
    return either(PREFIX(one, other) & same(end, one), ~PREFIX(one, other) & same(end, other))


def is_most(end: Term, one: Term, other: Term) -> Formula:
    """`end` is the longer of two prefixes of one log (Max2)."""
    return either(PREFIX(one, other) & same(end, other), ~PREFIX(one, other) & same(end, one))


def _total(order: Relation, x: Var, y: Var, z: Var) -> Formula:
    return forall(
        [x, y, z],
        both(
            order(x, x),
            implies(order(x, y) & order(y, z), order(x, z)),
            implies(order(x, y) & order(y, x), same(x, y)),
            order(x, y) | order(y, x),
        ),
    )


AXIOMS = (
    Named("terms", _total(TERM_LE, _t, _u, _v), "Terms are ordered like numbers."),
    Named("the first term", forall([_t], TERM_LE(ZERO, _t)), "Term 0 is the least."),
    Named("numbers", _total(NUMBER_LE, _i, _j, _k), "LSNs and indexes are ordered like numbers."),
    Named(
        "prefixes",
        forall(
            [_f, _g, _h],
            both(
                PREFIX(_f, _f),
                implies(PREFIX(_f, _g) & PREFIX(_g, _h), PREFIX(_f, _h)),
                implies(PREFIX(_f, _g) & PREFIX(_g, _f), same(_f, _g)),
                implies(PREFIX(_f, _h) & PREFIX(_g, _h), PREFIX(_f, _g) | PREFIX(_g, _f)),
            ),
        ),
        "Being a prefix is an order, and two prefixes of one sequence are comparable.",
    ),
    Named(
        "the empty log",
        both(forall([_f], PREFIX(EMPTY, _f)), WHOLE(EMPTY), same(TERM_OF(EMPTY), ZERO)),
        "The empty log is a prefix of every log, has term 0 and counts as an entry end.",
    ),
    Named(
        "lengths",
        forall(
            [_f, _g],
            both(
                implies(PREFIX(_f, _g), NUMBER_LE(LSN(_f), LSN(_g)) & NUMBER_LE(INDEX(_f), INDEX(_g))),
                implies(PREFIX(_f, _g) & differ(_f, _g), differ(LSN(_f), LSN(_g))),
                implies(both(PREFIX(_f, _g), differ(_f, _g), WHOLE(_g)), differ(INDEX(_f), INDEX(_g))),
            ),
        ),
        "A longer log has a larger LSN; one with an entry more has a larger index.",
    ),
    Named("kinds", forall([_f], ~(WHOLE(_f) & HALF(_f))), "A meta record is not half an mtr."),
)


def counted_nodes(number: int) -> Sort:
    """So many nodes, with names."""
    return Sort("Node", tuple(f"n{at}" for at in range(1, number + 1)))


def majorities(nodes: Sort) -> tuple[frozenset[str], ...]:
    """The smallest majorities of named nodes."""
    size = len(nodes.elements) // 2 + 1
    return tuple(frozenset(found) for found in combinations(nodes.elements, size))


def quorum_axiom(member: Relation) -> Named:
    """Of quorums nothing is assumed but that two of them meet; of counted majorities that is proved."""
    node, quorum = member.args
    n, q, r = Var("n", node), Var("q", quorum), Var("r", quorum)
    return Named(
        "TwoQuorumsMeet",
        forall([q, r], exists([n], member(n, q) & member(n, r))),
        "Two majorities of the same nodes have a node in common.",
    )


def majority_axiom(member: Relation) -> Named:
    """Who is in which quorum, where nodes and quorums are named and quorums are the smallest majorities."""
    node, quorum = member.args
    facts = [
        member(who, which) if name in members else ~member(who, which)
        for which, members in zip(constants(quorum), majorities(node), strict=True)
        for name, who in zip(node.elements, constants(node), strict=True)
    ]
    return Named("majorities", both(*facts), "A quorum is more than half of the nodes, counted.")


def constants(sort: Sort) -> tuple[Apply, ...]:
    """The elements of a sort with names, as terms."""
    return tuple(Function(name, (), sort)() for name in sort.elements)
