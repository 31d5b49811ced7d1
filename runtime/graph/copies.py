"""A thread copied as it stood before a question was answered: what it takes to answer differently, somewhere else.

The copy is a thread of its own with the log of the original up to there, as one entry. Its tasks have what they had:
earlier answers, results of `once()`, finished siblings; and the question is open. The original does not change.
"""

import time
from contextlib import suppress

from runtime.codec.process import CODEC
from runtime.engine.stored import FORMAT
from runtime.engine.thread import Thread
from runtime.errors import StaleHeadError
from runtime.store import CheckpointStore


async def copy_before_answer(store: CheckpointStore, thread_id: str, question_id: str, to: str) -> bool:
    """Copy a thread to the id `to`, up to the last moment at which the question was pending. Doing it twice is once.

    False when the question was never pending there. Raises `StoreError`.
    """
    entries = (await store.load(thread_id, whole=True)).entries
    replayed, last = Thread(), 0
    for number, entry in enumerate(entries, start=1):
        for operation in CODEC.decode(entry)[1]:
            replayed.apply(operation)
        if question_id in replayed.pending_questions():
            last = number
    if not last:
        return False
    operations = [operation for entry in entries[:last] for operation in CODEC.decode(entry)[1]]
    with suppress(StaleHeadError):  # copied before
        await store.append(to, 0, CODEC.encode([FORMAT, operations, time.time_ns()]))
    return True
