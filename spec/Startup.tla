------------------------------- MODULE Startup -------------------------------
(***************************************************************************)
(* What it describes.  How a node starts and what it may apply when, on    *)
(* top of RaftRedo: scan, take part in the election, truncate, align, and  *)
(* only then recover (ST-2), always as a follower and always through crash *)
(* recovery (ST-1); then continuous apply (FOL-1) within the majority LSN  *)
(* (LIM-3); a new leader applies and serves only when a marker of its own  *)
(* term is committed (H14); a deposed leader restarts its process (H13).   *)
(*                                                                         *)
(*    Restart        scan: the end of the last whole entry, nothing else   *)
(*    Vote, ...      the election, with what the scan has found            *)
(*    Truncate       what disagrees with the leader goes                   *)
(*    AppendEntries  what is missing comes: the log is aligned             *)
(*    Recover        redo is applied for the first time                    *)
(*    Apply          and goes on being applied                             *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - applied[n] counts mtrs from the start of the log: a crash sets it to *)
(*    0.  Pages that a checkpoint keeps are the business of StorageLimits. *)
(*  - A serving leader has applied what it writes, as InnoDB's buffer pool *)
(*    has; what others may see of it is Visible.                           *)
(*                                                                         *)
(* How to break it.  Switch off ST-1, ST-2, LIM-3, H13, H14 or H16: see    *)
(* redoraft why.  ST-2's order is what makes *stock* recovery safe, which  *)
(* applies the whole log that it finds.  A recovery that stops at a        *)
(* majority LSN of which nothing survives a crash (LIM-3 with H16) would   *)
(* be safe at any time; the model Startup_bounded shows that, and so says  *)
(* what the order is for.                                                  *)
(***************************************************************************)
EXTENDS RaftRedo

VARIABLES
    phase,      \* phase[n]    "down" after a crash, "stopped" after a clean shutdown,
                \*             "aligning" until recovery, "ready" from then on
    applied     \* applied[n]  LSN up to which redo is applied; 0 on log nodes

startupVars == <<phase, applied>>
allVars == <<vars, startupVars>>

StartupRules == {"ST-1", "ST-2", "LIM-3", "H13", "H14", "early-bounded"}

-----------------------------------------------------------------------------
(* What the environment is allowed to do; models narrow these definitions.  *)

MayRecover(n) == TRUE
MayApply(n, l) == TRUE

-----------------------------------------------------------------------------
StartupInit ==
    /\ Init
    /\ phase = [n \in Node |-> "aligning"]
    /\ applied = [n \in Node |-> 0]

(* A leader has its own term's marker on a majority (H14). *)
OwnTermCommitted(n) ==
    role[n] = "leader" /\ known[n] > 0 /\ log[n][known[n]].term = term[n]

(* A serving leader has applied its own term's marker: the log below it is   *)
(* in its pages, and what it writes from now on it applies itself.           *)
Serving(n) ==
    /\ role[n] = "leader"
    /\ phase[n] = "ready"
    /\ applied[n] > 0
    /\ log[n][applied[n]].term = term[n]

(* ST-2: what disagrees is cut, what is missing has come. *)
Aligned(n) ==
    CASE role[n] = "leader"   -> ~On("H14") \/ OwnTermCommitted(n)
      [] role[n] = "follower" -> term[n] \in DOMAIN leaderLog /\ agreed[n] = Len(log[n])
      [] OTHER                -> FALSE

(* LIM-3, and H14 for a leader: no further than the majority LSN. *)
ApplyLimit(n) ==
    IF On(IF role[n] = "leader" THEN "H14" ELSE "LIM-3") THEN known[n] ELSE Len(log[n])

(* Stock recovery applies all that the scan has found. *)
RecoverLimit(n) ==
    IF On("ST-2") \/ ~On("early-bounded") THEN ApplyLimit(n) ELSE Len(log[n])

NodeRecover(n) ==
    /\ MayRecover(n)
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ phase[n] = "aligning"
    /\ On("ST-2") => Aligned(n)
    /\ phase' = [phase EXCEPT ![n] = "ready"]
    /\ applied' = [applied EXCEPT ![n] = RecoverLimit(n)]
    /\ UNCHANGED vars

NodeApply(n, l) ==
    /\ MayApply(n, l)
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ phase[n] = "ready"
    /\ ~Serving(n)
    /\ l \in (applied[n] + 1)..ApplyLimit(n)
    /\ applied' = [applied EXCEPT ![n] = l]
    /\ UNCHANGED <<vars, phase>>

-----------------------------------------------------------------------------
(* H13: pages of a leader that served may hold what will be truncated, and   *)
(* there is no physical undo.  It restarts instead of stepping down.         *)
NodeUpdateTerm(n, t) ==
    /\ UpdateTerm(n, t)
    /\ On("H13") => ~Serving(n)
    /\ UNCHANGED startupVars

NodeStartElection(n) == StartElection(n) /\ UNCHANGED startupVars

NodeGrantVote(n, c) == GrantVote(n, c) /\ UNCHANGED startupVars
NodeBecomeLeader(n) == BecomeLeader(n) /\ UNCHANGED startupVars
NodeHandOver(n, m) == HandOver(n, m) /\ UNCHANGED startupVars

(* ST-1: read-only until it leads, and H14. *)
NodeWriteMtr(n) ==
    /\ Serving(n)
    /\ WriteMtr(n)
    /\ applied' = [applied EXCEPT ![n] = Len(log'[n])]
    /\ UNCHANGED phase

NodeCloseEntry(n) ==
    /\ Serving(n)
    /\ CloseEntry(n)
    /\ applied' = [applied EXCEPT ![n] = Len(log'[n])]
    /\ UNCHANGED phase

NodeFsync(n, l) == Fsync(n, l) /\ UNCHANGED startupVars

NodeTruncate(n, t, from, upto) ==
    Truncate(n, t, from, upto) /\ UNCHANGED startupVars

NodeAppendEntries(n, t, from, upto, majority) ==
    AppendEntries(n, t, from, upto, majority) /\ UNCHANGED startupVars

NodeAcknowledge(n) == Acknowledge(n) /\ UNCHANGED startupVars
NodeAdvanceMajority(n, l) == AdvanceMajority(n, l) /\ UNCHANGED startupVars
NodeAckCommit(n, l) == AckCommit(n, l) /\ UNCHANGED startupVars

-----------------------------------------------------------------------------
Leave(n, as) ==
    /\ phase' = [phase EXCEPT ![n] = as]
    /\ applied' = [applied EXCEPT ![n] = 0]

NodeCrash(n, left) == Crash(n, left) /\ Leave(n, "down")

(* A clean shutdown writes and flushes the whole log first. *)
NodeShutdown(n) ==
    /\ durable[n] = Len(log[n])
    /\ Crash(n, log[n])
    /\ Leave(n, "stopped")

(* ST-1: clean or not, through recovery.  A stock server trusts a clean      *)
(* shutdown: its pages hold the whole log, and it opens at once.             *)
NodeRestart(n) ==
    LET trusting == ~On("ST-1") /\ phase[n] = "stopped" /\ n \in DataNodes
    IN  /\ Restart(n)
        /\ phase' = [phase EXCEPT ![n] = IF trusting THEN "ready" ELSE "aligning"]
        /\ applied' = [applied EXCEPT ![n] = IF trusting THEN Len(log'[n]) ELSE 0]

-----------------------------------------------------------------------------
(* Arguments drawn from the state; named, so that TLC labels the edges. *)

NodeLearnsTerm(n) == \E t \in TermsHeard : NodeUpdateTerm(n, t)
NodeVotes(n) == \E c \in NewCandidacies(n) : NodeGrantVote(n, c)
NodeHandsOver(n) == \E m \in DataNodes : NodeHandOver(n, m)
NodeFsyncs(n) == \E l \in (durable[n] + 1)..Len(log[n]) : NodeFsync(n, l)
NodeTruncates(n) ==
    \E t \in SenderTerms(n) : \E upto \in EntryEnds(leaderLog[t]) :
        NodeTruncate(n, t, Parting(n, t, upto), upto)
NodeAppends(n) ==
    \E t \in SenderTerms(n) : \E upto \in EntryEnds(leaderLog[t]) :
        \E majority \in MajoritiesSent(t) :
            /\ Teaches(n, upto, majority)
            /\ NodeAppendEntries(n, t, Parting(n, t, upto), upto, majority)
NodeAdvances(n) == \E l \in EntryEnds(log[n]) : NodeAdvanceMajority(n, l)
NodeAnswers(n) == \E l \in 1..Len(log[n]) : NodeAckCommit(n, l)
NodeApplies(n) == \E l \in 1..Len(log[n]) : NodeApply(n, l)
NodeCrashes(n) == \E left \in Survivors(n) : NodeCrash(n, left)

StepOf(n) ==
    \/ NodeLearnsTerm(n)
    \/ NodeStartElection(n)
    \/ NodeVotes(n)
    \/ NodeBecomeLeader(n)
    \/ NodeHandsOver(n)
    \/ NodeWriteMtr(n)
    \/ NodeCloseEntry(n)
    \/ NodeFsyncs(n)
    \/ NodeTruncates(n)
    \/ NodeAppends(n)
    \/ NodeAcknowledge(n)
    \/ NodeAdvances(n)
    \/ NodeAnswers(n)
    \/ NodeRecover(n)
    \/ NodeApplies(n)
    \/ NodeCrashes(n)
    \/ NodeShutdown(n)
    \/ NodeRestart(n)

StartupNext == \E n \in Node : StepOf(n)

StartupSpec == StartupInit /\ [][StartupNext]_allVars

-----------------------------------------------------------------------------
(* What a reader may see: on a serving leader what it has recovered, and of  *)
(* its own term's writes only what is on a majority (it holds back those     *)
(* that still wait); on any other node all that is applied.                  *)
Recovered(n) == Max({0} \cup {l \in 1..applied[n] : log[n][l].term < term[n]})
Visible(n) ==
    IF Serving(n) THEN Max2(Recovered(n), Min2(applied[n], known[n])) ELSE applied[n]

StartupTypeOK ==
    /\ TypeOK
    /\ phase \in [Node -> {"down", "stopped", "aligning", "ready"}]
    /\ \A n \in Node : (role[n] = "down") = (phase[n] \in {"down", "stopped"})
    /\ \A n \in Node : applied[n] \in Nat
    /\ \A n \in LogNodes : applied[n] = 0

(* LIM-3, ST-1, ST-2, H13, H14: nothing is visible as committed that is not. *)
AppliedIsCommitted ==
    LET c == Committed
    IN  \A n \in DataNodes : /\ Visible(n) <= Len(log[n])
                             /\ IsPrefix(Prefix(log[n], Visible(n)), c)

(* ST-2 *)
NothingAppliedBeforeRecovery ==
    \A n \in Node : phase[n] # "ready" => applied[n] = 0

(* ST-1, CL-2: whoever has written in its term had recovered. *)
WritersHaveRecovered ==
    \A n \in Node : role[n] = "leader" /\ Closed(log[n]) < Len(log[n]) => Serving(n)

(* Refinement. *)
RefinesRaftRedo == Spec

Abstract == INSTANCE CommittedLog WITH
    Replica <- DataNodes,
    Mtr <- Mtrs,
    committed <- Committed,
    applied <- [n \in DataNodes |-> Visible(n)]

RefinesCommittedLog == Abstract!Spec
===============================================================================
