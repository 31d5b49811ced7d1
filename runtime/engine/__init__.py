"""Running a graph. `inputs` takes the call in, `supersteps` runs it, `execution` one task of it, `journal` keeps what
happened, `run` says when.

`frames` are the values all of them share, a `thread` is what they make up, `records` how they are written down, and
`interrupts` what nodes call.
"""
