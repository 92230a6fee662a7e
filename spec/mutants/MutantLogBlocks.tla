-------------------------- MODULE MutantLogBlocks ---------------------------
(* Plausible errors of the log's files, and of the world: each replaces one  *)
(* definition of LogBlocks, in a .cfg.                                       *)
EXTENDS MCLogBlocks

(* A block whose write did not reach the disk is not what it was either.     *)
LandedOrTorn(kept) ==
    [b \in Blocks |->
        LET of == {i \in kept : pending[i].block = b}
        IN  IF of # {} THEN pending[Max(of)].content
            ELSE IF \E i \in DOMAIN pending : pending[i].block = b THEN <<>>
            ELSE media[b]]

(* Record by record over all blocks, whatever is missing between. *)
RECURSIVE AllOf(_, _, _)
AllOf(disk, s, b) ==
    IF b \notin Blocks THEN s
    ELSE AllOf(disk, s \o SelectSeq(disk[b], LAMBDA t : Follows(s, t)), b + 1)
ScanOfAllBlocks(disk) == AllOf(disk, <<>>, 1)

FsyncNewestFile ==
    LET newest == FileOf(BlockOf(Len(log)))
    IN  /\ stage = "open"
        /\ pending # <<>>
        /\ media' = [b \in Blocks |-> IF FileOf(b) = newest THEN Seen[b] ELSE media[b]]
        /\ pending' = SelectSeq(pending, LAMBDA w : FileOf(w.block) # newest)
        /\ promise' = log
        /\ UNCHANGED <<log, mark, stage, cut, had>>
=============================================================================
