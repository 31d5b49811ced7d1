"""Pictures of graphs, drawn in this process: no browser, no system binary, nothing sent anywhere to be drawn."""
