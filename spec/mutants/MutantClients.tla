--------------------------- MODULE MutantClients ---------------------------
(* Plausible errors in what clients are told; each .cfg puts one of these   *)
(* in the place of a definition of Clients.                                 *)
EXTENDS MCClients

(* A leader's lease runs from when the answer came. *)
SinceAnswered(n) == 0

(* A leader counts itself as confirmed by what it was told before the read. *)
ConfirmedBefore(o) == TRUE

(* A follower shows all that it has received. *)
ShowsReceived(o) == Len(log[history[o].node])

(* A follower with the leader's index shows what it happens to know. *)
ShowsAtOnce(o) ==
    LET n == history[o].node IN IF n = history[o].leader THEN known[n] ELSE Min2(known[n], 1)

(* Whoever has ever led may answer. *)
EverLed(n) == term[n] > 0

(* A write that nobody answers is reported as done: the client is content. *)
Optimist == "ok"

(* A new leader is anyone that is up, whatever its log. *)
AnyoneElected(n) ==
    /\ MayElect(n, newest + 1)
    /\ role[n] # "leader"
    /\ newest' = newest + 1
    /\ role' = [role EXCEPT ![n] = "leader"]
    /\ term' = [term EXCEPT ![n] = newest + 1]
    /\ log' = [log EXCEPT ![n] = Append(@, [term |-> newest + 1, op |-> 0])]
    /\ age' = [age EXCEPT ![n] = Lease]
    /\ probe' = [probe EXCEPT ![n] = Lease]
    /\ heard' = [heard EXCEPT ![n] = FALSE]
    /\ UNCHANGED <<committed, known, disk, history, rest, drift>>

(* A session is forgotten with every read. *)
SeenByWrites(c) == 0

(* The majority LSN is the end of the leader's log as soon as it is sent. *)
LearnAtOnce(n) ==
    /\ role[n] = "leader"
    /\ known[n] < Len(log[n])
    /\ known' = [known EXCEPT ![n] = Len(log[n])]
    /\ UNCHANGED <<committed, newest, log, role, term, disk, history, clockVars>>
=============================================================================
