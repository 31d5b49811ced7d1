"""Ids of checkpoints, tasks and questions.

They follow from what came before, so that a step that is run again after a crash asks under the same ids and hands the
same idempotency keys to the outside; only the start of a turn draws a new one.
"""

import time
from hashlib import blake2b
from itertools import count
from os import urandom

_process = urandom(5).hex()
_numbers = count()


def new_id() -> str:
    """Return 32 hex characters, unique, and later ones of one process sort after earlier ones."""
    return f"{time.time_ns():016x}{next(_numbers) & 0xFFFFFF:06x}{_process}"


def derive_id(*parts: str) -> str:
    """Return 32 hex characters that depend on the parts and nothing else."""
    return blake2b("\x1f".join(parts).encode(errors="surrogatepass"), digest_size=16).hexdigest()
