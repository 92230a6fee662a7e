------------------------------- MODULE Probe -------------------------------
(* One small module that can be made to go wrong in each way TLC reports.    *)
EXTENDS Integers, TLC, Sequences
CONSTANTS Kind, Node
ASSUME Kind # "assume"
VARIABLES x, log
vars == <<x, log>>

Entry(v) == [term |-> v, kind |-> "me\"ta", seen |-> {1, v}, by |-> [n \in Node |-> v > 1]]

Init ==
    /\ x \in (IF Kind = "noinit" THEN {} ELSE {0})
    /\ log = [n \in Node |-> IF Kind = "initerr" THEN <<1>>[2] ELSE <<>>]
    /\ TLCSet(7, FALSE)

Inc ==
    /\ x < 3
    /\ x' = x + 1
    /\ \E n \in Node : log' = [log EXCEPT ![n] = Append(@, IF Kind = "eval" /\ x = 2 THEN <<1>>[3] ELSE Entry(x'))]

Back == x = 3 /\ x' = 1 /\ log' = [n \in Node |-> <<>>]
Never == x > 10 /\ UNCHANGED vars
Next == Inc \/ (Kind = "loop" /\ Back) \/ Never
Spec == Init /\ [][Next]_vars
Fair == Spec /\ WF_vars(Next)

Small == x < 2
NotZero == x # 0
Asserted == x = 2 => Assert(FALSE, "boom")
Mixed == x = "a"
Long == PrintT([a |-> 1..3, aFieldWhoseNameIsReallyQuiteLong |-> <<"cccccccccccccccccccccccccccccccc", "ddddddddddddddddd">>, e |-> x])
Seen == IF x = 2 /\ ~TLCGet(7) THEN TLCSet(7, TRUE) /\ PrintT(<<"WITNESS", "Two">>) ELSE TRUE
StepsByTwo == [][x' = x + 2]_vars
StartsAtOne == x = 1
ReachesFive == <>(x = 5)
ReachesThree == <>(x = 3)
OneLeadsToNine == (x = 1) ~> (x = 9)
=============================================================================
