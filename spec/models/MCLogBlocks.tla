---------------------------- MODULE MCLogBlocks -----------------------------
(* The bounds of the LogBlocks models, and what they must reach.            *)
EXTENDS LogBlocks, TLC

ASSUME Off \subseteq BlockRules

(* Leaders of terms 2 and 3: the second has more of term 1, so that what    *)
(* the first wrote is of a newer term than what replaces it.                *)
ThreeBlocks == {<<1, 2, 2, 2, 2, 2>>, <<1, 1, 1, 1, 1, 3>>}
TwoBlocks == {<<1, 2, 2, 2>>, <<1, 1, 1, 3>>}

(* A drive that keeps the order of writes. *)
KeepsInOrder == {1..k : k \in 0..Len(pending)}
-----------------------------------------------------------------------------
Registers == 1..4
MCInit == Init /\ \A k \in Registers : TLCSet(k, FALSE)

Sees(k, name, reached) ==
    IF reached /\ ~TLCGet(k)
    THEN TLCSet(k, TRUE) /\ PrintT(<<"WITNESS", name>>) ELSE TRUE

SeesHole ==             \* a right block behind the end of what a scan finds
    Sees(1, "Hole", stage = "down" /\ \E b \in Blocks : b > CutBlock(Len(Scan(media))) /\ media[b] # <<>>)
SeesInterrupted ==      \* a truncation that a crash cut short
    Sees(2, "CutInterrupted", stage = "down" /\ mark # {})
SeesOverwritten ==      \* the second branch is written over the first
    Sees(3, "Overwritten", stage = "open" /\ pending = <<>> /\ Len(log) > 1 /\ log[2] = 1 /\ promise = log)
SeesShortOfMark ==      \* a marked truncation finds less than it was to keep
    Sees(4, "ShortOfMark", stage = "down" /\ mark # {} /\ Len(Scan(media)) < Max(mark))
=============================================================================
