------------------------- MODULE MCStorageLockstep --------------------------
(* Everybody takes his turn: a mtr is written, its entry closed, the cleaner *)
(* looks at the page, and the majority LSN reaches what was closed the round *)
(* before.  It is always behind the writers, and never far: what fills the   *)
(* log here fills it for want of a page that could have been written.        *)
EXTENDS MCStorageSpace

VARIABLES
    turn,   \* whose turn it is
    sent    \* what was closed when the majority had its last turn

LockInit == MCInit /\ turn = 1 /\ sent = 0

(* Redo deletion moves LSNs down; it takes place in its own turn only.       *)
Passes ==
    /\ turn' = (turn % 7) + 1
    /\ sent' = IF turn = 7 THEN closed
               ELSE IF end' < end THEN sent - (end - end') ELSE sent

OrNothing(A) == A \/ (~ENABLED A /\ UNCHANGED vars)

Clean ==
    \/ FlushCopy
    \/ ~ENABLED FlushCopy /\ FlushPage
    \/ ~ENABLED FlushCopy /\ ~ENABLED FlushPage /\ OrNothing(TakeCopy)

Reach ==
    IF sent > majority
    THEN majority' = sent /\ UNCHANGED <<end, closed, checkpoint, pageVars, nodeVars>>
    ELSE UNCHANGED vars

WritersTurn == turn = 1 /\ OrNothing(WriteMtr) /\ Passes
ClosersTurn == turn = 2 /\ OrNothing(CloseEntry) /\ Passes
CleanersTurn == turn = 3 /\ Clean /\ Passes
CheckpointersTurn == turn = 4 /\ OrNothing(Checkpoint) /\ Passes
FollowersTurn == turn = 5 /\ OrNothing(FollowerGains) /\ Passes
PurgersTurn == turn = 6 /\ OrNothing(DeleteRedo) /\ Passes
MajoritysTurn == turn = 7 /\ Reach /\ Passes

LockStep ==
    \/ WritersTurn
    \/ ClosersTurn
    \/ CleanersTurn
    \/ CheckpointersTurn
    \/ FollowersTurn
    \/ PurgersTurn
    \/ MajoritysTurn
=============================================================================
