------------------------ MODULE MutantStorageShutdown ------------------------
(* Plausible errors in a clean shutdown and the start behind it, most of     *)
(* them what a stock server does: each replaces one definition, in a .cfg.   *)
EXTENDS MCStorageShutdown

(* The last flush writes all pages: the log is durable, so why not? *)
FlushAll(p) ==
    /\ stage = "stopping"
    /\ durable = Len(log)
    /\ p \in Dirty
    /\ disk' = [disk EXCEPT ![p] = buffer[p]]
    /\ UNCHANGED <<logVars, poolVars, oldest, checkpoint, stage>>

(* No page is dirty and the log is durable: nothing will be to recover. *)
CheckpointAtEnd ==
    /\ stage = "stopping"
    /\ durable = Len(log) /\ applied = Len(log)
    /\ Dirty = {}
    /\ checkpoint < Len(log)
    /\ checkpoint' = Len(log)
    /\ UNCHANGED <<logVars, poolVars, oldest, disk, stage>>

(* It ends when it leaves nothing to recover. *)
EndWhenClean ==
    /\ stage = "stopping"
    /\ Len(log) \in Ends(log)
    /\ durable = Len(log)
    /\ Dirty = {} /\ checkpoint = Len(log)
    /\ Crash(Len(log))
    /\ stage' = "stopped"

(* It leads no more from the order to stop on. *)
StepDownToStop ==
    /\ stage = "up"
    /\ stage' = "stopping"
    /\ serving' = 0
    /\ UNCHANGED <<logVars, applied, buffer, copy, diskVars>>

(* It was stopped cleanly: what it has in its log, it has in its pages.      *)
StartTrusting ==
    /\ stage = "stopped"
    /\ stage' = "up"
    /\ applied' = Len(log)
    /\ UNCHANGED <<logVars, serving, buffer, copy, diskVars>>

(* It counts what it wrote last as committed: nobody has objected.           *)
StartKnowing ==
    /\ stage = "stopped"
    /\ stage' = "up"
    /\ known' = Len(log)
    /\ UNCHANGED <<committed, log, durable, settled, peer, poolVars, diskVars>>
==============================================================================
