------------------------------- MODULE LogBlocks -------------------------------
(***************************************************************************)
(* What it describes.  The redo log of one node as blocks in files: what   *)
(* a crash leaves of the blocks that were written and not fsynced, what    *)
(* the scan makes of it, and a truncation in steps, each of which may be   *)
(* the last (H12).  A block behind the cut has a right number and a right  *)
(* checksum; if the new branch ends where it starts, the scan goes on into *)
(* it: two branches are spliced.                                           *)
(*                                                                         *)
(*    MarkCut        where the cut is to be, durably                       *)
(*    DropFile       whole files behind the cut, the newest first          *)
(*    RewriteCut     the block of the cut ends there                       *)
(*    ZeroTail       nothing stands behind it in its file                  *)
(*    SyncCut        all this is durable                                   *)
(*    Unmark         the mark goes, durably; now the log may be written    *)
(*                                                                         *)
(* Every start cuts behind the end of what the scan found, by the same     *)
(* steps without a mark (H12-start): a crash of a disk that reorders may   *)
(* leave a hole with right blocks behind it, and no truncation is needed   *)
(* for that.                                                               *)
(*                                                                         *)
(* What it simplifies.                                                     *)
(*  - A record is its term and is an entry by itself; LogEntries says what *)
(*    an entry is made of.  Blocks hold a few records.                     *)
(*  - The leaders' logs (Branches) are given; the node has a prefix of     *)
(*    one.                                                                 *)
(*  - The scan refuses a record whose term is behind the one before, as    *)
(*    the meta record allows.  It does not save it: a stale tail may be of *)
(*    a *newer* term than what a later leader brings of an older one.      *)
(*  - A block is a sector, and a sector write is atomic: a rewrite of a    *)
(*    block that was promised either happens or not.  The mutant           *)
(*    TornSector says what this is worth.                                  *)
(*  - Dropping a file and writing the mark are durable when they return.   *)
(*                                                                         *)
(* How to break it.  Any of the rules off.  H12-mark alone refutes         *)
(* nothing: a truncation that was cut short leaves a prefix of the old     *)
(* log, which the node may have, and H12-start removes what is behind it.  *)
(* On a disk that keeps the order of writes it is the other way round:     *)
(* either of the two is enough, and without both branches are spliced.     *)
(***************************************************************************)
EXTENDS Naturals, Sequences

CONSTANTS
    BlockSize,    \* records in a block
    FileBlocks,   \* blocks in a file
    Blocks,       \* the blocks of all files: 1..n
    Branches,     \* the logs of leaders: sequences of terms
    Off           \* the rules that are switched off

On(rule) == rule \notin Off
BlockRules == {"H12-mark", "H12-files", "H12-block", "H12-tail", "H12-sync", "H12-start"}

VARIABLES
    log,       \* the log as the node has it in memory
    media,     \* media[b]  what is durable of block b; <<>> is a block of zeros
    pending,   \* block writes that no fsync has covered, in order
    mark,      \* {} or {l}: a truncation to l is under way; durable
    stage,     \* "open", "down", or the next step of a cut
    cut,       \* where a cut that is under way ends
    promise,   \* ghost: what was fsynced and not cut since
    had        \* ghost: what a crash may leave a prefix of

diskVars  == <<media, pending, mark>>
ghostVars == <<promise, had>>
vars      == <<log, diskVars, stage, cut, ghostVars>>

Min2(a, b) == IF a <= b THEN a ELSE b
Max(S) == CHOOSE x \in S : \A y \in S : y <= x
Prefix(s, l) == SubSeq(s, 1, Min2(l, Len(s)))
IsPrefix(s, t) == Len(s) <= Len(t) /\ Prefix(t, Len(s)) = s

BlockOf(l) == ((l - 1) \div BlockSize) + 1
FileOf(b) == ((b - 1) \div FileBlocks) + 1
Files == {FileOf(b) : b \in Blocks}

(* What block b holds of the log s. *)
Content(s, b) == SubSeq(s, (b - 1) * BlockSize + 1, Min2(b * BlockSize, Len(s)))

(* The block in which the next record behind l comes to stand. *)
CutBlock(l) == BlockOf(l + 1)

(* What is on disk when the writes of `kept` reached it. *)
Landed(kept) ==
    [b \in Blocks |->
        LET of == {i \in kept : pending[i].block = b}
        IN  IF of = {} THEN media[b] ELSE pending[Max(of)].content]

(* What a read returns. *)
Seen == Landed(DOMAIN pending)

Written(b, content) == [block |-> b, content |-> content]

(* The parse-only scan: record by record, to the first block that is not     *)
(* full, or the first record that cannot follow.                             *)
Follows(s, t) == s = <<>> \/ s[Len(s)] <= t

RECURSIVE Read(_, _, _)
Read(disk, s, l) ==
    LET b == BlockOf(l + 1)
        i == l - (b - 1) * BlockSize + 1
    IN  IF b \notin Blocks THEN s
        ELSE IF Len(disk[b]) < i THEN s
        ELSE IF ~Follows(s, disk[b][i]) THEN s
        ELSE Read(disk, Append(s, disk[b][i]), l + 1)
Scan(disk) == Read(disk, <<>>, 0)

(* What a crash may keep of the pending writes: any of them. *)
Keeps == SUBSET (DOMAIN pending)

-----------------------------------------------------------------------------
Init ==
    /\ log = <<>>
    /\ media = [b \in Blocks |-> <<>>]
    /\ pending = <<>>
    /\ mark = {}
    /\ stage = "open"
    /\ cut = 0
    /\ promise = <<>>
    /\ had = <<>>

(* The next record of the leader's log, and its block with it. *)
WriteRecord(branch) ==
    /\ stage = "open"
    /\ IsPrefix(log, branch)
    /\ Len(log) < Len(branch)
    /\ log' = Append(log, branch[Len(log) + 1])
    /\ had' = log'
    /\ pending' = Append(pending, Written(BlockOf(Len(log')), Content(log', BlockOf(Len(log')))))
    /\ UNCHANGED <<media, mark, stage, cut, promise>>

Fsync ==
    /\ stage = "open"
    /\ pending # <<>>
    /\ media' = Seen
    /\ pending' = <<>>
    /\ promise' = log
    /\ UNCHANGED <<log, mark, stage, cut, had>>

-----------------------------------------------------------------------------
(* The cut. *)

Parting(branch) == Max({l \in 0..Len(log) : IsPrefix(Prefix(log, l), branch)})

MarkCut(branch) ==
    LET l == Parting(branch)
    IN  /\ stage = "open"
        /\ l < Len(log) /\ l < Len(branch)
        /\ log' = Prefix(log, l)
        /\ promise' = Prefix(promise, l)
        /\ mark' = IF On("H12-mark") THEN {l} ELSE {}
        /\ stage' = "files"
        /\ cut' = l
        /\ UNCHANGED <<media, pending, had>>

(* Files behind the one of the cut that are there. *)
Beyond ==
    {f \in Files : f > FileOf(CutBlock(cut)) /\
        \E b \in Blocks : FileOf(b) = f /\ (media[b] # <<>> \/ Seen[b] # <<>>)}

DropFile(f) ==
    /\ stage = "files"
    /\ On("H12-files")
    /\ f \in Beyond
    /\ \A g \in Beyond : g <= f
    /\ media' = [b \in Blocks |-> IF FileOf(b) = f THEN <<>> ELSE media[b]]
    /\ pending' = SelectSeq(pending, LAMBDA w : FileOf(w.block) # f)
    /\ UNCHANGED <<log, mark, stage, cut, ghostVars>>

RewriteCut ==
    /\ stage = "files"
    /\ On("H12-files") => Beyond = {}
    /\ stage' = "tail"
    /\ pending' = IF On("H12-block") /\ CutBlock(cut) \in Blocks
                  THEN Append(pending, Written(CutBlock(cut), Content(log, CutBlock(cut))))
                  ELSE pending
    /\ UNCHANGED <<log, media, mark, cut, ghostVars>>

(* Block by block, in the file of the cut. *)
Behind == {b \in Blocks : b > CutBlock(cut) /\ FileOf(b) = FileOf(CutBlock(cut)) /\ Seen[b] # <<>>}

ZeroTail(b) ==
    /\ stage = "tail"
    /\ On("H12-tail")
    /\ b \in Behind
    /\ \A c \in Behind : b <= c
    /\ pending' = Append(pending, Written(b, <<>>))
    /\ UNCHANGED <<log, media, mark, stage, cut, ghostVars>>

SyncCut ==
    /\ stage = "tail"
    /\ On("H12-tail") => Behind = {}
    /\ stage' = "mark"
    /\ IF On("H12-sync") THEN media' = Seen /\ pending' = <<>>
                         ELSE UNCHANGED <<media, pending>>
    /\ UNCHANGED <<log, mark, cut, ghostVars>>

Unmark ==
    /\ stage = "mark"
    /\ stage' = "open"
    /\ mark' = {}
    /\ had' = log
    /\ UNCHANGED <<log, media, pending, cut, promise>>

-----------------------------------------------------------------------------
Crash(kept) ==
    /\ stage # "down"
    /\ kept \in Keeps
    /\ media' = Landed(kept)
    /\ pending' = <<>>
    /\ stage' = "down"
    /\ UNCHANGED <<log, mark, cut, ghostVars>>

(* A marked truncation is finished first; what it was to keep and was never  *)
(* fsynced may be gone.                                                      *)
Restart ==
    LET found == Scan(media)
        upto  == IF mark = {} THEN Len(found) ELSE Min2(Max(mark), Len(found))
    IN  /\ stage = "down"
        /\ log' = Prefix(found, upto)
        /\ cut' = upto
        /\ stage' = IF mark # {} \/ On("H12-start") THEN "files" ELSE "open"
        /\ UNCHANGED <<diskVars, ghostVars>>

-----------------------------------------------------------------------------
Crashes == \E kept \in Keeps : Crash(kept)

Next ==
    \/ \E branch \in Branches : WriteRecord(branch)
    \/ Fsync
    \/ \E branch \in Branches : MarkCut(branch)
    \/ \E f \in Files : DropFile(f)
    \/ RewriteCut
    \/ \E b \in Blocks : ZeroTail(b)
    \/ SyncCut
    \/ Unmark
    \/ Crashes
    \/ Restart

Spec == Init /\ [][Next]_vars

-----------------------------------------------------------------------------
(* R2: the log is one that a leader had. *)
NotSpliced == stage # "down" => \E branch \in Branches : IsPrefix(log, branch)

(* R3, LOG-5: what was fsynced, and not cut since, is there. *)
PromiseKept == stage # "down" => IsPrefix(promise, log)

(* RaftRedo's Survivors: a crash leaves a prefix of what was written; what   *)
(* was cut stays cut.                                                        *)
FoundWasWritten == stage # "down" => IsPrefix(log, had)

(* What is read is what was written. *)
ReadsBack == stage = "open" => Scan(Seen) = log

(* Nothing is written while a truncation is under way. *)
MarkedMeansCutting == stage = "open" => mark = {}
==============================================================================
