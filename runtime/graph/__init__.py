"""What programs build and call: `builder` makes a graph, `compiled` runs it; the rest reads, draws and rewinds it."""
