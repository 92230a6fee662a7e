"""A whole cluster in one process: virtual time, one seed, every fault.

agenda     what happens when, in virtual milliseconds     faults     which faults there are
network    what becomes of a message                      weather    when they strike
host       a machine: its disk, and a node if it runs     clients    transactions
simulator  all of it together                             trace      a run written down
dice       where its decisions come from                  ending     what it must come to once healed
ledger     the committed log, kept beside the run             trio       a fixed run of three nodes
crashes    every crash of that run                        writers    clients that write
copies     who is seeded from whom (H24)
"""
