"""Campaigns of simulated runs that the specification judges, led by what of it they have not reached yet.

plan      an example, as numbers           seen      what of the specification a run has reached
example   simulate one plan and judge it   guide     which plan to try next
campaign  many of them                     pools     where they run: here, in processes, on Dask
shrink    a finding made small             finding   a finding as a file
"""
