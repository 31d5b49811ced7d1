"""Policy as data: who may answer, how many of them, until when. Pure, but for the directory that knows the people."""
