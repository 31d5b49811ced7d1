"""What a model is to read: a conversation, with what a program puts in front of it or makes of it."""

import inspect
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, TypeAlias

from runtime.engine.injected import injected as values_of
from runtime.engine.interrupts import require_context
from runtime.graph.nodes import called, injected
from runtime.messages import Message, as_message
from runtime.prebuilt.tool_calls import messages_of

Prompt: TypeAlias = str | Mapping[str, Any] | Callable[..., Any] | Any
"""A text or message to begin every conversation with; or from the state to the messages for the model, a function
(which may ask for `config`, `store`, `runtime` and `writer`, too) or a runnable of LangChain's."""


def prompting(prompt: Prompt | None) -> Callable[[Any], Awaitable[list[Any]]]:
    """Return how to make of a state what the model reads."""
    if callable(prompt) or hasattr(prompt, "ainvoke"):
        return _made(called(prompt))
    first = [] if prompt is None else [_system(prompt)]

    async def read(state: Any) -> list[Any]:
        return [*first, *messages_of(state)]

    return read


def _system(prompt: Any) -> Any:
    return Message(type="system", content=prompt) if isinstance(prompt, str) else as_message(prompt)


def _made(make: Callable[..., Any]) -> Callable[[Any], Awaitable[list[Any]]]:
    asks = injected(make)

    async def read(state: Any) -> list[Any]:
        made = make(state, **values_of(require_context("the prompt"), asks))
        made = await made if inspect.isawaitable(made) else made
        if hasattr(made, "ainvoke"):  # LangChain makes a template of a message and a list
            made = await made.ainvoke(state)
        if hasattr(made, "to_messages"):  # LangChain's prompt values
            made = made.to_messages()
        return [as_message(one) for one in ([made] if isinstance(made, str) else made)]

    return read
