"""The redo log on bytes: records, mini-transactions, blocks, the scan, and the log that Raft sees.

lsn      positions: SN counts data, LSN counts blocks too
packed   InnoDB's compressed integers
record, file_record  one record             mtr    runs of records that hold or fall together (LOG-1)
block    512 bytes with a checksum          entry  what a meta record closes (LOG-2)
header   the start of a file                files  the files `#ib_redoN` as one run of blocks
scan     what the files hold (ST-2)         cut    the log made to end at an LSN (H12)
index    where mtrs and entries end         locate index -> LSN by cache, by file, by scan (LOG-3)
checkpoint  two slots in each file          log    RedoLog, which implements `redoraft.raft.port.LogPort`
buffer   mtrs that finish out of order (H29)   group_commit  one fsync for many (BIN-4)
copying  a part of a log as another node's (H24)
sender   entry cache and read-ahead (LOG-4, LOG-7)   per_record  LOG-10's alternative, measured only
rules    one method a rule                  mutants  logs without one
"""
