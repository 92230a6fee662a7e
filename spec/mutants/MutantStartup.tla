---------------------------- MODULE MutantStartup ----------------------------
(* Plausible errors in how a node starts and what it applies when, most of   *)
(* them what a stock server does: each replaces one definition of Startup,   *)
(* in a .cfg.                                                                *)
EXTENDS MCStartup

(* Recovery ends at the flushed LSN, as crash recovery always has.           *)
RecoverFlushed(n) == durable[n]

(* What agrees with the leader's log may be applied: it will stay.           *)
ApplyWhatAgrees(n) == IF role[n] = "leader" THEN known[n] ELSE Max2(known[n], agreed[n])

(* Apply begins with the start of the process, and does not wait for the     *)
(* log to be aligned: it stays within the majority LSN anyway.               *)
ApplyFromTheStart(n, l) ==
    /\ MayApply(n, l)
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ ~Serving(n)
    /\ l \in (applied[n] + 1)..ApplyLimit(n)
    /\ applied' = [applied EXCEPT ![n] = l]
    /\ UNCHANGED <<vars, phase>>

(* A node that has recovered and wins its election serves at once.           *)
ServingWhenElected(n) == role[n] = "leader" /\ phase[n] = "ready"

(* Whoever leads takes writes; recovery goes on in the background.           *)
WriteWhileRecovering(n) ==
    /\ n \in DataNodes
    /\ WriteMtr(n)
    /\ UNCHANGED startupVars

(* Readers see the leader's pages as they are.                               *)
VisibleAsApplied(n) == applied[n]

(* The pages on disk are as new as memory was: whatever survives a crash of  *)
(* the log is applied.                                                       *)
LeaveWithPages(n, as) ==
    /\ phase' = [phase EXCEPT ![n] = as]
    /\ applied' = [applied EXCEPT ![n] = Min2(@, Len(log'[n]))]

(* A commit is answered when the leader's pages have it.                     *)
AnswerWhenApplied(n, l) ==
    LET commit == [term |-> term[n], lsn |-> l]
    IN  /\ Serving(n)
        /\ l \in 1..applied[n]
        /\ log[n][l] = Data(term[n])
        /\ commit \notin acknowledged
        /\ acknowledged' = acknowledged \cup {commit}
        /\ UNCHANGED <<nodeVars, networkVars, settled, startupVars>>

(* A start with what a start knows.                                          *)
StartAs(n, as, majority) ==
    LET found == Scan(log[n])
    IN  /\ role[n] = "down"
        /\ role' = [role EXCEPT ![n] = as]
        /\ log' = [log EXCEPT ![n] = found]
        /\ durable' = [durable EXCEPT ![n] = Len(found)]
        /\ known' = [known EXCEPT ![n] = majority]
        /\ phase' = [phase EXCEPT ![n] = "aligning"]
        /\ applied' = [applied EXCEPT ![n] = 0]
        /\ UNCHANGED <<term, votedFor, agreed, networkVars, ghostVars>>

(* Its vote is its own and durable, so a node that led goes on leading.      *)
StartLeading(n) ==
    StartAs(n, IF votedFor[n] = n /\ term[n] \in DOMAIN leaderLog THEN "leader" ELSE "follower", 0)

(* What a clean shutdown has left behind needs nobody's word any more.       *)
StartKnowing(n) ==
    StartAs(n, "follower", IF phase[n] = "stopped" THEN Len(Scan(log[n])) ELSE 0)
==============================================================================
