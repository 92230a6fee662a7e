"""The redo log on bytes: records, mini-transactions, blocks, the scan, and the log that Raft sees.

lsn      positions: SN counts data, LSN counts blocks too
packed   InnoDB's compressed integers
record   one record                         mtr    runs of records that hold or fall together (LOG-1)
block    512 bytes with a checksum          entry  what a meta record closes (LOG-2)
header   the start of the file              scan   what a file holds (ST-2)
cut      the end of the file made clean (H12)
index    where mtrs and entries end         log    RedoLog, which implements `redoraft.raft.port.LogPort`
"""
