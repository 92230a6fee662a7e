"""The actions of spec/DdlFileOps.tla: the log within R1 to R5, crash, apply, validation, promotion."""

from __future__ import annotations

from redoraft_check.smt.ddl_files import (
    conflicts,
    executed,
    is_pending,
    of_node,
    one_id_once,
    performed,
    validates,
)
from redoraft_check.smt.ddl_log import (
    ABOUT,
    COMMIT,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    FOLLOWS,
    NAME_OF,
    NEXT,
    QUIET,
    ROLLBACK,
    ROW_RENAME,
    SPACE_OF,
    TABLE,
    TO_OF,
    is_op,
    is_unfinished,
    is_visible,
)
from redoraft_check.smt.ddl_state import (
    ABORTED,
    DEPOSED,
    ELECTED,
    ESTABLISHED,
    IDLE,
    NONE,
    REPLAY,
    SERVING,
    STARTING,
    UP,
    S,
    becomes,
    choice,
    formals,
    of_node_files,
    value_of_node,
)
from redoraft_check.smt.ddl_state import of_node as of_one
from redoraft_check.smt.ddl_steps import ROW_KINDS, DdlSwitched, JobSteps, idle, to_step
from redoraft_check.smt.formula import (
    FALSE,
    TRUE,
    Action,
    Apply,
    Formula,
    Term,
    Update,
    both,
    differ,
    either,
    exists,
    forall,
    implies,
    same,
)
from redoraft_check.smt.logs import PREFIX

KINDS = (("create", FILE_CREATE), ("delete", FILE_DELETE), ("rename", FILE_RENAME))


class FileOps(DdlSwitched):
    """All of DdlFileOps' actions."""

    def all(self) -> tuple[Action, ...]:
        """In the order of the specification's StepOf."""
        return (
            *self.elect(),
            self.establish(),
            self.step_down(),
            self.advance_majority(),
            *self.crash(),
            *self.late_call(),
            *self.apply(),
            *self.crash_in_apply(),
            *self.validate(),
            self.roll_back_unfinished(),
            self.recover(),
            self.serve(),
            self.open_table(),
            *JobSteps(self.off).all(),
        )

    # --- the log: what R1 to R5 leave open -----------------------------------------------------------

    def elect(self) -> tuple[Action, ...]:
        """Elect(n, l): R1, of what is not committed any part may be lost."""
        n, k, p, m, end, cut, a, x, q = S.vars("n k p m l l2 a x q")
        here, s, t = formals(S.cache)
        guard = both(
            S.phase(n, STARTING) | S.phase(n, UP),
            *(S.log(end), S.majority(m), S.row(p)),
            *(PREFIX(m, cut), PREFIX(cut, end)),
        )
        updates = (
            becomes(S.log, cut),
            becomes(S.leader, n),
            becomes(S.stage, ELECTED),
            *idle(),
            Update(S.cache, (here, s, t), differ(here, n) & S.cache(here, s, t)),
        )
        deposed = value_of_node(S.phase, k, DEPOSED)
        calls = (*updates, deposed, of_one(S.late, k, self.still_to_call(p, end)))
        undo = either(*(is_op(q, kind) & self.is_undo_of(q, kind) for kind in ROW_KINDS))
        recovers = (*updates, deposed, of_one(S.late, k, undo))
        params = (n, p, m, end, cut)
        deposes = both(S.leader(k), differ(n, k), guard)
        next_row = self._recovers_next(k, a, x, end, q)
        return (
            Action("Elect", params, both(S.no_leader(), guard), updates),
            Action(
                "Elect",
                (n, k, *params[1:]),
                both(deposes, forall([a, x, q], ~next_row)),
                calls,
                case="deposing",
            ),
            Action(
                "Elect",
                (n, k, *params[1:], a, x, q),
                both(deposes, next_row),
                recovers,
                case="deposing who recovers",
            ),
        )

    def _recovers_next(self, node: Term, a: Term, x: Term, end: Term, row: Term) -> Formula:
        """StillToRecover: an established leader at no job replays this row, and waits for nobody."""
        q = S.var("q_")
        alone = [self.replay_waits_for_nobody(row, kind) for kind in ROW_KINDS]
        return both(
            *(S.phase(node, UP), self._on_firm_ground(), S.pc(IDLE)),
            *(S.applied(node, a), self._limit(node, x), S.stage(SERVING) | QUIET(a, x)),
            ~S.stage(SERVING) if self.on("H30") else TRUE,
            is_visible(row, end, self.off),
            forall([q], implies(is_visible(q, end, self.off), PREFIX(q, row))),
            either(*(one for one in alone if one != FALSE)),
        )

    def establish(self) -> Action:
        """Establish(n): R5, its own term's marker is on a majority, and so is all before it."""
        n, m, end = S.vars("n m l")
        guard = both(S.leader(n), S.stage(ELECTED), S.log(end), S.majority(m))
        return Action(
            "Establish", (n, m, end), guard, (becomes(S.stage, ESTABLISHED), becomes(S.majority, end))
        )

    def step_down(self) -> Action:
        """StepDown(n): a leader that has not served goes on as a follower."""
        n, x = S.var("n"), formals(S.leader)[0]
        guard = both(S.leader(n), S.stage(ESTABLISHED), S.pc(IDLE))
        return Action("StepDown", (n,), guard, (Update(S.leader, (x,), FALSE), becomes(S.stage, NONE)))

    def advance_majority(self) -> Action:
        """AdvanceMajority(l)"""
        m, new, end = S.vars("m m2 l")
        guard = both(
            S.stage(ESTABLISHED) | S.stage(SERVING),
            *(S.log(end), S.majority(m), PREFIX(m, new), differ(m, new), PREFIX(new, end)),
        )
        return Action("AdvanceMajority", (m, new, end), guard, (becomes(S.majority, new),))

    def _leave(self, node: Term, one_id: Formula) -> tuple[Update, ...]:
        _, x = formals(S.phase)
        phase = choice(one_id, same(x, STARTING), same(x, ABORTED))
        return (
            of_one(S.phase, node, phase),
            of_one(S.late, node, FALSE),
            of_one(S.cache, node, FALSE),
        )

    @staticmethod
    def _leads_no_more() -> tuple[Update, ...]:
        x = formals(S.leader)[0]
        return Update(S.leader, (x,), FALSE), becomes(S.stage, NONE), *idle()

    def _if_leading(
        self, name: str, case: str, guard: Formula, updates: tuple[Update, ...], params: str
    ) -> tuple[Action, Action]:
        """The step of a node, and that of the leader."""
        n = S.var("n")
        variables = S.vars(params)
        led = f"{case}, leading" if case else "leading"
        return (
            Action(name, variables, both(~S.leader(n), guard), updates, case=case),
            Action(name, variables, both(S.leader(n), guard), (*updates, *self._leads_no_more()), case=led),
        )

    def crash(self) -> tuple[Action, ...]:
        """Crash(n, l): H5, the LSN of file operations applied is durable."""
        n, a, b = S.vars("n a b")
        updates = self._leave(n, one_id_once(of_node(n)))
        guard = ~S.phase(n, ABORTED)
        if self.on("H5"):
            return self._if_leading("Crash", "", guard, updates, "n")
        older = both(guard, S.applied(n, a), PREFIX(b, a))
        return self._if_leading("Crash", "", older, (*updates, value_of_node(S.applied, n, b)), "n a b")

    def late_call(self) -> tuple[Action, ...]:
        """LateCall(n, r): a deposed leader's last call to the operating system."""
        n, s, t, u = S.vars("n s t u")
        return tuple(
            Action(
                "LateCall",
                (n, s, t, u),
                S.late(n, op, s, t, u),
                (of_node_files(n, performed(of_node(n), op, s, t, u)), of_one(S.late, n, FALSE)),
                case=case,
            )
            for case, op in KINDS
        )

    # --- apply, validation, promotion ----------------------------------------------------------------

    def _on_firm_ground(self) -> Formula:
        """OnFirmGround: H14, only on ground of its own term does a new leader act."""
        bold = S.stage(ELECTED) if not self.on("H14-ddl") else FALSE
        return either(S.stage(ESTABLISHED), S.stage(SERVING), bold)

    def _limit(self, node: Term, limit: Term) -> Formula:
        """ApplyLimit(n) = limit: LIM-3."""
        if self.on("H14-ddl"):
            return S.majority(limit)
        return both(S.leader(node), S.log(limit)) | both(~S.leader(node), S.majority(limit))

    def _applies_next(self) -> Formula:
        """MayApply(n), and p is Min(ToApply(n))."""
        n, a, p, x = S.vars("n a p x")
        return both(
            S.phase(n, STARTING) | S.phase(n, UP),
            implies(S.leader(n), (S.stage(ELECTED) | S.stage(ESTABLISHED)) & S.pc(IDLE)),
            *(S.applied(n, a), self._limit(n, x), NEXT(a, p), PREFIX(p, x)),
        )

    def apply(self) -> tuple[Action, ...]:
        """Apply(n, p): file operations (DDL-3) and commits, which evict (H31)."""
        n, a, p, x = S.vars("n a p x")
        here, s, t = formals(S.cache)
        kept = Update(
            S.cache,
            (here, s, t),
            both(S.cache(here, s, t), differ(here, n) | TABLE(p, s, t)),
        )
        applied = (value_of_node(S.applied, n, p), *([kept] if self.on("H31") else []))
        params, guard, files = (n, a, p, x), self._applies_next(), of_node(n)
        found = [Action("Apply", params, both(guard, is_op(p, COMMIT)), applied, case="commit")]
        for case, op in KINDS:
            at, stops = is_op(p, op), conflicts(files, op, p, self.off)
            after = of_node_files(n, executed(files, op, p, self.off))
            found.append(Action("Apply", params, both(guard, at, ~stops), (after, *applied), case=case))
            if stops != FALSE:
                aborts = (value_of_node(S.phase, n, ABORTED),)
                stopped = f"{case} conflicts"
                found.append(Action("Apply", params, both(guard, at, stops), aborts, case=stopped))
        return tuple(found)

    def crash_in_apply(self) -> tuple[Action, ...]:
        """CrashInApply(n, p): the operation executed, and not yet noted."""
        n, p = S.vars("n p")
        files = of_node(n)
        found: list[Action] = []
        for case, op in KINDS:
            after = executed(files, op, p, self.off)
            guard = both(self._applies_next(), is_op(p, op), ~conflicts(files, op, p, self.off))
            updates = (of_node_files(n, after), *self._leave(n, one_id_once(after)))
            found += self._if_leading("CrashInApply", case, guard, updates, "n a p x")
        return tuple(found)

    def validate(self) -> tuple[Action, ...]:
        """Validate(n): DDL-9, the tablespaces table is compared with the files."""
        n, a, x, q = S.vars("n a x q_")
        files = of_node(n)
        limit = self._limit(n, x) if self.on("DDL-9") else same(x, a)
        due = both(self._on_firm_ground(), QUIET(a, x)) if self.on("DDL-9") else TRUE
        pending = TRUE if self.on("H6") else ~exists([q], is_pending(files, q, x))
        passes = both(validates(files, x, self.off), pending)
        guard = both(S.phase(n, STARTING), S.applied(n, a), limit, due)
        outcomes = (("passes", passes, UP), ("fails", ~passes, ABORTED))
        if self.on("DDL-4"):
            return tuple(
                Action(
                    "Validate",
                    (n, a, x),
                    both(guard, outcome),
                    (value_of_node(S.phase, n, phase),),
                    case=case,
                )
                for case, outcome, phase in outcomes
            )
        return tuple(one for outcome in outcomes for one in self._replays_alone(guard, *outcome))

    def _replays_alone(self, guard: Formula, case: str, outcome: Formula, phase: Apply) -> tuple[Action, ...]:
        """DDL-4 off: every node but the leader replays the DDL log that it finds, on its own."""
        n, a, x, p, q = S.vars("n a x p q_")
        none = ~exists([q], is_visible(q, x, self.off))
        newest = is_visible(p, x, self.off) & forall([q], implies(is_visible(q, x, self.off), PREFIX(q, p)))
        rename = is_op(p, ROW_RENAME)
        undo = performed(of_node(n), FILE_RENAME, SPACE_OF(p), TO_OF(p), NAME_OF(p))
        gone = performed(of_node(n), FILE_DELETE, SPACE_OF(p), NAME_OF(p), NAME_OF(p))
        update = value_of_node(S.phase, n, phase)
        alone = both(guard, outcome, ~S.leader(n), newest)
        return (
            Action("Validate", (n, a, x), both(guard, outcome, S.leader(n) | none), (update,), case=case),
            Action(
                "Validate",
                (n, a, x, p),
                alone & rename,
                (update, of_node_files(n, undo)),
                case=f"{case}, renames",
            ),
            Action(
                "Validate",
                (n, a, x, p),
                alone & ~rename,
                (update, of_node_files(n, gone)),
                case=f"{case}, deletes",
            ),
        )

    def _promoted(self) -> Formula:
        """Promoted(n); x is ApplyLimit(n)."""
        n, a, x = S.vars("n a x")
        return both(
            *(S.leader(n), S.phase(n, UP), self._on_firm_ground(), S.pc(IDLE)),
            *(S.applied(n, a), self._limit(n, x)),
            S.stage(SERVING) | QUIET(a, x),
        )

    def roll_back_unfinished(self) -> Action:
        """RollBackUnfinished(n, p): H30, unfinished transactions first."""
        n, a, x, end, p, q = S.vars("n a x l p q")
        guard = both(
            *(self._promoted(), S.log(end), is_unfinished(p, end)),
            *(FOLLOWS(q, end), is_op(q, ROLLBACK), ABOUT(q, p)),
        )
        return Action("RollBackUnfinished", (n, a, x, end, p, q), guard, (becomes(S.log, q),))

    def recover(self) -> Action:
        """Recover(n, p): then the DDL log."""
        n, a, x, end, p, q = S.vars("n a x l p q_")
        newest = forall([q], implies(is_visible(q, end, self.off), PREFIX(q, p)))
        guard = both(
            *(self._promoted(), S.log(end)),
            ~S.stage(SERVING) if self.on("H30") else TRUE,
            forall([q], ~is_unfinished(q, end)),
            *(is_visible(p, end, self.off), newest),
        )
        return Action("Recover", (n, a, x, end, p), guard, (to_step(REPLAY), becomes(S.row, p)))

    def serve(self) -> Action:
        """Serve(n): then writers."""
        n, a, x, end, q = S.vars("n a x l q_")
        done = forall([q], ~is_unfinished(q, end) & ~is_visible(q, end, self.off))
        guard = both(self._promoted(), S.log(end), ~S.stage(SERVING), done if self.on("H30") else TRUE)
        return Action("Serve", (n, a, x, end), guard, (becomes(S.stage, SERVING),))

    def open_table(self) -> Action:
        """OpenTable(n, t): a reader on a follower."""
        n, a, s, t = S.vars("n a s t")
        here, r, u = formals(S.cache)
        guard = both(
            *(~S.leader(n), S.phase(n, UP), S.applied(n, a), TABLE(a, s, t), ~S.cache(n, s, t)),
        )
        opened = Update(
            S.cache, (here, r, u), S.cache(here, r, u) | both(same(here, n), same(r, s), same(u, t))
        )
        return Action("OpenTable", (n, a, s, t), guard, (opened,))
