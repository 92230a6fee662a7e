---------------------------- MODULE StorageShutdown ---------------------------
(***************************************************************************)
(* What it describes.  A data node that is stopped cleanly, and started     *)
(* again, on top of StorageLimits: it takes no more writes, closes its      *)
(* entry, makes its log durable, writes the pages and raises the checkpoint *)
(* that the limits allow, and ends.  It may crash at any moment of that.    *)
(*                                                                         *)
(*    BeginShutdown   no write, no apply, nothing from others from here on  *)
(*    NodeFlush...    pages, as ever: within LIM-2 and H33                 *)
(*    NodeCheckpoints the checkpoint, as ever: within LIM-1                *)
(*    EndShutdown     the whole log is durable; pages may still be dirty   *)
(*    Start           at the checkpoint, with nothing applied (ST-1)       *)
(*                                                                         *)
(* A stock server goes further: it writes all pages, puts the checkpoint at *)
(* the end of the log, and takes a log that ends there for recovered.  Here *)
(* the tail of the log may be overruled while the node is away, so a clean  *)
(* shutdown is a crash that loses nothing: EndShutdown refines Crash, all   *)
(* else refines what it is called after (RefinesStorageLimits).  It does    *)
(* not wait for a majority either: a shutdown ends without a quorum.        *)
(*                                                                         *)
(* What it simplifies.  As StorageLimits.  A node that is stopping may      *)
(* learn the majority LSN still.  One that went on receiving might never    *)
(* end: log would come, and be cut, for ever.                               *)
(*                                                                         *)
(* How to break it.  The mutants of spec/mutants/MutantStorageShutdown:     *)
(* a shutdown that writes all pages, one that puts the checkpoint at the    *)
(* end, one that waits for both, a leader that steps down in order to stop, *)
(* and a start that trusts what a shutdown has left.                        *)
(***************************************************************************)
EXTENDS StorageLimits

VARIABLE stage  \* "up"; "stopping" from the order to stop; "stopped"

shutdownVars == <<vars, stage>>

ShutdownInit == Init /\ stage = "up"

-----------------------------------------------------------------------------
(* What goes on in a stage, and leaves it. *)
While(stages) == stage \in stages /\ UNCHANGED stage
Running == {"up", "stopping"}
Always == {"up", "stopping", "stopped"}

NodeCommittedGrows(t, ks) == While(Always) /\ CommittedGrows(t, ks)
NodePeerGains == While(Always) /\ PeerGainsSome

NodeFsyncs == While(Running) /\ Fsyncs
NodeLearns == While(Running) /\ Learns
NodeCloseEntry == While(Running) /\ CloseEntry
NodeFlushList(p) == While(Running) /\ FlushList(p)
NodeFlushLru(p) == While(Running) /\ FlushLru(p)
NodeFlushSingle(p) == While(Running) /\ FlushSingle(p)
NodeTakeCopy(p) == While(Running) /\ TakeCopy(p)
NodeFlushCopy(p) == While(Running) /\ FlushCopy(p)
NodeCheckpoints == While(Running) /\ Checkpoints
NodeDeletes == While(Running) /\ Deletes

NodeReceive(t, ks) == While({"up"}) /\ Receive(t, ks)
NodeTruncates == While({"up"}) /\ Truncates
NodeStartServing == While({"up"}) /\ StartServing
NodeWriteMtr(k) == While({"up"}) /\ WriteMtr(k)
NodeApplies == While({"up"}) /\ Applies
NodeSeeds == While({"up"}) /\ Seeds

-----------------------------------------------------------------------------
(* A leader that stops goes on leading until it ends: its pages have what it *)
(* has written, and nobody reads them (H13).                                 *)
BeginShutdown ==
    /\ stage = "up"
    /\ stage' = "stopping"
    /\ UNCHANGED vars

(* Pages that may not be written yet do not hold it up: redo has them. *)
EndShutdown ==
    /\ stage = "stopping"
    /\ Len(log) \in Ends(log)
    /\ durable = Len(log)
    /\ Crash(Len(log))
    /\ stage' = "stopped"

(* ST-1: as after a crash. *)
Start ==
    /\ stage = "stopped"
    /\ stage' = "up"
    /\ UNCHANGED vars

NodeCrashes ==
    /\ stage \in Running
    /\ Crashes
    /\ stage' = "up"

ShutdownNext ==
    \/ \E t \in Terms, ks \in Entries : NodeCommittedGrows(t, ks)
    \/ \E t \in Terms, ks \in Entries : NodeReceive(t, ks)
    \/ NodePeerGains
    \/ NodeFsyncs
    \/ NodeLearns
    \/ NodeTruncates
    \/ NodeStartServing
    \/ \E k \in Kinds : NodeWriteMtr(k)
    \/ NodeCloseEntry
    \/ NodeCrashes
    \/ NodeApplies
    \/ \E p \in Pages : NodeFlushList(p)
    \/ \E p \in Pages : NodeFlushLru(p)
    \/ \E p \in Pages : NodeFlushSingle(p)
    \/ \E p \in Pages : NodeTakeCopy(p)
    \/ \E p \in Pages : NodeFlushCopy(p)
    \/ NodeCheckpoints
    \/ NodeDeletes
    \/ NodeSeeds
    \/ BeginShutdown
    \/ EndShutdown
    \/ Start

(* Fairness: the log writer, the closer of entries and the thread that shuts *)
(* down go on when they can; nobody else needs to, and no majority does.     *)
ShutdownFair ==
    /\ WF_shutdownVars(NodeFsyncs)
    /\ WF_shutdownVars(NodeCloseEntry)
    /\ WF_shutdownVars(EndShutdown)

ShutdownSpec == ShutdownInit /\ [][ShutdownNext]_shutdownVars
FairShutdownSpec == ShutdownSpec /\ ShutdownFair

-----------------------------------------------------------------------------
StageOK == stage \in Always

(* What a clean shutdown leaves: whole entries, all durable. *)
StoppedIsWhole ==
    stage = "stopped" => durable = Len(log) /\ Len(log) \in Ends(log) /\ serving = 0

ShutdownEnds == stage = "stopping" ~> stage # "stopping"

RefinesStorageLimits == Spec
===============================================================================
