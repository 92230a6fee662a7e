---------------------------- MODULE StorageLimits ----------------------------
(***************************************************************************)
(* What it describes.  The storage of one data node under the limits of    *)
(* the replicated log: pages in the buffer pool and on disk, the three     *)
(* ways to flush them, the fuzzy checkpoint, redo deletion, apply and      *)
(* recovery, readers on a follower, the copy of a hot page, and a snapshot *)
(* that replaces what a node has lost touch with.                          *)
(*                                                                         *)
(* Reading it.  One node, so no action names one: a trace is projected to  *)
(* a node.  The log around it may do all that R1 to R5 of ReplicatedLog    *)
(* leave open (RefinesReplicatedLog checks that it does no more); `peer`   *)
(* is what the slowest of the other nodes is sure to keep.  A page version *)
(* is the set of changes it holds, each [lsn, term]: two branches of a log *)
(* reuse LSNs, so an LSN alone says nothing.  The page LSN is that of its  *)
(* newest change, and all that InnoDB looks at.                            *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - A page write and a checkpoint write are atomic (doublewrite, two     *)
(*    slots); the log's sectors are the business of LogBlocks.             *)
(*  - A clean page and one that is not in the buffer pool are the same.    *)
(*  - A crash and the scan of the restart are one step.                    *)
(*  - R2 is taken record by record: a term has one writer.                 *)
(*  - A deposed leader may serve again in its term if nobody else has      *)
(*    written in it: more than Raft allows.                                *)
(*  - Space and progress: StorageSpace.                                    *)
(*                                                                         *)
(* How to break it.  Off, one rule at a time: redoraft why.  H11 alone     *)
(* refutes nothing: within LIM-1, LIM-2 and H33 no truncation goes below a *)
(* page or checkpoint; it is the second line behind them.  LIM-1 is needed *)
(* on a leader only, for records that touch no page: a page's record keeps *)
(* the checkpoint below it until LIM-2 lets the page go, and a follower    *)
(* has applied nothing beyond the majority LSN (LIM-3).                    *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS
    Pages,       \* names of pages; a record of kind p changes page p
    OtherKinds,  \* of records that touch no page: "file", and "note" (H22)
    Terms,       \* terms in which others may write
    Entries,     \* what they may write as one entry: sequences of kinds
    Off          \* the rules that are switched off

On(rule) == rule \notin Off
StorageRules == {"LOG-8", "LIM-1", "LIM-2", "LIM-3", "H11", "H13", "H21", "H22", "H23", "H33"}

Kinds == Pages \cup OtherKinds

(* H22: a note is dictionary metadata that lives in memory and in redo until *)
(* a change of this page persists it.                                        *)
DictPage == "dict"

VARIABLES
    committed,   \* the committed log: a sequence of records [term, kind]
    log,         \* the node's log; what is deleted of it stays as a ghost
    durable,     \* LSN up to which it is on disk
    known,       \* majority LSN as far as the node knows; a crash forgets it
    settled,     \* ghost: the whole entries it has known and had durable at once
    peer,        \* LSN up to which every other node has the committed log for good
    oldest,      \* redo up to this LSN is deleted
    serving,     \* the term in which the node writes, or 0
    applied,     \* LSN up to which the buffer pool has the log
    buffer,      \* buffer[p]  the version in the buffer pool
    copy,        \* copy[p]    a private copy waiting to be written, or {} (H26)
    disk,        \* disk[p]    the version on disk
    checkpoint   \* the checkpoint LSN on disk

logVars   == <<committed, log, durable, known, settled, peer>>
poolVars  == <<serving, applied, buffer, copy>>
diskVars  == <<oldest, disk, checkpoint>>
vars      == <<logVars, poolVars, diskVars>>

-----------------------------------------------------------------------------
Min2(a, b) == IF a <= b THEN a ELSE b
Max2(a, b) == IF a >= b THEN a ELSE b
Min(S) == CHOOSE x \in S : \A y \in S : x <= y
Max(S) == CHOOSE x \in S : \A y \in S : y <= x

Record(t, k) == [term |-> t, kind |-> k]
Prefix(s, l) == SubSeq(s, 1, l)
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s
LastTerm(s) == IF s = <<>> THEN 0 ELSE s[Len(s)].term

(* An entry ends at its meta record. *)
Ends(s) == {0} \cup {l \in 1..Len(s) : s[l].kind = "meta"}
EndBelow(s, l) == Max({e \in Ends(s) : e <= l})
Entry(t, ks) == [i \in 1..Len(ks) |-> Record(t, ks[i])] \o <<Record(t, "meta")>>

(* R2: same LSN and term, same prefix. *)
Matching(s, t) ==
    \A l \in 1..Min2(Len(s), Len(t)) : s[l].term = t[l].term => Prefix(s, l) = Prefix(t, l)

(* The version of page p after the first l records of s. *)
Change(s, l) == [lsn |-> l, term |-> s[l].term]
Version(s, p, l) == {Change(s, k) : k \in {j \in 1..l : s[j].kind = p}}
PageLsn(version) == Max({0} \cup {c.lsn : c \in version})

(* What the environment is allowed to do; models narrow these definitions.   *)
MayGrow(s) == TRUE
MayFsync(l) == TRUE
MayServe == TRUE
MayLag == TRUE
MayCopy == TRUE
MaySeed == TRUE

-----------------------------------------------------------------------------
Init ==
    /\ committed = <<>> /\ log = <<>>
    /\ durable = 0 /\ known = 0 /\ settled = 0
    /\ peer = 0 /\ oldest = 0 /\ checkpoint = 0
    /\ serving = 0 /\ applied = 0
    /\ buffer = [p \in Pages |-> {}]
    /\ copy = [p \in Pages |-> {}]
    /\ disk = [p \in Pages |-> {}]

(* The last conjunct of an action that changes log, durable or known. *)
Settle == settled' = Max2(settled, EndBelow(log', Min2(known', durable')))

-----------------------------------------------------------------------------
(* The log around the node: all that the promises leave open.  Entries are   *)
(* the kinds of their records; the meta record is added.                     *)

(* R1; a term has one writer, and while the node serves it is the one. *)
CommittedGrows(t, ks) ==
    /\ t >= LastTerm(committed)
    /\ committed' = committed \o Entry(t, ks)
    /\ MayGrow(committed')
    /\ Matching(log, committed')
    /\ serving = t => IsPrefix(committed', log)
    /\ UNCHANGED <<log, durable, known, settled, peer, poolVars, diskVars>>

(* A follower's log grows by whole entries. *)
Receive(t, ks) ==
    /\ serving = 0
    /\ t >= LastTerm(log)
    /\ log' = log \o Entry(t, ks)
    /\ MayGrow(log')
    /\ Matching(log', committed)
    /\ UNCHANGED <<committed, durable, known, settled, peer, poolVars, diskVars>>

PeerGains(l) ==
    /\ MayLag
    /\ l \in Ends(committed)
    /\ l > peer
    /\ peer' = l
    /\ UNCHANGED <<committed, log, durable, known, settled, poolVars, diskVars>>

Fsync(l) ==
    /\ MayFsync(l)
    /\ l \in (durable + 1)..Len(log)
    /\ durable' = l
    /\ UNCHANGED <<committed, log, known, peer, poolVars, diskVars>>
    /\ Settle

(* R3 *)
Learn(l) ==
    /\ l \in Ends(log)
    /\ l > known
    /\ IsPrefix(Prefix(log, l), committed)
    /\ known' = l
    /\ UNCHANGED <<committed, log, durable, peer, poolVars, diskVars>>
    /\ Settle

(* R3: what has settled stays.  More may go, also of the committed log: a    *)
(* late piece of a leader that was outvoted disagrees with it.  H11: a       *)
(* truncation below a page or checkpoint on disk is refused, loudly.         *)
Truncate(l) ==
    /\ serving = 0
    /\ l \in Ends(log)
    /\ l < Len(log)
    /\ l >= Max2(settled, known)
    /\ On("H11") => checkpoint <= l /\ \A p \in Pages : PageLsn(disk[p]) <= l
    /\ log' = Prefix(log, l)
    /\ durable' = Min2(durable, l)
    /\ applied' = Min2(applied, l)
    /\ UNCHANGED <<committed, known, settled, peer, serving, buffer, copy, diskVars>>

-----------------------------------------------------------------------------
(* The process. *)

(* R5, H14: it leads, and its own term's marker is committed and applied.  A *)
(* leader of a later term may have committed meanwhile.                      *)
StartServing ==
    /\ MayServe
    /\ serving = 0
    /\ known = Len(log) /\ known > 0
    /\ applied = known
    /\ LastTerm(committed) <= LastTerm(log) => IsPrefix(committed, log)
    /\ serving' = LastTerm(log)
    /\ UNCHANGED <<logVars, applied, buffer, copy, diskVars>>

(* A leader's pages have what it writes at once. *)
Write(record) ==
    /\ log' = Append(log, record)
    /\ applied' = Len(log')
    /\ buffer' = [p \in Pages |-> IF record.kind = p
                     THEN buffer[p] \cup {Change(log', Len(log'))} ELSE buffer[p]]
    /\ UNCHANGED <<committed, durable, known, settled, peer, serving, copy, diskVars>>

WriteMtr(k) ==
    /\ serving > 0
    /\ k \in Kinds
    /\ Write(Record(serving, k))
    /\ MayGrow(log')
    /\ Matching(log', committed)

CloseEntry ==
    /\ serving > 0
    /\ Len(log) \notin Ends(log)
    /\ Write(Record(serving, "meta"))
    /\ Matching(log', committed)

(* H23: purge, change-buffer merge or statistics on a follower make redo.    *)
BackgroundWork(p) ==
    /\ ~On("H23")
    /\ serving = 0
    /\ p \in Pages
    /\ applied = Len(log)
    /\ Write(Record(LastTerm(log), p))
    /\ MayGrow(log')

(* H21: a sorted index build changes pages without redo. *)
UnloggedChange(p) ==
    /\ ~On("H21")
    /\ serving > 0
    /\ buffer' = [buffer EXCEPT ![p] = @ \cup {[lsn |-> Len(log), term |-> 0]}]
    /\ UNCHANGED <<logVars, serving, applied, copy, diskVars>>

(* What the log writer had written survives up to any l; the scan ends at    *)
(* the last whole entry, recovery starts at the checkpoint.                  *)
Crash(l) ==
    /\ l \in durable..Len(log)
    /\ log' = Prefix(log, EndBelow(log, l))
    /\ durable' = Len(log')
    /\ known' = 0
    /\ serving' = 0
    /\ applied' = checkpoint
    /\ buffer' = disk
    /\ copy' = [p \in Pages |-> {}]
    /\ UNCHANGED <<committed, settled, peer, diskVars>>

(* H13: a deposed leader restarts, which is a Crash that loses nothing; here *)
(* it steps down, drops its open entry and goes on with its pages.           *)
StepDown ==
    /\ ~On("H13")
    /\ serving > 0
    /\ serving' = 0
    /\ log' = Prefix(log, EndBelow(log, Len(log)))
    /\ durable' = Min2(durable, Len(log'))
    /\ applied' = Len(log')
    /\ UNCHANGED <<committed, known, settled, peer, buffer, copy, diskVars>>

-----------------------------------------------------------------------------
(* Apply and flush. *)

ApplyLimit == IF On("LIM-3") THEN known ELSE Len(log)

(* A record is applied iff it is newer than the page: recv_recover_page. *)
Apply(l) ==
    /\ serving = 0
    /\ l = applied + 1
    /\ l <= ApplyLimit
    /\ applied' = l
    /\ buffer' = [p \in Pages |->
                    IF log[l].kind = p /\ l > PageLsn(buffer[p])
                    THEN buffer[p] \cup {Change(log, l)} ELSE buffer[p]]
    /\ UNCHANGED <<logVars, serving, copy, diskVars>>

(* LIM-2, and the WAL rule as H33 has it: whole durable entries. *)
FlushLimit ==
    Min2(IF On("LIM-2") THEN known ELSE Len(log),
         IF On("H33") THEN EndBelow(log, durable) ELSE Len(log))

Dirty == {p \in Pages : buffer[p] # disk[p]}
OldestChange(p) == Min({c.lsn : c \in buffer[p] \ disk[p]})

FlushPage(p) ==
    /\ PageLsn(buffer[p]) <= FlushLimit
    /\ disk' = [disk EXCEPT ![p] = buffer[p]]
    /\ copy' = [copy EXCEPT ![p] = {}]
    /\ UNCHANGED <<logVars, serving, applied, buffer, oldest, checkpoint>>

(* From the flush list: the page with the oldest change first. *)
FlushList(p) ==
    /\ p \in Dirty
    /\ \A q \in Dirty : OldestChange(p) <= OldestChange(q)
    /\ FlushPage(p)

(* From the LRU list, and by a thread that needs a free frame: any page. *)
FlushLru(p) == p \in Dirty /\ FlushPage(p)
FlushSingle(p) == p \in Dirty /\ FlushPage(p)

(* H26: a page that is beyond the limit is copied, the copy is written when  *)
(* the limit has reached it, and the page goes on changing meanwhile.        *)
TakeCopy(p) ==
    /\ MayCopy
    /\ p \in Dirty
    /\ copy[p] = {}
    /\ PageLsn(buffer[p]) > FlushLimit
    /\ copy' = [copy EXCEPT ![p] = buffer[p]]
    /\ UNCHANGED <<logVars, serving, applied, buffer, diskVars>>

FlushCopy(p) ==
    /\ copy[p] # {}
    /\ PageLsn(copy[p]) <= FlushLimit
    /\ disk' = [disk EXCEPT ![p] = copy[p]]
    /\ copy' = [copy EXCEPT ![p] = {}]
    /\ UNCHANGED <<logVars, serving, applied, buffer, oldest, checkpoint>>

-----------------------------------------------------------------------------
(* Checkpoint, redo deletion, snapshot. *)

(* H22: notes up to c that no later change of the dictionary page persists   *)
(* among the first l records.                                                *)
Notes(s, c) == {k \in 1..c : s[k].kind = "note"}
Unpersisted(s, c, l) ==
    {k \in Notes(s, c) : \A j \in (k + 1)..l : s[j].kind # DictPage}

(* The minimum of all that still needs redo.  A note counts as persisted     *)
(* when the change that persists it is itself sure to stay.                  *)
CheckpointLimit ==
    LET changes == {OldestChange(p) - 1 : p \in Dirty}
        stays   == Min2(known, EndBelow(log, durable))
        notes   == {k - 1 : k \in Unpersisted(log, applied, Min2(applied, stays))}
    IN  Min(UNION {{applied}, changes,
                   IF On("LIM-1") THEN {known} ELSE {},
                   IF On("H33") THEN {EndBelow(log, durable)} ELSE {},
                   IF On("H22") THEN notes ELSE {}})

(* Fuzzy: it flushes nothing, and it never decreases. *)
Checkpoint(c) ==
    /\ c \in (checkpoint + 1)..CheckpointLimit
    /\ checkpoint' = c
    /\ UNCHANGED <<logVars, poolVars, oldest, disk>>

DeletionLimit == IF On("LOG-8") THEN Min2(checkpoint, peer) ELSE checkpoint

DeleteRedo(l) ==
    /\ l \in (oldest + 1)..DeletionLimit
    /\ oldest' = l
    /\ UNCHANGED <<logVars, poolVars, disk, checkpoint>>

(* H24: a node that is too far behind gets another node's disk: checkpoint   *)
(* s, pages copied one by one while that node went on (page p as of v[p]),   *)
(* and its redo from s to e.  It reaches beyond every page that was copied,  *)
(* and beyond all that this node had acknowledged: until then the node has   *)
(* its old disk, and what it had promised of it.  What it brings is          *)
(* committed, durable when it is there, and has settled: else a truncation   *)
(* above the checkpoint takes the change that persists a note below it.      *)
SnapshotReaches(e, v) == e >= settled /\ \A p \in Pages : v[p] <= e
SnapshotSettles(e) == e

Seed(s, e, v) ==
    /\ MaySeed
    /\ serving = 0
    /\ e \in Ends(committed)
    /\ s \in checkpoint..e
    /\ Unpersisted(committed, s, e) = {}
    /\ \A p \in Pages : v[p] >= s /\ v[p] <= Len(committed)
    /\ SnapshotReaches(e, v)
    /\ log' = Prefix(committed, e)
    /\ durable' = e
    /\ known' = 0
    /\ applied' = s
    /\ disk' = [p \in Pages |-> Version(committed, p, v[p])]
    /\ buffer' = disk'
    /\ copy' = [p \in Pages |-> {}]
    /\ checkpoint' = s
    /\ oldest' = s
    /\ settled' = Max2(settled, SnapshotSettles(e))
    /\ UNCHANGED <<committed, peer, serving>>

-----------------------------------------------------------------------------
(* Arguments drawn from the state; named, so that TLC labels the edges. *)

PeerGainsSome == \E l \in Ends(committed) : PeerGains(l)
Fsyncs == \E l \in (durable + 1)..Len(log) : Fsync(l)
Learns == \E l \in Ends(log) : Learn(l)
Truncates == \E l \in Ends(log) : Truncate(l)
Crashes == \E l \in durable..Len(log) : Crash(l)
Applies == \E l \in {applied + 1} : Apply(l)
Checkpoints == \E c \in (checkpoint + 1)..CheckpointLimit : Checkpoint(c)
Deletes == \E l \in (oldest + 1)..DeletionLimit : DeleteRedo(l)
Seeds ==
    /\ MaySeed
    /\ \E e \in Ends(committed) : \E s \in checkpoint..e :
          \E v \in [Pages -> s..Len(committed)] : Seed(s, e, v)

Next ==
    \/ \E t \in Terms, ks \in Entries : CommittedGrows(t, ks)
    \/ \E t \in Terms, ks \in Entries : Receive(t, ks)
    \/ PeerGainsSome
    \/ Fsyncs
    \/ Learns
    \/ Truncates
    \/ StartServing
    \/ \E k \in Kinds : WriteMtr(k)
    \/ CloseEntry
    \/ \E p \in Pages : BackgroundWork(p)
    \/ \E p \in Pages : UnloggedChange(p)
    \/ Crashes
    \/ StepDown
    \/ Applies
    \/ \E p \in Pages : FlushList(p)
    \/ \E p \in Pages : FlushLru(p)
    \/ \E p \in Pages : FlushSingle(p)
    \/ \E p \in Pages : TakeCopy(p)
    \/ \E p \in Pages : FlushCopy(p)
    \/ Checkpoints
    \/ Deletes
    \/ Seeds

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* Invariants. *)

(* The version holds nothing that the committed log does not. *)
IsCommitted(version, p) ==
    \A c \in version : c.lsn \in 1..Len(committed) /\ committed[c.lsn] = Record(c.term, p)

TypeOK ==
    /\ durable \in 0..Len(log) /\ known \in 0..Len(log) /\ settled \in 0..Len(log)
    /\ applied \in 0..Max2(checkpoint, Len(log))
    /\ oldest \in 0..checkpoint
    /\ peer \in 0..Len(committed)

(* R3: what has settled is there, also after a snapshot. *)
SettledStays ==
    /\ settled <= durable
    /\ IsPrefix(Prefix(log, settled), committed)

DiskIsCommitted == \A p \in Pages : IsCommitted(disk[p], p)

(* LIM-3, H13, H23: readers on a follower. *)
ReadersSeeCommitted == serving = 0 => \A p \in Pages : IsCommitted(buffer[p], p)

(* A page is a version of this log: nothing skipped, nothing left over. *)
BufferIsOfThisLog ==
    \A p \in Pages :
        LET l == Max2(applied, PageLsn(buffer[p]))
        IN  l <= Len(log) /\ buffer[p] = Version(log, p, l)

(* H11: no page is beyond the log. *)
DiskIsInTheLog == \A p \in Pages : PageLsn(disk[p]) <= Len(log)

(* What a node alone can rebuild from its disk: the committed log as far as  *)
(* its whole durable entries go.                                             *)
Shared == Max({l \in Ends(log) : l <= durable /\ IsPrefix(Prefix(log, l), committed)})

Recovered(p, l) ==
    LET start == Max2(checkpoint, PageLsn(disk[p]))
    IN  disk[p] \cup {Change(log, k) : k \in {j \in (start + 1)..l : log[j].kind = p}}

Reconstructible ==
    /\ oldest <= checkpoint
    /\ checkpoint <= Shared
    /\ \A p \in Pages : Recovered(p, Shared) = Version(committed, p, Shared)

(* H22: so is the dictionary metadata. *)
NotesReconstructible ==
    \A k \in Unpersisted(committed, Shared, Shared) : k > checkpoint

(* LOG-8: a node that is behind can go on from here; where there are         *)
(* snapshots (MaySeed), it may get one instead.                              *)
NothingNeededIsDeleted == oldest <= peer

(* Whoever serves, and is not overtaken by a later term, has every commit    *)
(* that may have been acknowledged: in its log and in its pages.             *)
LeaderHasCommitted ==
    serving > 0 /\ LastTerm(committed) <= serving =>
        /\ IsPrefix(committed, log)
        /\ \A p \in Pages : Version(committed, p, Len(committed)) \subseteq buffer[p]

-----------------------------------------------------------------------------
(* What goes on around the node keeps the promises: two others have exactly  *)
(* the committed log, and all of it may have been answered ok.               *)
Others == {"other1", "other2"}
Around(own, others) == [n \in {"self"} \cup Others |-> IF n = "self" THEN own ELSE others]

Interface == INSTANCE ReplicatedLog WITH
    DataNodes <- {"self"},
    LogNodes <- Others,
    log <- Around(log, committed),
    durable <- Around(durable, Len(committed)),
    known <- Around(known, 0),
    settled <- Around(settled, 0),
    leading <- Around(serving > 0 /\ LastTerm(committed) <= serving, FALSE),
    acknowledged <- {Change(committed, l) : l \in 1..Len(committed)}

RefinesReplicatedLog == Interface!Spec
==============================================================================
