"""The specification, compiled: TLA+ through SANY's semantic tree, evaluated and stepped in process.

| module     | what                                                                      |
|------------|---------------------------------------------------------------------------|
| `sany`     | runs SANY's XML exporter, or takes its answer from the cache              |
| `tree`     | the typed tree of modules, operators and expressions                      |
| `values`   | TLA+ values as hashable Python values                                     |
| `runtime`, `library` | what compiled code calls: the language, the standard modules    |
| `bindings` | what a name stands for: constants, overrides, INSTANCE                    |
| `levels`   | which expressions read the state, which the next one, which assign        |
| `compiler`, `expressions`, `setforms`, `actions` | from the tree to Python            |
| `spec`     | `load`: initial states, successors, invariants                            |
| `explore`  | breadth first search                                                      |
"""
