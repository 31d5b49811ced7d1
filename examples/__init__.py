"""Five agents to try in Slack and to copy from. None needs a key or a network; `andon.toml` names them."""
