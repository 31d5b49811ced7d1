"""Workflows as plain functions: `@entrypoint` makes a function durable, `@task` keeps what its steps returned.

A workflow is a graph of one node, which calls the function. Each call of a task is such a graph, too, below the node
that calls it: when the workflow runs again, with an answer or after a crash, calls that were over return what they
returned then, and calls that wait for an answer are asked about.
"""

import asyncio
import inspect
from collections.abc import Callable, Generator
from concurrent.futures import Future, ThreadPoolExecutor
from contextvars import copy_context
from dataclasses import replace
from functools import partial, update_wrapper, wraps
from typing import TYPE_CHECKING, Any, Final, Generic, ParamSpec, Protocol, TypeVar, cast, overload

from runtime.codec.process import CODEC
from runtime.engine import sync
from runtime.engine.cached import namespace_of
from runtime.engine.interrupts import require_context
from runtime.errors import InvalidGraphError
from runtime.graph.below import run_at
from runtime.graph.builder import StateGraph, renamed
from runtime.graph.nodes import hints_of, is_async, without_partial
from runtime.graph.policies import Policies, Retry, Timeout, limits_of, retries_of
from runtime.store import CheckpointStore
from runtime.types import START, CachePolicy
from runtime.workflows import Returned, Slots, Step, Workflow, arguments

if TYPE_CHECKING:
    from runtime.cache import BaseCache

P = ParamSpec("P")
T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class entrypoint:  # noqa: N801 - LangGraph's name
    """Make a durable workflow of a function: `@entrypoint(checkpointer=…)`.

    The function takes one input of any kind, and if its parameters name them: `previous` (what the last call on the
    thread returned, or saved with `entrypoint.final(value=…, save=…)`), `config`, `runtime`, `store` and `writer`. The
    result is called like a graph: `invoke`, `stream`, `get_state` and their async twins.
    """

    final = Returned

    def __init__(
        self,
        checkpointer: CheckpointStore | bool | None = None,
        store: Any = None,
        *,
        cache: "BaseCache | None" = None,
        context_schema: type | None = None,
        retry_policy: Retry = None,
        cache_policy: CachePolicy | None = None,
        timeout: Timeout = None,
        **older: Any,
    ) -> None:
        """`store` and `cache`: as of `StateGraph.compile`.

        `older`: `config_schema` and `retry`, as LangGraph once named `context_schema` and `retry_policy`.
        """
        self._context, retry = renamed(older, config_schema=context_schema, retry=retry_policy)
        self._policies = Policies(retry=retries_of(retry), timeout=limits_of(timeout), cache=cache_policy)
        self._kept_in = {"checkpointer": checkpointer, "store": store, "cache": cache}

    def __call__(self, function: Callable[..., Any]) -> Workflow:
        """Raises `InvalidGraphError` for a function that cannot be a workflow."""
        parameters = inspect.signature(function).parameters
        if not parameters or inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise InvalidGraphError(f"{function!r} cannot be a workflow: it takes one input, and returns its result")

        def run(state: Slots, **extras: Any) -> Any:
            if "previous" in parameters:
                extras["previous"] = state.get("saved")
            if "runtime" in extras:
                extras["runtime"] = extras["runtime"].override(previous=state.get("saved"))
            return function(state["given"], **extras)

        def given(state: Slots) -> Any:
            return (state["given"], state.get("saved")) if "previous" in parameters else state["given"]

        def result(returned: Any) -> Slots:
            if isinstance(returned, Returned):
                return {"value": returned.value, "saved": returned.save}
            return {"value": returned, "saved": returned}

        name = function.__name__
        policies = _keyed(self._policies, given, lambda policy, state: policy(state["given"]))
        graph = _graph(name, _then(function, run, result), policies, self._context)
        hints = hints_of(function)
        takes, returns = hints.get(next(iter(parameters)), Any), hints.get("return", Any)
        return Workflow(graph, takes=takes, returns=returns, **self._kept_in, name=name)


class Called(Protocol[T_co]):
    """A call of a task that is under way: sync code asks for its `result()`, async code awaits it."""

    def result(self) -> T_co:
        """Wait for it, and return what it returned. Raises what it raised."""

    def __await__(self) -> Generator[Any, None, T_co]:
        """Do so without blocking."""


class Task(Generic[P, T]):
    """A function whose results are kept by the workflow, or the node, that calls it."""

    def __init__(self, function: Callable[P, Any], name: str | None, policies: Policies) -> None:
        signature = inspect.signature(function)

        def run(_: Slots, **extras: Any) -> Any:
            args, kwargs = arguments.get()
            given = signature.bind_partial(*args, **kwargs).arguments
            return function(*args, **kwargs, **{key: extras[key] for key in extras if key not in given})

        own = without_partial(function)
        called: str = getattr(own, "__name__", type(own).__name__) if name is None else name
        policies = _keyed(policies, lambda _: arguments.get(), _key_of_arguments)
        graph = _graph(called, _then(function, run, lambda returned: {"value": returned}), policies)
        self._graph: Final = Step(graph, name=called)
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Called[T]:
        """Begin to run it. Raises `NoRunError` outside a workflow."""
        context = require_context(f"task {self._graph.name!r}")
        context.check_alive(f"task {self._graph.name!r}")
        ns, variables = context.next_call(self._graph.name), copy_context()
        variables.run(arguments.set, (args, kwargs))

        async def run() -> Any:
            return await run_at(self._graph, context, ns, {})

        call: asyncio.Task[Any] | Future[Any]
        if context.node.is_sync:
            thread = ThreadPoolExecutor(1)
            call = thread.submit(variables.run, sync.run, run)
            thread.shutdown(wait=False)
        else:
            call = asyncio.get_running_loop().create_task(run(), context=variables)
        context.begun.append(call)
        return cast("Called[T]", call)

    def clear_cache(self, cache: "BaseCache") -> None:
        """Forget what a cache has of it."""
        cache.clear([namespace_of(node) for node in self._graph.nodes.values()])

    async def aclear_cache(self, cache: "BaseCache") -> None:
        """Do what `clear_cache` does."""
        await cache.aclear([namespace_of(node) for node in self._graph.nodes.values()])


@overload
def task(function: Callable[P, Any], /) -> Task[P, Any]: ...
@overload
def task(
    *,
    name: str | None = None,
    retry_policy: Retry = None,
    cache_policy: CachePolicy | None = None,
    timeout: Timeout = None,
    **older: Any,
) -> Callable[[Callable[P, Any]], Task[P, Any]]: ...
def task(
    function: Callable[P, Any] | None = None,
    /,
    *,
    name: str | None = None,
    retry_policy: Retry = None,
    cache_policy: CachePolicy | None = None,
    timeout: Timeout = None,
    **older: Any,
) -> Task[P, Any] | Callable[[Callable[P, Any]], Task[P, Any]]:
    """Make a function a step of workflows: `@task`, or `@task(retry_policy=…)`.

    A call begins at once, beside others, and its result is asked for by `.result()`, in async code by `await`. What it
    returned is kept with the workflow, so it must be something that can be stored. `older`: `retry`.
    """
    (retry,) = renamed(older, retry=retry_policy)
    policies = Policies(retry=retries_of(retry), timeout=limits_of(timeout), cache=cache_policy)

    def decorated(function: Callable[P, Any]) -> Task[P, Any]:
        return Task(function, name, policies)

    return decorated if function is None else decorated(function)


def _keyed(policies: Policies, given: Callable[[Slots], Any], key: Callable[..., Any]) -> Policies:
    """Let a cache tell calls apart by what the function is given, not by the state that this comes in."""
    policy = policies.cache
    if policy is None:
        return policies
    func = given if policy.key_func is None else partial(key, policy.key_func)
    return replace(policies, cache=replace(policy, key_func=func))


def _key_of_arguments(key_func: Callable[..., Any], _: Slots) -> Any:
    args, kwargs = arguments.get()
    return key_func(*args, **kwargs)


def _graph(name: str, run: Callable[..., Any], policies: Policies, context: Any = None) -> StateGraph:
    CODEC.register(*hints_of(run).values())
    builder = StateGraph(Slots, context)
    builder.policies = policies
    builder.add_node(name, run, input_schema=Slots)
    return builder.add_edge(START, name)


def _then(like: Callable[..., Any], run: Callable[..., Any], result: Callable[[Any], Slots]) -> Callable[..., Any]:
    """Return a function, async where `like` is, that asks for the same parameters and returns what to write."""

    @wraps(like)
    def call(state: Slots, **extras: Any) -> Slots:
        return result(run(state, **extras))

    @wraps(like)
    async def acall(state: Slots, **extras: Any) -> Slots:
        return result(await run(state, **extras))

    return acall if is_async(like) else call
