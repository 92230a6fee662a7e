"""DDL on a replicated log: CREATE, RENAME and DROP of a table, file by file and node by node.

names       what a table and its file may be called      dictionary  tables and DDL log, in pages
operations  MLOG_FILE_* done to the files of a node      node        start, apply, validation, readers
leader      the steps of a DDL, recover, promotion
rules       one method a rule                            mutants     one rule taken out
"""
