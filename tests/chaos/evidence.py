"""What is left when the dust has settled: the ledger, the graphs' states, the messages in Slack, the book of acts."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

from handlers.cards import words
from runtime.codec.process import CODEC
from runtime.requests.ledger import Ledger
from runtime.requests.records import Request, Thread, ThreadId, Turn, TurnStatus
from runtime.store import Document, Log, Store
from tests.chaos.agent import acts, order_graph
from tests.chaos.people import Crowd
from tests.office import Json, key_of, shown

PEOPLE = ("ana", "ben", "carla", "dan", "eve")


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """Everything the invariants are about."""

    threads: Sequence[Thread]
    turns: Sequence[Turn]
    requests: Sequence[Request]
    trail: Sequence[Document]
    taken: Mapping[str, Sequence[Any]]
    """By thread: `[question, answer]` for each committed step that used an answer."""
    unreadable: Mapping[str, str]
    """By thread: why its log cannot be read."""
    committed: Mapping[str, Sequence[str]]
    """By thread: what its log says was done, step by step, without times and ids."""
    messages: Mapping[str, Sequence[Json]]
    """By key: the bot's live messages."""
    acts: Sequence[Json]
    """What was done outside: `key`, `asked`, `answer`."""
    apologies: Mapping[str, int]
    """By person: how often they were told that something did not work."""
    crowd: Crowd

    def thread_of(self, request: Request) -> Thread:
        return next(thread for thread in self.threads if thread.id == request.thread_id)

    def turn_of(self, request: Request) -> Turn:
        return next(turn for turn in self.turns if turn.id == request.turn_id)

    def noted(self, what: str, **about: str) -> list[Document]:
        """Entries of the trail of this kind, about this."""
        return [
            entry for entry in self.trail if entry["what"] == what and all(entry[key] == about[key] for key in about)
        ]


async def gather(store: Store, book: Path, crowd: Crowd) -> Evidence:
    """Look at everything. The Slack side is looked at last: it may only lag behind."""
    ledger = Ledger(store, CODEC)
    graph = order_graph(book).compile(checkpointer=store)
    threads = await ledger.threads()
    taken: dict[str, Sequence[Any]] = {}
    unreadable: dict[str, str] = {}
    for thread in threads:
        try:
            state = await graph.aget_state({"configurable": {"thread_id": thread.id}})
        except Exception as error:  # noqa: BLE001 - whatever it is, it is found out and told
            unreadable[thread.id] = repr(error)
        else:
            taken[thread.id] = state.values.get("taken", [])
    return Evidence(
        threads=threads,
        turns=[turn for thread in threads for turn in await ledger.turns(thread.id, *TurnStatus)],
        requests=[request for thread in threads for request in await ledger.requests(thread.id)],
        trail=[entry for thread_id in ("", *taken, *unreadable) for entry in await ledger.trail(ThreadId(thread_id))],
        taken=taken,
        unreadable=unreadable,
        committed={thread.id: _steps(await store.load(thread.id, whole=True)) for thread in threads},
        messages=_by_key(crowd.sandbox.messages(crowd.channel)),
        acts=acts(book),
        apologies={crowd.sandbox.person(name).id: _apologies(crowd, name) for name in PEOPLE},
        crowd=crowd,
    )


def _steps(log: Log) -> list[str]:
    """What is in a log: steps, by their numbers, and what became of each of their tasks."""
    operations = chain.from_iterable(CODEC.decode(entry)[1] for entry in log.entries)
    return [repr((kind, ns, more[1] if kind == "c" else more)) for kind, ns, *more in operations]


def _apologies(crowd: Crowd, name: str) -> int:
    return sum(words.TRY_AGAIN in shown(message) for message in crowd.sandbox.messages(f"@{name}"))


def _by_key(messages: Sequence[Json]) -> dict[str, list[Json]]:
    found: dict[str, list[Json]] = {}
    for message in messages:
        if message.get("bot_id"):
            found.setdefault(key_of(message), []).append(message)
    return found


def same(*values: object) -> str:
    """Values as one text, so that they can be counted and compared."""
    return json.dumps(values, sort_keys=True)
