---------------------------- MODULE TraceStorage -----------------------------
(***************************************************************************)
(* What it describes.  Whether recorded runs are behaviours of Startup and *)
(* of StorageLimits at once: one log, two modules.  What both speak of     *)
(* (the log, flushed LSN, majority LSN, what is settled and applied, the   *)
(* committed log) is Startup's, and StorageLimits gets it by substitution: *)
(* a storage step that is allowed only with another log is refused.  What  *)
(* StorageLimits alone knows (pages on disk, private copies, checkpoint,   *)
(* deleted redo) is kept here, per node, and changed by its own actions.   *)
(*                                                                         *)
(* Reading it.  A record of StorageLimits changes one page, a recorded mtr *)
(* any number.  So StorageLimits judges one page at a time: Storage has    *)
(* only page p, and of each mtr whether it changes p.  A checkpoint has to  *)
(* be allowed for every page: its limit is the least of theirs.            *)
(*                                                                         *)
(* What it simplifies.  A page in the buffer pool holds what is applied of *)
(* its log (StorageLimits!BufferIsOfThisLog), so it is no variable.  A     *)
(* flush says which page, not from which list.  Startup counts what is     *)
(* applied from the start of the log after a crash, StorageLimits from the *)
(* checkpoint: the larger is meant.                                        *)
(*                                                                         *)
(* Snapshots (H24).  A node that gets a copy is stopped, gets another      *)
(* node's disks, and is started: one event, Seed.  Startup has no such     *)
(* step.  What it does to the log is what messages could have done: the    *)
(* node has part of the committed log, durable, and nothing that it had    *)
(* promised to a leader that may still count it is missing (Promised); it  *)
(* knows no majority LSN.  Where a run bounds its retention, redo that is  *)
(* further back than that is deleted although somebody needs it: such a    *)
(* node counts as if it had what retention no longer keeps for it.         *)
(*                                                                         *)
(* How to break it.  Give StorageLimits a log, a majority LSN or a flushed *)
(* LSN of its own: the traces of tests/validate/test_storage_trace.py that *)
(* must be refused are accepted.                                           *)
(***************************************************************************)
EXTENDS TraceStartup

VARIABLES
    pages,          \* the pages that any mtr has changed
    pagesOf,        \* pagesOf[lsn, term]  those that a mtr changes
    redone,         \* redone[n]      how far a recovery has applied that goes on
    copy,           \* copy[n][p]     the private copy of page p that waits (H26)
    disk,           \* disk[n][p]     the version of page p on disk
    checkpoint,     \* checkpoint[n]  the checkpoint LSN on disk
    oldest          \* oldest[n]      redo up to this LSN is deleted

storageVars == <<pages, pagesOf, redone, copy, disk, checkpoint, oldest>>

OtherKind == "other"    \* of a mtr that does not change the page

-----------------------------------------------------------------------------
(* What the modules share, in the terms of StorageLimits. *)

Kind(l, mtr, p) ==
    IF mtr.kind # "data" THEN mtr.kind
    ELSE IF p \in pagesOf[l, mtr.term] THEN p ELSE OtherKind
Records(s, p) == [l \in 1..Len(s) |-> [term |-> s[l].term, kind |-> Kind(l, s[l], p)]]

Applied(n) == Max2(Max2(applied[n], redone[n]), checkpoint[n])

(* What is around the node: the committed log, and how far every other node  *)
(* is sure to have it on disk, in whole entries: what leaders of terms that  *)
(* it has heard of have committed.  Of what it merely shares with the        *)
(* committed log a late piece of an outvoted leader may still take some.     *)
(* A storage step changes neither, so it is bound once for a step.           *)
Heard(m) == {t \in DOMAIN leaderLog : t <= term[m]}
CommittedTo(m) == Max({0} \cup {CommittedBy(t) : t \in Heard(m)})
Reached(m, c) == SharedBelow(log[m], c, Min2(durable[m], CommittedTo(m)))
Peer(n, c) ==
    LET reached == {Len(c)} \cup {Reached(m, c) : m \in Node \ {n}}
    IN  CHOOSE l \in reached : \A k \in reached : l <= k
Around(n) == LET c == Committed IN {[committed |-> c, peer |-> Peer(n, c)]}

Changes(n, p, l) ==
    {[lsn |-> k, term |-> log[n][k].term] :
        k \in {j \in 1..Min2(l, Len(log[n])) : Kind(j, log[n][j], p) = p}}
LsnOf(version) == Max({0} \cup {c.lsn : c \in version})
Of(versions, p) == IF p \in DOMAIN versions THEN versions[p] ELSE {}
Buffer(n, p) == Changes(n, p, Max2(Applied(n), LsnOf(Of(disk[n], p))))

Storage(n, p, around) == INSTANCE StorageLimits WITH
    Pages <- {p},
    OtherKinds <- {OtherKind},
    Terms <- {},
    Entries <- {},
    committed <- Records(around.committed, p),
    log <- Records(log[n], p),
    durable <- durable[n],
    known <- known[n],
    settled <- settled[n],
    peer <- around.peer,
    oldest <- oldest[n],
    serving <- IF Serving(n) THEN term[n] ELSE 0,
    applied <- Applied(n),
    buffer <- [q \in {p} |-> Buffer(n, q)],
    copy <- [q \in {p} |-> Of(copy[n], q)],
    disk <- [q \in {p} |-> Of(disk[n], q)],
    checkpoint <- checkpoint[n]

(* What concerns no page in particular. *)
NoPage == "none"

-----------------------------------------------------------------------------
(* The events of StorageLimits: mapping-storage.toml has the same rows.      *)

Put(versions, n, p, version) == [versions EXCEPT ![n] = (p :> version) @@ @]

(* Recovery applies redo page by page and may write pages before it ends;    *)
(* Startup takes it as one step, Recover, which follows.                     *)
RecoversPages(n, l) ==
    /\ phase[n] = "aligning"
    /\ On("ST-2") => Aligned(n)
    /\ l \in (Applied(n) + 1)..RecoverLimit(n)
    /\ \E around \in Around(n) : l <= Storage(n, NoPage, around)!ApplyLimit
    /\ redone' = [redone EXCEPT ![n] = l]
    /\ UNCHANGED <<pages, pagesOf, copy, disk, checkpoint, oldest>>

Flushes(n, p) ==
    /\ disk' = Put(disk, n, p, Buffer(n, p))
    /\ copy' = Put(copy, n, p, {})
    /\ UNCHANGED <<pages, pagesOf, redone, checkpoint, oldest>>
    /\ \E around \in Around(n) : Storage(n, p, around)!FlushLru(p)

TakesCopy(n, p) ==
    /\ copy' = Put(copy, n, p, Buffer(n, p))
    /\ UNCHANGED <<pages, pagesOf, redone, disk, checkpoint, oldest>>
    /\ \E around \in Around(n) : Storage(n, p, around)!TakeCopy(p)

FlushesCopy(n, p) ==
    /\ disk' = Put(disk, n, p, Of(copy[n], p))
    /\ copy' = Put(copy, n, p, {})
    /\ UNCHANGED <<pages, pagesOf, redone, checkpoint, oldest>>
    /\ \E around \in Around(n) : Storage(n, p, around)!FlushCopy(p)

TakesCheckpoint(n, l) ==
    /\ UNCHANGED <<pages, pagesOf, redone, copy, disk, oldest>>
    /\ \E around \in Around(n) :
       /\ checkpoint' = [checkpoint EXCEPT ![n] = l]
       /\ \A p \in pages \cup {NoPage} : Storage(n, p, around)!Checkpoint(l)

(* `kept` is where the redo begins that retention keeps for anybody; 0 where *)
(* retention has no bound.                                                   *)
Deletes(n, l, kept) ==
    /\ oldest' = [oldest EXCEPT ![n] = l]
    /\ UNCHANGED <<pages, pagesOf, redone, copy, disk, checkpoint>>
    /\ \E around \in {[real EXCEPT !.peer = Max2(@, kept)] : real \in Around(n)} :
       Storage(n, NoPage, around)!DeleteRedo(l)

(* What n has acknowledged to a leader is in the log up to e, unless a later *)
(* leader has committed: what that one does not have was never committed.    *)
Promised(n, e) ==
    \A t \in DOMAIN acked :
        (\A u \in DOMAIN acked : u > t => CommittedBy(u) = 0) => acked[t][n] <= e

(* The log that a copy brings, up to e, as the leader of term t had it; the  *)
(* process is a new one.                                                     *)
SeedsLog(n, t, e) ==
    /\ t \in DOMAIN leaderLog
    /\ e \in EntryEnds(leaderLog[t])
    /\ TermAt(leaderLog[t], e) = t
    /\ IsPrefix(Prefix(leaderLog[t], e), Committed)
    /\ Promised(n, e)
    /\ log' = [log EXCEPT ![n] = Prefix(leaderLog[t], e)]
    /\ durable' = [durable EXCEPT ![n] = e]
    /\ known' = [known EXCEPT ![n] = 0]
    /\ agreed' = [agreed EXCEPT ![n] = 0]
    /\ role' = [role EXCEPT ![n] = "follower"]
    /\ term' = [term EXCEPT ![n] = Max2(@, t)]
    /\ votedFor' = IF t > term[n] THEN [votedFor EXCEPT ![n] = NoOne] ELSE votedFor
    /\ phase' = [phase EXCEPT ![n] = "aligning"]
    /\ applied' = [applied EXCEPT ![n] = 0]
    /\ settled' = [settled EXCEPT ![n] = Max2(@, e)]
    /\ UNCHANGED <<networkVars, acknowledged>>

PagesIn(lsns) == {lsns[i][1] : i \in 1..Len(lsns)}
LsnIn(lsns, p) == Max({0} \cup {lsns[i][2] : i \in {j \in 1..Len(lsns) : lsns[j][1] = p}})

(* The page as the committed log has it when its LSN is l. *)
CopiedPage(n, p, l) ==
    {[lsn |-> k, term |-> log'[n][k].term] :
        k \in {j \in 1..l : Kind(j, log'[n][j], p) = p}}

SeedsPages(n, s, e, lsns) ==
    /\ PagesIn(lsns) \subseteq pages
    /\ disk' = [disk EXCEPT ![n] = [p \in PagesIn(lsns) |-> CopiedPage(n, p, LsnIn(lsns, p))]]
    /\ copy' = [copy EXCEPT ![n] = << >>]
    /\ redone' = [redone EXCEPT ![n] = 0]
    /\ checkpoint' = [checkpoint EXCEPT ![n] = s]
    /\ oldest' = [oldest EXCEPT ![n] = s]
    /\ UNCHANGED <<pages, pagesOf>>
    /\ \E around \in Around(n) : \A p \in pages \cup {NoPage} :
       \E v \in {Max2(s, LsnIn(lsns, p))} : Storage(n, p, around)!Seed(s, e, [q \in {p} |-> v])

(* A log node has no pages, and its checkpoint is nobody's limit. *)
Seeds(n, t, s, e, lsns) ==
    /\ SeedsLog(n, t, e)
    /\ IF n \in DataNodes THEN SeedsPages(n, s, e, lsns) ELSE UNCHANGED storageVars

StorageActions ==
    {"RecoverPages", "FlushPage", "TakeCopy", "FlushCopy", "Checkpoint", "DeleteRedo", "Seed"}

StorageMatches(action, n, a) ==
    IF action = "Seed" THEN Seeds(n, a[1], a[2], a[3], a[4]) ELSE
    /\ n \in DataNodes
    /\ role[n] # "down"
    /\ UNCHANGED allVars
    /\ \/ /\ action = "RecoverPages"
          /\ \E l \in Choices(a[1], 1..Len(log[n])) : RecoversPages(n, l)
       \/ /\ action = "FlushPage"
          /\ \E p \in NameChoices(a[1], pages) :
                /\ p \in pages
                /\ Same(a[2], LsnOf(Buffer(n, p)))
                /\ Flushes(n, p)
       \/ /\ action = "TakeCopy"
          /\ \E p \in NameChoices(a[1], pages) : p \in pages /\ TakesCopy(n, p)
       \/ /\ action = "FlushCopy"
          /\ \E p \in NameChoices(a[1], pages) :
                /\ p \in pages
                /\ Same(a[2], LsnOf(Of(copy[n], p)))
                /\ FlushesCopy(n, p)
       \/ /\ action = "Checkpoint"
          /\ \E l \in Choices(a[1], 1..Len(log[n])) : TakesCheckpoint(n, l)
       \/ /\ action = "DeleteRedo"
          /\ \E l \in Choices(a[1], 1..Len(log[n])) : Deletes(n, l, a[2])

-----------------------------------------------------------------------------
(* What the node showed of its storage: checkpoint, deleted redo, and the    *)
(* LSN of every page on disk, as <<page, LSN>>; those that are not there     *)
(* were never written.                                                       *)

AbsentLsns == << <<AbsentName, Absent>> >>

StorageShows(n, v) ==
    IF n \in DataNodes
    THEN /\ Same(v[12], checkpoint'[n])
         /\ Same(v[13], oldest'[n])
         /\ v[14] # AbsentLsns =>
                /\ PagesIn(v[14]) \subseteq pages'
                /\ \A p \in pages' : LsnIn(v[14], p) = LsnOf(Of(disk'[n], p))
    ELSE v[12] = Absent /\ v[13] = Absent /\ v[14] = AbsentLsns

-----------------------------------------------------------------------------
(* The shared steps.  A mtr says which pages it changes; no step of the log  *)
(* takes away what pages or checkpoint hold (H11).                           *)
Writes(n, a) ==
    \E changed \in {{a[2][i] : i \in 1..Len(a[2])}} :
        /\ pages' = pages \cup changed
        /\ pagesOf' = (<<Len(log'[n]), term[n]>> :> changed) @@ pagesOf

LogKeeps(n) ==
    On("H11") =>
    /\ checkpoint[n] <= Len(log'[n])
    /\ \A p \in DOMAIN disk[n] : LsnOf(disk[n][p]) <= Len(log'[n])

(* Private copies and a recovery end with the process. *)
Forgets(n) ==
    IF n \in DataNodes /\ role'[n] = "down"
    THEN redone' = [redone EXCEPT ![n] = 0] /\ copy' = [copy EXCEPT ![n] = << >>]
    ELSE UNCHANGED <<redone, copy>>

-----------------------------------------------------------------------------
StorageInit ==
    /\ TraceInit
    /\ pages = {}
    /\ pagesOf = << >>
    /\ redone = [n \in DataNodes |-> 0]
    /\ copy = [n \in DataNodes |-> << >>]
    /\ disk = [n \in DataNodes |-> << >>]
    /\ checkpoint = [n \in DataNodes |-> 0]
    /\ oldest = [n \in DataNodes |-> 0]

LogMatches(action, n, a) ==
    /\ Matches(action, n, a)
    /\ IF action = "WriteMtr" THEN Writes(n, a) ELSE UNCHANGED <<pages, pagesOf>>
    /\ Forgets(n)
    /\ n \in DataNodes => LogKeeps(n)
    /\ UNCHANGED <<disk, checkpoint, oldest>>

JointPass ==
    /\ cursor <= Len(Events)
    /\ LET event == Events[cursor]
       IN  \* A bound n: event[2] under a prime would be the next event's.
           \E n \in {event[2]} :
                /\ IF event[1] \in StorageActions THEN StorageMatches(event[1], n, event[3])
                                                  ELSE LogMatches(event[1], n, event[3])
                /\ Shows(n, event[4])
                /\ StorageShows(n, event[4])
                /\ Tell(n)
    /\ cursor' = cursor + 1
    /\ UNCHANGED run

(* A crash in the middle of writes: pages and a checkpoint may have become   *)
(* durable and redo may be deleted, and nobody was left to say so.  What the *)
(* Restart shows on disk says which; where it does not, any may.  Each is a  *)
(* step of StorageLimits.                                                    *)
OtherOnDisk(n, lsns, p) == LsnIn(lsns, p) # LsnOf(Of(disk[n], p))
Unsaid(n, lsns) ==
    {i \in 1..Len(lsns) : lsns # AbsentLsns /\ OtherOnDisk(n, lsns, lsns[i][1])}

(* The order of the writes does not matter: it is that of the list. *)
UnsaidPage(n, lsns) ==
    IF lsns = AbsentLsns
    THEN \E p \in pages : Flushes(n, p) \/ FlushesCopy(n, p)
    ELSE \E i \in Unsaid(n, lsns) :
            /\ \A j \in Unsaid(n, lsns) : i <= j
            /\ \E p \in {lsns[i][1]} :
                  /\ p \in pages
                  /\ \/ lsns[i][2] = LsnOf(Buffer(n, p)) /\ Flushes(n, p)
                     \/ lsns[i][2] = LsnOf(Of(copy[n], p)) /\ FlushesCopy(n, p)

UnsaidCheckpoint(n, v) ==
    /\ Unsaid(n, v[14]) = {}
    /\ \E l \in Choices(v[12], 1..Len(log[n])) : TakesCheckpoint(n, l)

UnsaidDeletion(n, v, kept) ==
    /\ Unsaid(n, v[14]) = {}
    /\ Same(v[12], checkpoint[n])
    /\ \E l \in Choices(v[13], 1..Len(log[n])) : Deletes(n, l, kept)

KeptAt(event) == IF event[1] = "Restart" THEN event[3][1] ELSE 0

UnsaidStep ==
    /\ cursor <= Len(Events)
    /\ Events[cursor][1] \in {"Restart", AbsentName}
    /\ \E n \in {Events[cursor][2]} : \E v \in {Events[cursor][4]} :
          /\ n \in DataNodes
          /\ role[n] # "down"
          /\ UNCHANGED allVars
          /\ \/ UnsaidPage(n, v[14])
             \/ UnsaidCheckpoint(n, v)
             \/ \E kept \in {KeptAt(Events[cursor])} : UnsaidDeletion(n, v, kept)
    /\ UNCHANGED <<run, cursor>>

(* What the Restart does not find on disk is not tried. *)
AllSaid(n, v) ==
    /\ v[14] # AbsentLsns => \A p \in pages : ~OtherOnDisk(n, v[14], p)
    /\ Same(v[12], checkpoint[n])
    /\ Same(v[13], oldest[n])

SaidCrash ==
    /\ ImpliedCrash
    /\ Events[cursor][2] \in DataNodes =>
          /\ AllSaid(Events[cursor][2], Events[cursor][4])
          /\ LogKeeps(Events[cursor][2])
    /\ Forgets(Events[cursor][2])
    /\ UNCHANGED <<pages, pagesOf, disk, checkpoint, oldest>>

JointCrash == UnsaidStep \/ SaidCrash

JointHidden == HiddenStep /\ UNCHANGED storageVars
JointFinish == Finish /\ UNCHANGED storageVars

JointNext ==
    \/ JointPass
    \/ JointCrash
    \/ JointHidden
    \/ JointFinish
==============================================================================
