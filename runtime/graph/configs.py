"""What a call's config says: in LangChain's form, as LangGraph reads it."""

from typing import Any, Final

from runtime.types import Config

PLACE: Final = frozenset({"thread_id", "checkpoint_id", "checkpoint_ns", "checkpoint_map"})
"""Keys of `configurable` that say which checkpoint is meant."""


def thread_id_of(config: Config) -> str:
    """Return the thread that is meant. Raises `ValueError` where none is."""
    configurable = config.get("configurable", {})
    thread_id = configurable.get("thread_id")
    if thread_id is None or not str(thread_id):
        raise ValueError("a graph with a checkpointer needs config={'configurable': {'thread_id': …}}")
    return str(thread_id)


def merged(config: Config | None, more: Config | None) -> Config:
    """Return both configs in one; of what both say, the second counts. Dicts and lists are put together."""
    both = {**(config or {}), **(more or {})}
    for key in ("configurable", "metadata"):
        if config and more and key in config and key in more:
            both[key] = {**config[key], **more[key]}
    for key in ("tags", "callbacks"):
        if config and more and isinstance(config.get(key), list) and isinstance(more.get(key), list):
            both[key] = [*config[key], *more[key]]
    return both


def metadata_of(config: Config) -> dict[str, Any]:
    """Return what the caller wants noted with each checkpoint: metadata, and the plain values of `configurable`."""
    plain, place = (str, int, float), config.get("configurable", {})
    said = {key: value for key, value in place.items() if key not in PLACE and isinstance(value, plain)}
    said |= config.get("metadata") or {}
    return {key: value for key, value in said.items() if not key.startswith("__") and key not in PLACE} if said else {}
