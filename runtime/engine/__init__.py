"""Running a graph. `inputs` takes the call in, `supersteps` runs it, `journal` keeps what happened, `run` says when.

`frames` are the values all of them share; `interrupts` is what nodes call.
"""
