"""Disks: files that keep what was fsynced, and lose what was not.

file    what a file can do                    state   term and vote, beside the log (LOG-12, H9)
memory  a disk in memory that can crash       real    files of the operating system
"""
