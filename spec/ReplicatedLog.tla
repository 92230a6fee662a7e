---------------------------- MODULE ReplicatedLog ----------------------------
(***************************************************************************)
(* What it describes.  What storage may rely on, without messages, votes   *)
(* or acknowledgements between nodes.  Five promises:                      *)
(*   R1  the committed log only grows;                                     *)
(*   R2  log matching: an entry with the same position and term in two     *)
(*       logs means the same prefix up to it;                              *)
(*   R3  what a node knows to be on a majority is a prefix of the          *)
(*       committed log, and the whole entries that it has known and had    *)
(*       durable at once (settled) are never taken from its disk, also     *)
(*       after a crash that makes it forget;                               *)
(*   R4  the committed log is durable on a quorum;                         *)
(*   R5  a leader that has committed in its own term has all of it, as     *)
(*       long as no later term has committed.                              *)
(* Everything else may happen to a node's log at any time: it grows, it is *)
(* cut, a crash takes what was not durable.  So a storage module can take  *)
(* one or two nodes and let the environment do anything the promises leave *)
(* open; RaftRedo shows that Raft keeps them.                              *)
(*                                                                         *)
(* What it simplifies.  Steps are judged, not generated: Next says which   *)
(* steps are allowed.  A module that uses this one as its environment      *)
(* brings bounded candidates and conjoins Next.                            *)
(*                                                                         *)
(* How to break it.  Map known to a constant: the witness of the           *)
(* refinement (models/) turns red.  Switch off H8, H16 or H34 in RaftRedo: *)
(* R3 is refuted.                                                          *)
(***************************************************************************)
EXTENDS Naturals, FiniteSets, Sequences

CONSTANTS
    DataNodes,
    LogNodes

Node == DataNodes \cup LogNodes

VARIABLES
    committed,     \* the committed log
    log,           \* log[n]      sequence of mtrs, [term, kind]
    durable,       \* durable[n]  LSN up to which it is on disk
    known,         \* known[n]    majority LSN as far as n knows; a crash forgets it
    settled,       \* settled[n]  ghost: what n has known and had durable at once
    leading,       \* leading[n]  n leads, and its term is the last that committed
    acknowledged   \* transactions answered ok, as [term, lsn]

vars == <<committed, log, durable, known, settled, leading, acknowledged>>

Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s
Ends(s) == {l \in 1..Len(s) : s[l].kind = "meta"}
IsQuorum(S) == 2 * Cardinality(S) > Cardinality(Node)

-----------------------------------------------------------------------------
(* The promises, as predicates of a state. *)

R2 == \A n, m \in Node : \A l \in Ends(log[n]) \cap Ends(log[m]) :
          log[n][l].term = log[m][l].term => Prefix(log[n], l) = Prefix(log[m], l)

R3 == LET c == committed IN
      \A n \in Node :
          /\ known[n] <= Len(log[n])
          /\ IsPrefix(Prefix(log[n], known[n]), c)
          /\ settled[n] <= durable[n]
          /\ IsPrefix(Prefix(log[n], settled[n]), c)
          /\ \A l \in Ends(log[n]) : l <= known[n] /\ l <= durable[n] => l <= settled[n]

R4 == LET c == committed
      IN  IsQuorum({n \in Node : IsPrefix(c, Prefix(log[n], durable[n]))})

R5 == \A n \in Node : leading[n] => IsPrefix(committed, log[n])

Promises == R2 /\ R3 /\ R4 /\ R5

-----------------------------------------------------------------------------
Init ==
    /\ committed = <<>>
    /\ log = [n \in Node |-> <<>>]
    /\ durable = [n \in Node |-> 0]
    /\ known = [n \in Node |-> 0]
    /\ settled = [n \in Node |-> 0]
    /\ leading = [n \in Node |-> FALSE]
    /\ acknowledged = {}

R1 == IsPrefix(committed, committed')

(* What n knows grows, or a crash forgets all of it; what has settled stays  *)
(* settled; what was durable is lost only to a truncation above settled.     *)
NodeStep(n) ==
    /\ known'[n] >= known[n] \/ known'[n] = 0
    /\ settled'[n] >= settled[n]
    /\ durable'[n] <= Len(log'[n])

Answer ==
    /\ acknowledged \subseteq acknowledged'
    /\ \A a \in acknowledged' \ acknowledged :
           a.lsn \in 1..Len(committed') /\ committed'[a.lsn].term = a.term

Next ==
    /\ R1
    /\ Answer
    /\ \A n \in Node : NodeStep(n)

Spec == Init /\ [][Next]_vars /\ []Promises

(* For witnesses: a mapping that makes known a constant never reaches this.  *)
SomethingKnown == \E n \in Node : known[n] > 0

-----------------------------------------------------------------------------
(* A replica that applies all it knows is the boldest that is allowed.       *)
Abstract == INSTANCE CommittedLog WITH
    Replica <- Node,
    Mtr <- [term : Nat, kind : {"data", "meta"}],
    applied <- known

RefinesCommittedLog == Abstract!Spec
===============================================================================
