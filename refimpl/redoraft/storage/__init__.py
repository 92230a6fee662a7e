"""Pages under the limits of the replicated redo log: what may be written to disk, and when.

page         16 KiB with LSN and checksum        files      the data files, a page at a time
doublewrite  torn pages are repaired (TORN-1)    pool       frames, LRU list, flush list
apply        redo onto one page                  engine     Storage: apply, flush, checkpoint, truncate
bulk         pages loaded in bulk (H21)          seed       a copy for another node (H24)
port         the log and the checkpoint, as all of this sees them
rules        one method a rule                   mutants    one rule taken out

rows stands on top of that: rows of a fixed size, transactions with undo in pages, rollback by a new leader
(H30), purge (H23).
"""
