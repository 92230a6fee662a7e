"""The leader's steps of spec/DdlSteps.tla: CREATE, RENAME, DROP and the replay of a DDL-log row."""

from __future__ import annotations

from redoraft_check.smt.ddl_files import (
    at_path_gone,
    call_variables,
    of_node,
    performed,
)
from redoraft_check.smt.ddl_log import (
    ABOUT,
    CLEAN,
    COMMIT,
    COMMITTED,
    FILE_CREATE,
    FILE_DELETE,
    FILE_RENAME,
    FOLLOWS,
    NAME_OF,
    NEXT_SPACE,
    PAGE,
    ROLLBACK,
    ROW_CREATE,
    ROW_DROP,
    ROW_RENAME,
    SPACE_OF,
    TABLE,
    TO_OF,
    is_op,
    says,
)
from redoraft_check.smt.ddl_state import (
    CLEANED_STEP,
    COMMITTED_STEP,
    DONE,
    FILED,
    IDLE,
    LOGGED,
    MADE,
    REFILED,
    REMADE,
    REPLAY,
    SERVING,
    STOPPED,
    S,
    becomes,
    of_node_files,
    value_of_node,
)
from redoraft_check.smt.formula import (
    FALSE,
    TRUE,
    Action,
    Apply,
    Formula,
    Term,
    Update,
    both,
    either,
    exists,
    implies,
    same,
)
from redoraft_check.smt.logs import EMPTY
from redoraft_check.smt.model import Switched

UNDOING = (REPLAY, REFILED, REMADE)
ROW_KINDS = (ROW_CREATE, ROW_RENAME, ROW_DROP)


class DdlSwitched(Switched):
    """The repairs, and what they make a job wait for."""

    def __init__(self, off: frozenset[str] = frozenset()) -> None:
        super().__init__(off)
        self.waits_for_rename_redo = self.on("H1") and self.on("H1a")
        self.reverses_always = self.on("H1") and self.on("H1b")
        self.waits_for_create_row = self.on("H2") and self.on("H2a")
        self.redo_first = self.on("H2") and self.on("H2b")
        self.waits_in_commit = self.on("H3") and self.on("H3a")
        self.gates_post_ddl = self.on("H3") and self.on("H3b")
        self.drop_waits = self.waits_in_commit or self.gates_post_ddl

    def unconditional(self, kind: Apply) -> bool:
        """Unconditional(kind): the undo's redo is written whatever is found."""
        return {ROW_CREATE: self.on("DDL-5"), ROW_RENAME: self.reverses_always, ROW_DROP: self.on("H4")}[kind]

    def call_due(self, row: Term, end: Term, kind: Apply) -> Formula:
        """CallDue, for a row of this kind and where the log ends with `end`."""
        on_majority = S.majority(end)

        def once(waits: bool) -> Formula:
            return on_majority if waits else TRUE

        due = {
            ROW_CREATE: either(
                S.pc(REFILED) & once(self.redo_first),
                S.pc(LOGGED) & once(self.waits_for_create_row) if not self.redo_first else FALSE,
                S.pc(FILED) & on_majority,
            ),
            ROW_RENAME: either(
                S.pc(REFILED) & once(self.waits_for_rename_redo),
                S.pc(STOPPED) & once(self.waits_for_rename_redo and not self.on("H1-io")),
            ),
            ROW_DROP: S.pc(REFILED),
        }
        return is_op(row, kind) & due[kind]

    def still_due(self, row: Term, end: Term, kind: Apply) -> Formula:
        """StillDue, for a row of this kind and where the log ends with `end`."""
        on_majority = S.majority(end)
        replays = S.pc(REPLAY) & self.replay_waits_for_nobody(row, kind)
        if kind == ROW_RENAME:
            waits = self.waits_for_rename_redo
            early = on_majority if self.reverses_always else TRUE
            more = either(
                FALSE if waits else S.pc(LOGGED) & early,
                S.pc(FILED) & (on_majority if waits else TRUE),
            )
        elif kind == ROW_CREATE:
            more = FALSE
        else:
            more = S.pc(COMMITTED_STEP) & (on_majority if self.drop_waits else TRUE)
        return either(self.call_due(row, end, kind), is_op(row, kind) & more, replays)

    def replay_waits_for_nobody(self, row: Term, kind: Apply) -> Formula:
        """ReplayWaitsForNobody, for a row of this kind."""
        m = S.var("m_")
        waits = {
            ROW_RENAME: FALSE if self.waits_for_rename_redo else TRUE,
            ROW_CREATE: FALSE if self.redo_first else TRUE,
            ROW_DROP: exists([m], S.majority(m) & COMMITTED(m, row)) if self.drop_waits else TRUE,
        }
        return FALSE if waits[kind] == FALSE else is_op(row, kind) & waits[kind]

    @staticmethod
    def is_undo_of(row: Term, kind: Apply) -> Formula:
        """The call (o_, s_, t_, u_) is UndoOf, for a row of this kind."""
        o, s, t, u = call_variables()
        name, to = NAME_OF(row), TO_OF(row)
        op, old, new = (FILE_RENAME, to, name) if kind == ROW_RENAME else (FILE_DELETE, name, name)
        return both(same(o, op), same(s, SPACE_OF(row)), same(t, old), same(u, new))

    def still_to_call(self, row: Term, end: Term) -> Formula:
        """The call (o_, s_, t_, u_) is in StillToCall."""
        o, s, t, u = call_variables()
        undoing = S.at(*UNDOING)

        def call(op: Apply, name: Term, to: Term) -> Formula:
            return both(same(o, op), same(s, SPACE_OF(row)), same(t, name), same(u, to))

        name, to = NAME_OF(row), TO_OF(row)
        undo = {kind: self.is_undo_of(row, kind) for kind in ROW_KINDS}
        rename = (~undoing & call(FILE_RENAME, name, to)) | (undoing & undo[ROW_RENAME])
        create = (~undoing & call(FILE_CREATE, name, name)) | (undoing & undo[ROW_CREATE])
        calls = {ROW_RENAME: rename, ROW_CREATE: create, ROW_DROP: undo[ROW_DROP]}
        return both(
            ~S.pc(IDLE), either(*(self.still_due(row, end, kind) & one for kind, one in calls.items()))
        )


def to_step(step: Apply) -> Update:
    """Step(pc)"""
    return becomes(S.pc, step)


def idle() -> tuple[Update, Update]:
    """job' = Idle"""
    return becomes(S.pc, IDLE), becomes(S.row, EMPTY)


class JobSteps(DdlSwitched):
    """The actions of spec/DdlSteps.tla."""

    def all(self) -> tuple[Action, ...]:
        """In the order of the module."""
        return (
            self.start_create(),
            self.start_rename(),
            self.start_drop(),
            self.write_row(),
            *self.write_file_redo(),
            self.stop_ios(),
            *self.calls_os(),
            self.commit(),
            self.post_ddl(),
            *self.roll_back(),
            *self.write_undo_redo(),
            self.clean(),
            self.end_ddl(),
        )

    @staticmethod
    def _may_begin() -> Formula:
        n, end, q = S.vars("n l q")
        return both(S.leader(n), S.stage(SERVING), S.pc(IDLE), S.log(end), FOLLOWS(q, end))

    @staticmethod
    def _begun(step: Apply) -> tuple[Update, ...]:
        q = S.var("q")
        return becomes(S.log, q), to_step(step), becomes(S.row, q)

    @staticmethod
    def _is_free(name: Term) -> Formula:
        """The name is free in the dictionary, and so is the path."""
        n, end, s = S.vars("n l s_")
        return both(~exists([s], TABLE(end, s, name)), ~S.has_name(n, name))

    def start_create(self) -> Action:
        """StartCreate(n, t)"""
        n, end, q, s, t = S.vars("n l q s t")
        row = both(says(q, ROW_CREATE, s, t, t), NEXT_SPACE(end, s))
        guard = both(self._may_begin(), row, self._is_free(t))
        return Action("StartCreate", (n, end, q, s, t), guard, self._begun(LOGGED))

    def start_rename(self) -> Action:
        """StartRename(n, f, u)"""
        n, end, q, s, t, u = S.vars("n l q s t u")
        row = both(says(q, ROW_RENAME, s, t, u), TABLE(end, s, t), S.files(n, s, t))
        guard = both(self._may_begin(), row, self._is_free(u))
        return Action("StartRename", (n, end, q, s, t, u), guard, self._begun(LOGGED))

    def start_drop(self) -> Action:
        """StartDrop(n, f)"""
        n, end, q, s, t = S.vars("n l q s t")
        guard = both(self._may_begin(), says(q, ROW_DROP, s, t, t), TABLE(end, s, t))
        return Action("StartDrop", (n, end, q, s, t), guard, self._begun(DONE))

    def write_row(self) -> Action:
        """WriteRow(n, s)"""
        n, end, q, s, t = S.vars("n l q s t")
        row = both(is_op(q, PAGE), same(SPACE_OF(q), s), TABLE(end, s, t))
        return Action("WriteRow", (n, end, q, s, t), both(self._may_begin(), row), (becomes(S.log, q),))

    @staticmethod
    def _at(*steps: Apply) -> Formula:
        n, p = S.vars("n p")
        return both(S.leader(n), S.at(*steps), S.row(p))

    @staticmethod
    def _written() -> Formula:
        end, q = S.vars("l q")
        return S.log(end) & FOLLOWS(q, end)

    def write_file_redo(self) -> tuple[Action, ...]:
        """WriteFileRedo(n): of a CREATE and of a RENAME."""
        n, p, end, q = S.vars("n p l q")
        space, name, to = SPACE_OF(p), NAME_OF(p), TO_OF(p)
        create = both(is_op(p, ROW_CREATE), self._written(), says(q, FILE_CREATE, space, name, name))
        rename = both(is_op(p, ROW_RENAME), self._written(), says(q, FILE_RENAME, space, name, to))
        waits = S.majority(end) if self.reverses_always else TRUE
        written = becomes(S.log, q)
        cases = [("rename", both(self._at(LOGGED), rename, waits), FILED if self.on("H1-io") else STOPPED)]
        if self.redo_first:
            cases.append(("create", both(self._at(LOGGED), create), FILED))
        else:
            cases.append(("made", both(self._at(MADE), create), DONE))
        return tuple(
            Action("WriteFileRedo", (n, p, end, q), guard, (written, to_step(step)), case=case)
            for case, guard, step in cases
        )

    def stop_ios(self) -> Action:
        """StopIos(n): the wait stands before the IO of the space is stopped (H1-io)."""
        n, p, end = S.vars("n p l")
        waits = S.majority(end) if self.waits_for_rename_redo else TRUE
        guard = both(self._at(FILED), is_op(p, ROW_RENAME), S.log(end), waits)
        return Action("StopIos", (n, p, end), guard, (to_step(STOPPED),))

    def calls_os(self) -> tuple[Action, ...]:
        """CallsOs(n): the operation of each kind, and its undo."""
        n, p, end = S.vars("n p l")
        space, name, to = SPACE_OF(p), NAME_OF(p), TO_OF(p)
        files = of_node(n)
        undo = {
            kind: performed(files, FILE_DELETE, space, name, name)
            if self.unconditional(kind)
            else at_path_gone(files, space, name)
            for kind in (ROW_CREATE, ROW_DROP)
        }
        made = DONE if self.redo_first else MADE
        cases = (
            ("create", ROW_CREATE, (LOGGED, FILED), performed(files, FILE_CREATE, space, name, name), made),
            ("rename", ROW_RENAME, (STOPPED,), performed(files, FILE_RENAME, space, name, to), DONE),
            ("undo create", ROW_CREATE, (REFILED,), undo[ROW_CREATE], REMADE),
            ("undo rename", ROW_RENAME, (REFILED,), performed(files, FILE_RENAME, space, to, name), REMADE),
            ("drop", ROW_DROP, (REFILED,), undo[ROW_DROP], REMADE),
        )
        return tuple(
            Action(
                "CallsOs",
                (n, p, end),
                both(self._at(*steps), S.log(end), self.call_due(p, end, kind)),
                (to_step(step), of_node_files(n, after)),
                case=case,
            )
            for case, kind, steps, after, step in cases
        )

    def commit(self) -> Action:
        """Commit(n)"""
        n, p, end, q = S.vars("n p l q")
        guard = both(self._at(DONE), self._written(), is_op(q, COMMIT), ABOUT(q, p))
        return Action("Commit", (n, p, end, q), guard, (becomes(S.log, q), to_step(COMMITTED_STEP)))

    def post_ddl(self) -> Action:
        """PostDdl(n): H3a, the wait inside DROP's commit."""
        n, p, end = S.vars("n p l")
        waits = S.majority(end) if self.waits_in_commit else TRUE
        guard = both(self._at(COMMITTED_STEP), is_op(p, ROW_DROP), S.log(end), waits)
        return Action("PostDdl", (n, p, end), guard, (to_step(REPLAY),))

    def roll_back(self) -> tuple[Action, ...]:
        """RollBack(n): DDL-10, a DDL that rolls back without a crash replays its DDL log."""
        n, p, end, q = S.vars("n p l q")
        guard = both(self._at(LOGGED, MADE, FILED, DONE), self._written(), is_op(q, ROLLBACK), ABOUT(q, p))
        drop = is_op(p, ROW_DROP)
        replays = REPLAY if self.on("DDL-10") else CLEANED_STEP
        written = becomes(S.log, q)
        return tuple(
            Action("RollBack", (n, p, end, q), both(guard, kind), (written, to_step(step)), case=case)
            for case, kind, step in (("of a drop", drop, CLEANED_STEP), ("replays", ~drop, replays))
        )

    def write_undo_redo(self) -> tuple[Action, ...]:
        """WriteUndoRedo(n): H3b, not before a DROP's commit is on a majority."""
        n, p, end, m, q = S.vars("n p l m q")
        gated = implies(COMMITTED(end, p), COMMITTED(m, p)) if self.gates_post_ddl else TRUE
        at = both(self._at(REPLAY), S.log(end), S.majority(m), gated)
        space, name, to = SPACE_OF(p), NAME_OF(p), TO_OF(p)
        kinds = (
            ("create", ROW_CREATE, says(q, FILE_DELETE, space, name, name), S.has_space(n, space)),
            ("rename", ROW_RENAME, says(q, FILE_RENAME, space, to, name), S.files(n, space, to)),
            ("drop", ROW_DROP, says(q, FILE_DELETE, space, name, name), S.has_space(n, space)),
        )
        found = []
        for case, kind, call, there in kinds:
            writes = TRUE if self.unconditional(kind) else there
            guard = both(at, is_op(p, kind), FOLLOWS(q, end), call, writes)
            found.append(
                Action(
                    "WriteUndoRedo",
                    (n, p, end, m, q),
                    guard,
                    (becomes(S.log, q), to_step(REFILED)),
                    case=case,
                )
            )
            if not self.unconditional(kind):
                guard = both(at, is_op(p, kind), ~there)
                skips = f"{case}, nothing found"
                found.append(Action("WriteUndoRedo", (n, p, end, m), guard, (to_step(REFILED),), case=skips))
        return tuple(found)

    def clean(self) -> Action:
        """Clean(n)"""
        n, p, end, q = S.vars("n p l q")
        guard = both(self._at(REMADE), self._written(), is_op(q, CLEAN), ABOUT(q, p))
        return Action("Clean", (n, p, end, q), guard, (becomes(S.log, q), to_step(CLEANED_STEP)))

    def end_ddl(self) -> Action:
        """EndDdl(n): LIM-4, the answer, when all is on a majority (H5)."""
        n, p, end = S.vars("n p l")
        over = S.pc(CLEANED_STEP) | both(S.pc(COMMITTED_STEP), ~is_op(p, ROW_DROP))
        guard = both(S.leader(n), S.row(p), over, S.log(end), S.majority(end))
        return Action("EndDdl", (n, p, end), guard, (*idle(), value_of_node(S.applied, n, end)))
