"""The program: reads settings and agents, wires `handlers` to `runtime`, serves Slack, and plays Slack for `andon demo`."""
