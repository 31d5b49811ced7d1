"""The program: reads settings and agents, wires `handlers` to `runtime`, serves Slack, plays Slack for `andon demo`."""
