-------------------------- MODULE MarkerIsEnough --------------------------
(* The mutant of docs/tutorial.md: a leader that has its own term marker on *)
(* disk counts acknowledgements of older entries too.                      *)
EXTENDS MCRaftRedo

AdvanceAfterMarker(n, l) ==
    /\ role[n] = "leader"
    /\ l > known[n]
    /\ IsEnd(log[n], l)
    /\ IsQuorum(Holders(n, l))
    /\ TermAt(log[n], durable[n]) = term[n]
    /\ known' = [known EXCEPT ![n] = l]
    /\ leaderKnown' = [leaderKnown EXCEPT ![term[n]] = l]
    /\ UNCHANGED <<term, votedFor, role, log, durable, agreed,
                   candidacies, votes, leaderLog, acked, acknowledged>>
    /\ Settle(n)
===========================================================================
