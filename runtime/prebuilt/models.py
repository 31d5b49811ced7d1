"""What may stand for a model, as one thing: from messages to a message."""

import inspect
from collections.abc import Awaitable, Callable, Sequence
from inspect import signature
from typing import Any, TypeAlias

from runtime.codec.process import CODEC
from runtime.engine.injected import get_runtime
from runtime.errors import InvalidGraphError, InvalidUpdateError
from runtime.graph.nodes import annotated_state, is_async
from runtime.messages import Message, as_message
from runtime.prebuilt.langchain import chat_model, chat_model_in, named_model
from runtime.prebuilt.tools import Tool, without_blocking
from runtime.types import Config

Model: TypeAlias = Callable[[list[Any], list[Tool]], Any] | str | Any
"""A sync or async function from messages and tools to a message, a LangChain chat model, or `"provider:name"`."""
Form: TypeAlias = type | dict[str, Any] | tuple[str, type | dict[str, Any]]
"""A pydantic model, a TypedDict or a JSON Schema, alone or with instructions of how to fill it in."""
Ask: TypeAlias = Callable[[list[Any], Config, Any], Awaitable[Any]]
"""From messages, the run's config and the state to what the model says."""


def asking(model: Model, tools: Sequence[Tool | dict[str, Any]]) -> Ask:
    """Return how to ask a model that knows these tools. Raises `InvalidGraphError` for what is no model."""
    if isinstance(model, str):
        model = named_model(model)
    if hasattr(model, "ainvoke"):
        return _without_state(chat_model(model, tools))
    if _chooses(model):
        return _chosen(model, lambda chosen: asking(chosen, () if hasattr(chosen, "ainvoke") else tools))
    if callable(model):
        return _function(model, list(tools))
    raise InvalidGraphError(
        f"{type(model).__name__} is no model: give a function from messages and tools to a message,"
        ' a LangChain chat model, or "provider:name"'
    )


def _chooses(model: Any) -> bool:
    """Whether this is a function from the state and the runtime to a model."""
    names = [*signature(model).parameters, "", ""] if callable(model) else ["", ""]
    return names[0] == "state" or names[1] == "runtime" or annotated_state(model) is not None


def _without_state(ask: Callable[[list[Any], Config], Awaitable[Any]]) -> Ask:
    return lambda messages, config, _: ask(messages, config)


def _chosen(choose: Callable[..., Any], asked: Callable[[Model], Ask]) -> Ask:
    """Ask the model that a function from the state and the runtime chooses each time."""

    async def ask(messages: list[Any], config: Config, state: Any) -> Any:
        model = choose(state, get_runtime())
        model = await model if inspect.isawaitable(model) else model
        return await asked(model)(messages, config, state)

    return ask


def forming(model: Model, form: Form) -> Ask:
    """Return how to have a model say something in a form. Raises `InvalidGraphError` for one that cannot."""
    form = form[1] if isinstance(form, tuple) else form
    CODEC.register(form)
    if isinstance(model, str):
        model = named_model(model)
    if hasattr(model, "ainvoke") and hasattr(chat_model_in(model), "with_structured_output"):
        speaker = chat_model_in(model)
        return _without_state(lambda messages, config: speaker.with_structured_output(form).ainvoke(messages, config))
    if _chooses(model):
        return _chosen(model, lambda chosen: forming(chosen, form))
    raise InvalidGraphError("response_format needs a LangChain chat model: other models give their answer as they are")


def reply(said: Any) -> Any:
    """Return what a model said as its message; a text is one."""
    message = Message(type="ai", content=said) if isinstance(said, str) else as_message(said)
    if message.type not in {"ai", "AIMessageChunk"}:
        raise InvalidUpdateError(f"the model gave a {message.type!r} message; its own are of type 'ai'")
    return message


def _function(model: Callable[..., Any], tools: list[Tool | dict[str, Any]]) -> Ask:
    async def ask(messages: list[Any], _: Config, __: Any) -> Any:
        if is_async(model):
            return await model(messages, tools)
        said = await without_blocking(lambda: model(messages, tools))
        return await said if inspect.isawaitable(said) else said

    return ask
