"""Disks: files that keep what was fsynced, and lose what was not.

memory  a disk in memory that can crash       real    files of the operating system
state   term and vote, beside the log (LOG-12, H9); what a file can do is `redoraft.files`
subsets which pending changes survive a crash
"""
