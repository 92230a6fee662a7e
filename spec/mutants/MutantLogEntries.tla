-------------------------- MODULE MutantLogEntries --------------------------
(* Plausible errors in making entries: each replaces one definition of       *)
(* LogEntries, in a .cfg.                                                    *)
EXTENDS MCLogEntries

OpenAndFilled ==
    Cardinality({l \in (MetaBelow(Len(buffer)) + 1)..Len(buffer) : IsFilled(l)})

AckWhenDurable(m) ==
    /\ m \in (Commits \cap finished) \ answered
    /\ EndOf(m) <= durable
    /\ answered' = answered \cup {m}
    /\ UNCHANGED <<buffer, finished, written, durable>>
=============================================================================
