------------------------- MODULE MCStorageLockstep --------------------------
(* Everybody takes his turn: a mtr is written, its entry closed, the cleaner *)
(* has its turn, and the majority LSN reaches what was closed the round      *)
(* before.  It is always behind the writers, and never far: what fills the   *)
(* log here fills it for want of a page that could have been written.        *)
EXTENDS MCStorageSpace, Sequences

VARIABLES turn, sent
Turns == <<"write", "close", "clean", "checkpoint", "follow", "delete", "majority">>

LockInit == MCInit /\ turn = 1 /\ sent = 0

OrNothing(A) == A \/ (~ENABLED A /\ UNCHANGED vars)

Clean ==
    \/ FlushCopy
    \/ (~ENABLED FlushCopy /\ FlushPage)
    \/ (~ENABLED FlushCopy /\ ~ENABLED FlushPage /\ OrNothing(TakeCopy))

(* The majority LSN goes to the end of the round before. *)
Reaches ==
    IF sent > majority
    THEN majority' = sent /\ UNCHANGED <<end, closed, checkpoint, pageVars, nodeVars>>
    ELSE UNCHANGED vars

LockStep ==
    /\ turn' = (turn % Len(Turns)) + 1
    /\ CASE Turns[turn] = "write" -> OrNothing(WriteMtr)
         [] Turns[turn] = "close" -> OrNothing(CloseEntry)
         [] Turns[turn] = "clean" -> Clean
         [] Turns[turn] = "checkpoint" -> OrNothing(Checkpoint)
         [] Turns[turn] = "follow" -> OrNothing(FollowerGains)
         [] Turns[turn] = "delete" -> OrNothing(DeleteRedo)
         [] Turns[turn] = "majority" -> Reaches
    /\ sent' = IF Turns[turn] = "majority" THEN closed
               ELSE IF end' < end THEN sent - (end - end') ELSE sent
=============================================================================
