"""What a run shows while it goes: the chunks of each stream mode, and the reader that takes them."""
