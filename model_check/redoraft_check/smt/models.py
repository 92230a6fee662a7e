"""The models that `redoraft prove` knows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cache

from attrs import evolve

from redoraft_check.smt import (
    ddl_facts,
    ddl_invariant,
    ddl_log,
    ddl_properties,
    ddl_refinement,
    ddl_state,
    storage_invariant,
    storage_reading,
    storage_refinement,
    storage_state,
)
from redoraft_check.smt.commit_facts import facts
from redoraft_check.smt.commit_invariant import invariant
from redoraft_check.smt.commit_properties import properties
from redoraft_check.smt.commit_rule import RULES as COMMIT_RULES
from redoraft_check.smt.commit_rule import actions as commit_actions
from redoraft_check.smt.commit_state import Raft, initial
from redoraft_check.smt.ddl_file_ops import FileOps
from redoraft_check.smt.ddl_terms import Terms, terms_invariant
from redoraft_check.smt.formula import TRUE, Action, Named, both
from redoraft_check.smt.hints import hints_of
from redoraft_check.smt.logs import (
    AXIOMS,
    FUNCTIONS,
    LOG,
    NUMBER,
    RELATIONS,
    TERM,
    majority_axiom,
    quorum_axiom,
)
from redoraft_check.smt.model import Model
from redoraft_check.smt.obligations import title
from redoraft_check.smt.startup_invariant import startup_facts, startup_invariant, startup_properties
from redoraft_check.smt.startup_rule import PHASE, Start, StartupSteps, startup_initial
from redoraft_check.smt.startup_rule import RULES as STARTUP_RULES
from redoraft_check.smt.storage_limits import LimitedSteps


def commit_rule(off: frozenset[str] = frozenset()) -> Model:
    """RaftRedo for any set of nodes; of quorums nothing is assumed but that two of them meet."""
    raft = Raft.over(0)
    return Model(
        name="CommitRule",
        summary="RaftRedo's election, append, acknowledgement and majority LSN, for any set of nodes",
        sorts=(raft.node, raft.quorum, TERM, LOG, NUMBER),
        functions=FUNCTIONS,
        relations=(*RELATIONS, *raft.relations),
        axioms=(*AXIOMS, quorum_axiom(raft.member)),
        init=initial(raft),
        actions=_with_facts(commit_actions(raft, off), facts(raft)),
        invariant=invariant(raft),
        safety=properties(raft),
        off=off,
        small={raft.node: 3, raft.quorum: 3, TERM: 4, LOG: 5, NUMBER: 5},
    )


def _with_facts(actions: Iterable[Action], known: Mapping[str, tuple[Named, ...]]) -> tuple[Action, ...]:
    return tuple(evolve(action, facts=known.get(title(action), ())) for action in actions)


def majorities_of(nodes: int) -> Model:
    """So many nodes with counted majorities: an instance of the commit rule, since two of them meet."""
    raft = Raft.over(nodes)
    return Model(
        name=f"Majorities_n{nodes}",
        summary=f"counted majorities of {nodes} nodes meet, so CommitRule speaks of them",
        sorts=(raft.node, raft.quorum),
        functions=(),
        relations=(raft.member,),
        axioms=(majority_axiom(raft.member),),
        init=TRUE,
        actions=(),
        invariant=(),
        safety=(quorum_axiom(raft.member),),
    )


def storage_limits(off: frozenset[str] = frozenset()) -> Model:
    """StorageLimits: one node within the promises that CommitRule keeps, any pages, LSNs and terms."""
    return Model(
        name="StorageLimits",
        summary="pages, checkpoint, redo deletion, recovery of one node within R1 to R5, for any pages, LSNs",
        sorts=(storage_state.PAGE, storage_state.SNAPSHOT, TERM, LOG, NUMBER),
        functions=(*FUNCTIONS, storage_state.DICT_PAGE.function),
        relations=(*RELATIONS, *storage_state.Storage.relations),
        axioms=(*AXIOMS, *storage_state.AXIOMS),
        init=storage_state.initial(),
        actions=_with_facts(LimitedSteps(off).all(), storage_invariant.facts()),
        invariant=storage_invariant.invariant(),
        safety=storage_invariant.properties(),
        off=off,
        small={storage_state.PAGE: 2, storage_state.SNAPSHOT: 1, TERM: 3, LOG: 5, NUMBER: 5},
    )


def startup(off: frozenset[str] = frozenset()) -> Model:
    """Startup: recovery and apply of any set of nodes, on top of what is proved of the commit rule."""
    start = Start(Raft.over(0))
    below = commit_rule(off & COMMIT_RULES)
    return evolve(
        below,
        name="Startup",
        summary="recovery after alignment, apply within the majority LSN, for any set of nodes",
        sorts=(*below.sorts, PHASE),
        relations=(*below.relations, *start.relations),
        init=startup_initial(start),
        actions=_with_facts(StartupSteps(start, off).all(), startup_facts(start)),
        invariant=startup_invariant(start),
        safety=startup_properties(start),
        lemmas=below.invariant,
        off=off,
    )


def storage_log(off: frozenset[str] = frozenset()) -> Model:
    """StorageLog: the log of StorageLimits is a node's log in Startup, for any set of nodes."""
    start = Start(Raft.over(0))
    below = startup(off)
    shows = storage_refinement.Showings(start)
    return evolve(
        below,
        name="StorageLog",
        summary="each guard on the log in StorageLimits is what CommitRule and Startup provide of a node",
        sorts=(*below.sorts, storage_state.PAGE),
        functions=(*below.functions, storage_reading.self_of(start.raft)),
        relations=(*below.relations, *storage_reading.KEPT),
        init=both(below.init, storage_reading.kept_initially()),
        actions=tuple(case for one in below.actions for case in shows.of(evolve(one, facts=()))),
        invariant=(),
        safety=storage_reading.properties_of(start),
        lemmas=(
            *(*below.lemmas, *below.invariant),
            *(*properties(start.raft), *below.safety, *storage_reading.lemmas(start)),
        ),
        begins=storage_reading.begins(start),
        hints=hints_of("StorageLog"),
    )


def ddl_terms(off: frozenset[str] = frozenset()) -> Model:
    """DdlTerms: whose log Ddl's has been, as histories beside Startup's state."""
    terms = Terms(Start(Raft.over(0)))
    below = startup(off)
    below_facts = {title(one): terms.given(title(one)) for one in below.actions}
    steps = (
        evolve(terms.steps(evolve(one, facts=())), given=below_facts[title(one)]) for one in below.actions
    )
    return evolve(
        below,
        name="DdlTerms",
        summary="which terms' leaders have counted, and that data is of those: the histories of DdlLog",
        relations=(*below.relations, *terms.histories),
        init=both(below.init, terms.init()),
        actions=(*steps, terms.opens()),
        invariant=terms_invariant(terms),
        safety=(),
        lemmas=(*below.lemmas, *below.invariant),
    )


def ddl_log_over(off: frozenset[str] = frozenset()) -> Model:
    """DdlLog: what Ddl asks of its log is what CommitRule and Startup provide, for any set of nodes."""
    terms = Terms(Start(Raft.over(0)))
    below = ddl_terms(off)
    shows = ddl_refinement.DdlShowings(terms)
    return evolve(
        below,
        name="DdlLog",
        summary="each guard on the log in Ddl is what CommitRule and Startup provide, for any set of nodes",
        sorts=(*below.sorts, ddl_state.STAGE, ddl_state.PHASE, ddl_state.STEP, ddl_log.SPACE, ddl_log.NAME),
        actions=tuple(case for one in below.actions for case in shows.of(one)),
        invariant=(),
        safety=ddl_refinement.properties_of(terms),
        lemmas=(*below.lemmas, *below.invariant, *properties(terms.start.raft)),
        begins=ddl_refinement.begins(terms),
    )


def ddl(off: frozenset[str] = frozenset()) -> Model:
    """DdlFileOps: file operations of DDL on any set of nodes, within the promises that CommitRule keeps."""
    return Model(
        name="Ddl",
        summary="files and dictionary of any tables on any data nodes, every DDL, crash and election",
        sorts=(
            *(ddl_state.NODE, ddl_log.NAME, ddl_log.SPACE, LOG),
            *(ddl_log.OP, ddl_state.STAGE, ddl_state.PHASE, ddl_state.STEP),
        ),
        functions=ddl_log.FUNCTIONS,
        relations=(*ddl_log.RELATIONS, *ddl_state.Ddl.relations),
        axioms=ddl_log.AXIOMS,
        init=ddl_state.initial(),
        actions=ddl_facts.with_facts(FileOps(off).all()),
        invariant=ddl_invariant.invariant(),
        safety=ddl_properties.properties(off),
        step_safety=ddl_facts.STEP_PROPERTIES,
        off=off,
        small={ddl_state.NODE: 2, ddl_log.NAME: 3, ddl_log.SPACE: 3, LOG: 5},
        hints=hints_of("Ddl"),
    )


MODELS: dict[str, Callable[[], Model]] = {
    "CommitRule": commit_rule,
    "Startup": startup,
    "StorageLimits": storage_limits,
    "StorageLog": storage_log,
    "DdlTerms": ddl_terms,
    "DdlLog": ddl_log_over,
    "Ddl": ddl,
    "Majorities_n3": lambda: majorities_of(3),
    "Majorities_n5": lambda: majorities_of(5),
}
"""By name, in the order in which they are proved.  A model that builds on another's lemmas comes after it."""

RULES: dict[str, frozenset[str]] = {
    "CommitRule": COMMIT_RULES,
    "Startup": COMMIT_RULES | STARTUP_RULES,
    "StorageLimits": storage_state.RULES,
    "Ddl": ddl_state.PROVED_RULES,
}
"""By model, the rules that can be taken out of it.  A model that is not here has none."""


@cache
def model(name: str) -> Model:
    """The model of this name.  Raises `KeyError`."""
    return MODELS[name]()
