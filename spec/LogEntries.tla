------------------------------ MODULE LogEntries ------------------------------
(***************************************************************************)
(* What it describes.  How a leader makes entries of mtrs that are copied  *)
(* into its log buffer at the same time and finish out of order (H10,      *)
(* H29).  What H29 asks is decided thus:                                   *)
(*                                                                         *)
(*  - Who knows an entry's range?  Who closes it.  A mtr first reserves    *)
(*    its place, then is copied into it; the meta record reserves a place  *)
(*    like a mtr, behind all that was reserved before, and in that moment  *)
(*    knows what it closes: everything from the meta record before.        *)
(*  - Before or after its data?  After.  Before it, the size would have to *)
(*    be known when the first mtr begins, or be patched into a record that *)
(*    is already written and sent; and nothing could be shipped before the *)
(*    entry is complete (LOG-11).                                          *)
(*  - What is a tail without meta after a crash?  An open entry: the scan  *)
(*    drops it.  Nobody was told anything about it.                        *)
(*  - What closes an entry?  Its size, or a commit in it that somebody     *)
(*    waits for (H29-commit): an entry that is not closed is never sent.   *)
(*                                                                         *)
(* Only what is contiguous is written and sent: a place that is reserved   *)
(* and not yet filled holds back all behind it (H29).                      *)
(*                                                                         *)
(* What it simplifies.  One leader in one term; the majority is as fast as *)
(* its own disk, so that a closed durable entry may be answered.  An LSN   *)
(* counts records, not mtrs as elsewhere: a mtr is a group of records.     *)
(*                                                                         *)
(* How to break it.  H10, H29 or H29-commit off.                           *)
(***************************************************************************)
EXTENDS Naturals, Sequences, FiniteSets

CONSTANTS
    Mtrs,        \* names of mtrs
    Size,        \* Size[m]: its records
    Commits,     \* those with a commit somebody waits for
    EntryLimit,  \* records of an open entry that close it
    Off          \* the rules that are switched off

On(rule) == rule \notin Off
EntryRules == {"H10", "H29", "H29-commit"}

VARIABLES
    buffer,      \* the places of the log buffer, in order of reservation:
                 \* [of, last, counts]: the mtr or "meta"; the last record of its
                 \* group; for a meta record how many records it closes
    finished,    \* the mtrs that are copied
    written,     \* LSN up to which the buffer was given to the log and the senders
    durable,     \* LSN up to which it is on disk
    answered     \* commits answered ok

vars == <<buffer, finished, written, durable, answered>>

Max(S) == CHOOSE x \in S : \A y \in S : y <= x

Place(m, last) == [of |-> m, last |-> last, counts |-> 0]
Group(m) == [i \in 1..Size[m] |-> Place(m, i = Size[m])]
Reserved == {buffer[l].of : l \in 1..Len(buffer)}

Metas == {l \in 1..Len(buffer) : buffer[l].of = "meta"}
MetaBelow(l) == Max({0} \cup {k \in Metas : k <= l})
Open == Len(buffer) - MetaBelow(Len(buffer))
Meta(counts) == [of |-> "meta", last |-> TRUE, counts |-> counts]

IsFilled(l) == buffer[l].of = "meta" \/ buffer[l].of \in finished
EndOf(m) == Max({l \in 1..Len(buffer) : buffer[l].of = m})

Init ==
    /\ buffer = <<>>
    /\ finished = {}
    /\ written = 0
    /\ durable = 0
    /\ answered = {}

-----------------------------------------------------------------------------
Reserve(m) ==
    /\ m \notin Reserved
    /\ buffer' = buffer \o Group(m)
    /\ UNCHANGED <<finished, written, durable, answered>>

Finish(m) ==
    /\ m \in Reserved \ finished
    /\ m \in Mtrs
    /\ finished' = finished \cup {m}
    /\ UNCHANGED <<buffer, written, durable, answered>>

Waiting == {m \in Commits \cap finished : EndOf(m) > MetaBelow(Len(buffer))}

CloseEntry ==
    /\ Open > 0
    /\ Open >= EntryLimit \/ (On("H29-commit") /\ Waiting # {})
    /\ buffer' = Append(buffer, Meta(Open))
    /\ UNCHANGED <<finished, written, durable, answered>>

(* H10: an entry that is cut by its size alone ends inside a record group.   *)
CloseInside(m) ==
    /\ ~On("H10")
    /\ m \notin Reserved
    /\ Size[m] > 1
    /\ Open + 1 >= EntryLimit
    /\ buffer' = (Append(buffer, Group(m)[1]) \o <<Meta(Open + 1)>>) \o SubSeq(Group(m), 2, Size[m])
    /\ UNCHANGED <<finished, written, durable, answered>>

(* InnoDB's recent_written: up to the first place that is not filled. *)
Writable ==
    IF On("H29")
    THEN Max({l \in 0..Len(buffer) : \A k \in 1..l : IsFilled(k)})
    ELSE Max({l \in 0..Len(buffer) : IF l = 0 THEN TRUE ELSE IsFilled(l)})

Write ==
    /\ Writable > written
    /\ written' = Writable
    /\ UNCHANGED <<buffer, finished, durable, answered>>

Fsync ==
    /\ durable < written
    /\ durable' = written
    /\ UNCHANGED <<buffer, finished, written, answered>>

(* LIM-4, with a majority as fast as the node's own disk. *)
AckCommit(m) ==
    /\ m \in (Commits \cap finished) \ answered
    /\ EndOf(m) <= MetaBelow(durable)
    /\ answered' = answered \cup {m}
    /\ UNCHANGED <<buffer, finished, written, durable>>

Finishes == \E m \in Mtrs : Finish(m)
Answers == \E m \in Mtrs : AckCommit(m)

Next ==
    \/ \E m \in Mtrs : Reserve(m)
    \/ Finishes
    \/ CloseEntry
    \/ \E m \in Mtrs : CloseInside(m)
    \/ Write
    \/ Fsync
    \/ Answers

(* Fairness.  A thread that has reserved a place copies its mtr: it waits    *)
(* for nobody while it holds the place.  The log writer, the flusher and the *)
(* closer of entries are threads of their own and go on while they can; the  *)
(* answer is a wake-up.  A mtr finishes once, a commit is answered once, so  *)
(* that some going on means each in the end.  Nobody has to begin another    *)
(* mtr: Reserve is not fair, so that the last commit of a quiet evening is   *)
(* answered too.                                                             *)
Fair ==
    /\ WF_vars(Finishes)
    /\ WF_vars(Answers)
    /\ WF_vars(CloseEntry)
    /\ WF_vars(Write)
    /\ WF_vars(Fsync)

Spec == Init /\ [][Next]_vars /\ Fair

-----------------------------------------------------------------------------
(* What the scan finds when a crash leaves the first l records: up to the    *)
(* last meta record.                                                         *)
Scanned(l) == MetaBelow(l)

(* H29: what is written has no gaps; a meta record behind one would close an *)
(* entry of which a part was never there.                                    *)
WrittenIsFilled == \A l \in 1..written : IsFilled(l)

(* H10: wherever a crash or a truncation leaves the log, it holds whole mtrs.*)
WholeGroups ==
    \A l \in 0..Len(buffer) : Scanned(l) > 1 => buffer[Scanned(l) - 1].last

(* A meta record knows its place: what the scan checks of it. *)
MetaCounts ==
    \A l \in Metas : buffer[l].counts = l - 1 - MetaBelow(l - 1)

(* What was answered is in a closed entry, on disk. *)
AnsweredStays == \A m \in answered : EndOf(m) <= Scanned(durable)

(* H29-commit *)
CommitsAreAnswered == \A m \in Commits : m \in finished ~> m \in answered
==============================================================================
