"""From bytes to positions: logs with different mtr ends, absent values, and what has no position."""

from __future__ import annotations

from typing import Any

import pytest

from redoraft_check.paths import spec_dir
from redoraft_check.validate.logview import LogView
from redoraft_check.validate.mapping import VARS, load_mapping
from redoraft_check.validate.prepare import Constants
from redoraft_check.validate.projection import Projection, SpecEvent
from redoraft_check.validate.tla import config, make_run, plain_name
from redoraft_check.validate.words import ABSENT, ABSENT_NAME, Unprojectable, Unsupported, Value
from redoraft_traces import Event, Header

MAPPING = load_mapping(spec_dir(None))
START = 8204


# --- LogView ---


def test_a_view_counts_mtrs() -> None:
    view = LogView(START)
    assert (view.last_lsn, view.position(START), view.lsn(0)) == (START, 0, START)
    for end in (8237, 8300, 8410):
        view.extend(end)
    assert [view.position(end) for end in (START, 8237, 8300, 8410)] == [0, 1, 2, 3]
    assert [view.lsn(position) for position in range(4)] == [START, 8237, 8300, 8410]
    assert [view.position(lsn) for lsn in (0, 8236, 8238, 8411)] == [None] * 4
    assert (view.lsn(4), view.lsn(-1)) == (None, None)
    assert view.last_lsn == 8410


def test_views_that_part_do_not_disturb_each_other() -> None:
    leader = LogView(START)
    leader.extend(8237)
    leader.extend(8300)
    follower = LogView(START)
    follower.follow(leader, 1)
    assert (follower.last_lsn, follower.position(8300)) == (8237, None)
    follower.extend(8250)
    leader.extend(8400)
    assert [follower.position(lsn) for lsn in (8237, 8250, 8300)] == [1, 2, None]
    assert [leader.position(lsn) for lsn in (8237, 8250, 8300, 8400)] == [1, None, 2, 3]


def test_a_cut_is_forgotten_only_by_the_view_that_was_cut() -> None:
    view = LogView(START)
    for end in (8237, 8300, 8410):
        view.extend(end)
    other = view.copy()
    view.cut(1)
    assert (view.last_lsn, view.position(8300)) == (8237, None)
    view.extend(8310)
    assert [view.position(lsn) for lsn in (8237, 8310, 8410)] == [1, 2, None]
    assert [other.position(lsn) for lsn in (8300, 8310, 8410)] == [2, None, 3]
    view.cut(9)
    assert view.count == 2


# --- Projection ---


class Run:
    """A projection that is fed step by step, with seq counted."""

    def __init__(self, **constants: Any) -> None:
        self.header = Header(
            modules=["Startup"],
            constants={"data_nodes": ["n1", "n2"], "log_nodes": ["n3"], **constants},
            nodes=["n1", "n2", "n3"],
        )
        self.projection = Projection(self.header, MAPPING)
        self.seq = 0

    def step(
        self, node: str, action: str | None, args: dict[str, Any] | None = None, **shown: Any
    ) -> SpecEvent:
        self.seq += 1
        event = Event(node=node, seq=self.seq, action=action, args=args or {}, vars=shown)
        return self.projection.event(event)

    def leads(self, node: str = "n1", term: int = 1, end: int = 8237) -> Run:
        self.step(node, "StartElection", term=term)
        self.step(node, "BecomeLeader", {"end_lsn": end}, term=term)
        return self


def shown(event: SpecEvent) -> dict[str, Value]:
    """What an event shows, without what is absent."""
    return {name: value for name, value in zip(VARS, event.shown, strict=True) if value not in (-1, "?")}


def test_what_is_absent_stays_absent() -> None:
    event = Run().step("n2", "GrantVote")
    assert event.args == (ABSENT_NAME, ABSENT)
    assert event.shown == tuple(ABSENT_NAME if kind == "name" else ABSENT for kind in VARS.values())


def test_null_is_absent() -> None:
    run = Run().leads()
    event = run.step("n1", "WriteMtr", {"end_lsn": None}, last_lsn=8300, term=None, role=None)
    assert event.args == (ABSENT,)
    assert shown(event) == {"last_lsn": 2}
    assert run.step("n2", "AppendEntries", {"term": 1, "upto_lsn": None}, last_lsn=8237).args == (
        1,
        *[ABSENT] * 3,
    )


def test_lsns_become_positions() -> None:
    run = Run().leads()
    wrote = run.step("n1", "WriteMtr", {"end_lsn": 8300}, term=1, last_lsn=8300, flushed_lsn=8237)
    assert wrote == SpecEvent("WriteMtr", "n1", (2,), wrote.shown)
    assert shown(wrote) == {"term": 1, "last_lsn": 2, "flushed_lsn": 1}
    run.step("n1", "CloseEntry", {"end_lsn": 8333})
    args = {"term": 1, "from_lsn": START, "upto_lsn": 8333, "majority_lsn": 8237}
    came = run.step("n2", "AppendEntries", args, last_lsn=8333, flushed_lsn=START)
    assert came.args == (1, 0, 3, 1)
    assert shown(came) == {"last_lsn": 3, "flushed_lsn": 0}
    assert run.projection.in_bytes("n2", 2) == 8300


def test_another_start_moves_everything() -> None:
    run = Run(start_lsn=2**40).leads(end=2**40 + 33)
    assert run.step("n1", "Fsync", {"lsn": 2**40 + 33}, majority_lsn=2**40).args == (1,)


def branches() -> Run:
    """n1 led term 1 and wrote two mtrs that nobody has; n2 leads term 2 with other mtr ends."""
    run = Run().leads("n1", 1, 8237)
    run.step("n2", "AppendEntries", {"term": 1, "from_lsn": START, "upto_lsn": 8237}, term=1)
    run.step("n1", "WriteMtr", {"end_lsn": 8300})
    run.step("n1", "CloseEntry", {"end_lsn": 8333})
    run.leads("n2", 2, 8270)
    run.step("n2", "WriteMtr", {"end_lsn": 8290})
    run.step("n2", "CloseEntry", {"end_lsn": 8323})
    return run


def test_each_branch_has_its_own_mtr_ends() -> None:
    run = branches()
    assert run.step("n1", "Fsync", {"lsn": 8333}, flushed_lsn=8333).args == (3,)
    assert run.step("n2", "Fsync", {"lsn": 8290}, flushed_lsn=8290).args == (3,)
    with pytest.raises(Unprojectable, match=r"lsn 8290 is no mtr end in the log of n1, which ends at 8333"):
        run.step("n1", "Fsync", {"lsn": 8290})
    with pytest.raises(Unprojectable, match=r"lsn 8333 is no mtr end in the log of n2, which ends at 8323"):
        run.step("n2", "Fsync", {"lsn": 8333})


def test_a_truncated_log_takes_the_ends_of_its_new_leader() -> None:
    run = branches()
    args = {"term": 2, "from_lsn": 8237, "upto_lsn": 8323, "cut_lsn": 8237}
    assert run.step("n1", "Truncate", args, term=2, last_lsn=8237).args == (2, 1, 4, 1)
    with pytest.raises(Unprojectable, match=r"flushed_lsn 8300 is no mtr end"):
        run.step("n1", "Fsync", {}, flushed_lsn=8300)
    came = run.step("n1", "AppendEntries", {"term": 2, "from_lsn": 8237, "upto_lsn": 8323}, last_lsn=8323)
    assert came.args == (2, 1, 4, ABSENT)
    assert shown(run.step("n1", "Fsync", {}, flushed_lsn=8290)) == {"flushed_lsn": 3}


def test_a_piece_must_fit_the_bytes_too() -> None:
    run = branches()
    with pytest.raises(Unprojectable, match=r"from_lsn 8270 is no mtr end in the log of n1"):
        run.step("n1", "AppendEntries", {"term": 2, "from_lsn": 8270, "upto_lsn": 8323})
    # n1 has three mtrs as well, but other ones: it cannot hold the leader's log up to its second.
    with pytest.raises(Unprojectable, match=r"upto_lsn 8270 is no mtr end in the log of n1"):
        run.step("n1", "AppendEntries", {"term": 2, "from_lsn": 8237, "upto_lsn": 8270})
    with pytest.raises(
        Unprojectable, match=r"majority_lsn 8333 is no mtr end in the log of the leader of term 2"
    ):
        run.step("n1", "AppendEntries", {"term": 2, "upto_lsn": 8237, "majority_lsn": 8333})


def test_the_same_lsn_at_another_position_is_refused() -> None:
    run = branches()
    run.step("n1", "WriteMtr", {"end_lsn": 8400}, term=1)
    run.step("n2", "WriteMtr", {"end_lsn": 8400}, term=2)
    # For n1 the fourth mtr, for its leader the fifth.
    with pytest.raises(Unprojectable, match=r"from_lsn 8400: n1 and its leader have a different number"):
        run.step("n1", "AppendEntries", {"term": 2, "from_lsn": 8400, "upto_lsn": 8400})


def test_an_old_leader_keeps_its_log_when_it_lost_it_itself() -> None:
    run = Run().leads()
    run.step("n1", "WriteMtr", {"end_lsn": 8300})
    run.step("n1", "CloseEntry", {"end_lsn": 8333})
    run.step("n1", "Restart", {}, last_lsn=8237)
    with pytest.raises(Unprojectable, match=r"no mtr end in the log of n1, which ends at 8237"):
        run.step("n1", "Fsync", {"lsn": 8333})
    assert run.step("n2", "AppendEntries", {"term": 1, "upto_lsn": 8333}).args == (1, ABSENT, 3, ABSENT)


def test_a_new_term_drops_the_open_entry() -> None:
    run = Run().leads()
    run.step("n1", "WriteMtr", {"end_lsn": 8300})
    run.step("n1", "WriteMtr", {"end_lsn": 8310})
    run.step("n1", "UpdateTerm", {"term": 2})
    with pytest.raises(Unprojectable, match=r"which ends at 8237"):
        run.step("n1", "Fsync", {"lsn": 8300})
    closed = Run().leads()
    closed.step("n1", "WriteMtr", {"end_lsn": 8300})
    closed.step("n1", "CloseEntry", {"end_lsn": 8310})
    closed.step("n1", "UpdateTerm", {"term": 2})
    assert closed.step("n1", "Fsync", {"lsn": 8310}).args == (3,)


def test_an_event_without_an_action_shows_how_the_log_changed() -> None:
    run = Run()
    run.step("n1", None, role="candidate", term=1, last_lsn=START)
    run.step("n1", None, role="leader", term=1, last_lsn=8237)
    assert shown(run.step("n1", None, role="leader", term=1, last_lsn=8300))["last_lsn"] == 2
    came = run.step("n2", None, role="follower", term=1, last_lsn=8300)
    assert (came.action, came.args, shown(came)["last_lsn"]) == (ABSENT_NAME, (), 2)
    assert shown(run.step("n2", None, role="follower", term=2, last_lsn=8237))["last_lsn"] == 1
    assert run.step("n2", "Fsync", {"lsn": 8237}).args == (1,)


@pytest.mark.parametrize(
    ("action", "args", "vars_", "reason"),
    [
        ("Restart", {}, {}, "Restart without last_lsn"),
        ("WriteMtr", {}, {}, "WriteMtr shows neither end_lsn nor last_lsn"),
        ("AppendEntries", {"term": 1}, {}, "AppendEntries shows neither upto_lsn nor last_lsn"),
        ("Truncate", {"term": 1}, {}, "Truncate shows neither cut_lsn nor last_lsn"),
        (None, {}, {"role": "leader"}, "neither action nor last_lsn"),
        (None, {}, {"last_lsn": 8300, "term": 1}, "neither action nor role"),
        (None, {}, {"last_lsn": 8300, "role": "leader"}, "neither action nor term"),
    ],
)
def test_what_cannot_be_known_is_unsupported_not_refused(
    action: str | None, args: dict[str, Any], vars_: dict[str, Any], reason: str
) -> None:
    run = Run().leads()
    with pytest.raises(Unsupported, match=reason):
        run.step("n1", action, args, **vars_)


def test_a_term_that_was_not_told_is_unsupported_where_it_matters() -> None:
    run = Run().leads()
    run.step("n2", "UpdateTerm")
    with pytest.raises(Unsupported, match="upto_lsn without a term"):
        run.step("n2", "AppendEntries", {"upto_lsn": 8237})
    with pytest.raises(Unsupported, match="whose term the trace has not told"):
        run.step("n2", "BecomeLeader", {"end_lsn": 8270})
    assert run.step("n2", "AppendEntries", {"upto_lsn": 8237}, term=1).args[2] == 1
    after = Run().leads()
    after.step("n1", None, last_lsn=8237, term=1)
    with pytest.raises(Unsupported, match="whether it dropped an open entry"):
        after.step("n1", "UpdateTerm", {"term": 2})


@pytest.mark.parametrize("value", [True, -1, 1.5, "8237", [8237], {"lsn": 8237}, 8204.5])
def test_a_value_of_the_wrong_type_is_refused(value: Any) -> None:
    for name in ("flushed_lsn", "term", "last_index"):
        with pytest.raises(Unprojectable, match=f"{name} is .*, not a whole number"):
            Run().step("n1", "StartElection", **{name: value})
    for action, name in (("Fsync", "lsn"), ("UpdateTerm", "term"), ("AppendEntries", "upto_lsn")):
        with pytest.raises(Unprojectable, match=f"{name} is .*, not a whole number"):
            Run().leads().step("n1", action, {name: value}, term=1)


@pytest.mark.parametrize("value", [1, True, "?", ["n1"], 1.5])
def test_a_name_must_be_one(value: Any) -> None:
    for name in ("voted_for", "role", "phase"):
        with pytest.raises(Unprojectable, match=f"{name} is .*, not a name"):
            Run().step("n1", "StartElection", **{name: value})
    with pytest.raises(Unprojectable, match=r"candidate is .*, not a name"):
        Run().step("n1", "GrantVote", {"candidate": value})


def test_unknown_names_are_refused_and_quoted_short() -> None:
    with pytest.raises(Unprojectable, match="Startup has no action 'Stare'; it has AckCommit, "):
        Run().step("n1", "Stare")
    with pytest.raises(Unprojectable, match="unknown argument 'x'; known here: none"):
        Run().step("n1", "StartElection", {"x": 1})
    with pytest.raises(Unprojectable, match="unknown argument 'lsn'; known here: none"):
        Run().step("n1", None, {"lsn": 1}, last_lsn=START)
    with pytest.raises(Unprojectable) as caught:
        Run().step("n1", "StartElection", term="x" * 10_000)
    assert len(str(caught.value)) < 200


def test_a_leader_that_was_not_seen_is_refused() -> None:
    with pytest.raises(Unprojectable, match="the trace has shown no leader of term 3"):
        Run().step("n2", "AppendEntries", {"term": 3, "upto_lsn": START})


# --- what TLC is given ---


def test_no_name_can_leave_its_string() -> None:
    names = ['a" >>, "b', "back\\slash", "new\nline", "nœud", "100%", "====", "(* *)", "\\* x"]
    for name in names:
        text = make_run("0", [SpecEvent("?", name, (name,), (1, name))]).text
        assert text.isascii() and text.isprintable()
        assert text.count('"') == 8 and "\\" not in text
        quoted = text.split('"')[3]
        assert plain_name(quoted) == name
        assert f'{{"{quoted}"}}' in config(Constants((name,), (), ()), telling=False)
    assert '"?"' in make_run("0", [SpecEvent("?", "n1", (), ())]).text


def test_the_hash_follows_the_content() -> None:
    one = make_run("0", [SpecEvent("Fsync", "n1", (1,), (2,))])
    same = make_run("7", [SpecEvent("Fsync", "n1", (1,), (2,))])
    other = make_run("0", [SpecEvent("Fsync", "n1", (1,), (3,))])
    assert (one.hash == same.hash, one.hash == other.hash) == (True, False)
    assert (one.events, other.events, make_run("0", []).events) == (1, 1, 0)


def test_numbers_stay_within_tlc() -> None:
    assert "<<2147483647, 5>>" in make_run("0", [SpecEvent("?", "n1", (2**60, 5), ())]).text
