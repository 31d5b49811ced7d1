"""Making very many objects at once without setting off the collector of cycles.

Thousands of new objects in a row make Python look through everything the process holds, which takes tens of
milliseconds in a large one, and stands still for all of them. What is decoded has no cycles to be found.
"""

import gc
from collections.abc import Iterator
from contextlib import contextmanager

MANY_BYTES = 64 * 1024
"""What is made of fewer bytes is too little to set it off."""


@contextmanager
def uncollected() -> Iterator[None]:
    """Switch the collector off for as long as that takes, unless the program has done so itself.

    Of two threads that are here at once, the one that is out first switches it on again, which does no harm.
    """
    if not gc.isenabled():
        yield
        return
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
