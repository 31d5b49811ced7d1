"""A compiled graph: what programs call. The engine does the running; here is what goes in and what comes out."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Generator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final, Literal, Unpack, cast

from runtime.engine import sync
from runtime.engine.interrupts import TaskContext
from runtime.graph.below import chunks_below, run_below
from runtime.graph.calls import chunks, whole
from runtime.graph.jsonschemas import schema_of_state
from runtime.graph.options import Options, is_live, is_whole
from runtime.graph.state import ROOT, Schema, Writes, copied
from runtime.graph.threads import GraphWithThreads
from runtime.types import Command, Config

if TYPE_CHECKING:
    from runtime.graph.drawing import Drawing

UNLIMITED: Final = 1_000  # levels of subgraphs


class CompiledGraph(GraphWithThreads):
    """A graph that can run. Made by `StateGraph.compile`."""

    async def ainvoke(self, input: Any, config: Config | None = None, **options: Unpack[Options]) -> Any:  # noqa: A002 - LangGraph's name
        """Run from `input` to the next pause or the end.

        `input` is a dict for the state, a `Command`, or None to continue. Returns the state; when the run has paused,
        the pending questions are in it as a list of `Interrupt` under `__interrupt__` (empty at a static breakpoint).
        With another `stream_mode` than `values`: the list of its chunks.
        """
        if not is_whole(options):
            return [chunk async for chunk in self.astream(input, config, **options)]
        if (context := self._caller(config)) is not None:
            return await self.run_below(context, input, options)
        return await whole(self, self._run(config, options, inline=False), input, options)

    def invoke(self, input: Any, config: Config | None = None, **options: Unpack[Options]) -> Any:  # noqa: A002
        """Do what `ainvoke` does, from sync code."""
        if not is_whole(options):
            return list(self.stream(input, config, **options))
        if (context := self._caller(config)) is not None:
            return sync.run(lambda: self.run_below(context, input, options))
        run = self._run(config, options, inline=True)
        return sync.run(lambda: whole(self, run, input, options))

    async def abatch(
        self,
        inputs: Sequence[Any],
        config: Config | Sequence[Config] | None = None,
        *,
        return_exceptions: bool = False,
        **options: Unpack[Options],
    ) -> list[Any]:
        """Run for each of the inputs, side by side or `max_concurrency` at a time; `config`: for all, or one for each.

        `return_exceptions`: what a call raises is in the place of its result, and the others go on.
        """
        configs = config if isinstance(config, Sequence) else [config] * len(inputs)
        limit = next((own["max_concurrency"] for own in configs if own and own.get("max_concurrency")), len(inputs))
        free = asyncio.Semaphore(limit)

        async def call(given: Any, own: Config | None) -> Any:
            async with free:
                return await self.ainvoke(given, own, **options)

        return await asyncio.gather(
            *(call(*pair) for pair in zip(inputs, configs, strict=True)), return_exceptions=return_exceptions
        )

    def batch(
        self,
        inputs: Sequence[Any],
        config: Config | Sequence[Config] | None = None,
        *,
        return_exceptions: bool = False,
        **options: Unpack[Options],
    ) -> list[Any]:
        """Do what `abatch` does, from sync code."""
        return sync.run(lambda: self.abatch(inputs, config, return_exceptions=return_exceptions, **options))

    def astream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        **options: Unpack[Options],
    ) -> AsyncGenerator[Any, None]:
        """Run like `ainvoke` and yield what happens while it happens.

        `values`: the state after each step. `updates`: `{node: what it wrote}` as each node finishes. `messages`:
        `(message, metadata)`, chat models' tokens and the messages that nodes write. `custom`: what nodes gave to
        `get_stream_writer()`. `tasks`: each task as it begins and as it comes to rest. `checkpoints`: what `get_state`
        would return, as dicts. `debug`: the last two with step and time.

        Questions come under `__interrupt__` as a tuple, which is empty at a static breakpoint. Several modes:
        `(mode, chunk)`; `subgraphs`: `(namespace, chunk)`, with the namespace a tuple, and chunks of subgraphs too.
        `version="v2"`: `{"type": mode, "ns": namespace, "data": chunk}`, and questions of `values` under `interrupts`.
        """
        if (context := self._caller(config)) is not None:
            return chunks_below(self, context, input, options)
        return chunks(self, self._run(config, options, inline=False), input, options)

    def stream(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        **options: Unpack[Options],
    ) -> Generator[Any, None, None]:
        """Do what `astream` does, from sync code."""
        if (context := self._caller(config)) is not None:
            return sync.iterate(lambda: chunks_below(self, context, input, options))
        run = self._run(config, options, inline=not is_live(options))
        return sync.iterate(lambda: chunks(self, run, input, options))

    def astream_events(
        self,
        input: Any,  # noqa: A002 - LangGraph's name
        config: Config | None = None,
        *,
        version: Literal["v1", "v2"] = "v2",
        **options: Any,
    ) -> AsyncIterator[Any]:
        """Run like `astream` and yield LangChain's events, of the models and tools in nodes too. Needs LangChain.

        `options`: those of `astream`, and LangChain's `include_names`, `exclude_tags` and the like.
        """
        from runtime.streams.langchain_events import AsRunnable  # noqa: PLC0415 - loads LangChain

        return AsRunnable(self).astream_events(input, cast("Any", config), version=version, **options)

    def get_graph(self, config: Config | None = None, *, xray: bool | int = False) -> "Drawing":  # noqa: ARG002 - LangGraph's
        """Return the graph as nodes and edges: `get_graph().draw_mermaid()` draws it.

        `xray`: with what is inside its subgraphs, so many levels deep or all the way.
        """
        from runtime.graph.drawing import drawing  # noqa: PLC0415 - drawing is rare, running is not

        return drawing(self, depth=UNLIMITED if xray is True else int(xray))

    async def aget_graph(self, config: Config | None = None, *, xray: bool | int = False) -> "Drawing":
        """Do what `get_graph` does, from async code."""
        return self.get_graph(config, xray=xray)

    def get_input_jsonschema(self, config: Config | None = None) -> dict[str, Any]:  # noqa: ARG002 - LangGraph's
        """Return the JSON Schema of what the graph takes."""
        return schema_of_state(self.input)

    def get_output_jsonschema(self, config: Config | None = None) -> dict[str, Any]:  # noqa: ARG002 - LangGraph's
        """Return the JSON Schema of what the graph returns."""
        return schema_of_state(self.output)

    def get_context_jsonschema(self) -> dict[str, Any] | None:
        """Return the JSON Schema of what callers pass as `context=`; None where there is no `context_schema`."""
        schema = self.builder.context_schema
        return None if schema is None else schema_of_state(Schema(schema))

    def get_subgraphs(
        self, *, namespace: str | None = None, recurse: bool = False
    ) -> Generator[tuple[str, "CompiledGraph"], None, None]:
        """Yield the graphs that nodes of this one are or call, by name; `recurse`: theirs, too, as `name|name`."""
        for name in self.nodes:
            inside = self.inside(name)
            if inside is None:
                continue
            if namespace in {None, name}:
                yield name, inside
            for below, graph in inside.get_subgraphs(recurse=True) if recurse else ():
                if namespace in {None, f"{name}|{below}"}:
                    yield f"{name}|{below}", graph

    async def aget_subgraphs(
        self, *, namespace: str | None = None, recurse: bool = False
    ) -> AsyncGenerator[tuple[str, "CompiledGraph"], None]:
        """Do what `get_subgraphs` does, from async code."""
        for found in self.get_subgraphs(namespace=namespace, recurse=recurse):
            yield found

    async def run_below(self, context: TaskContext, given: Any, options: Options | None = None) -> Any:
        """Run as part of another graph's task; `options` are those of a call by its node's code."""
        return await run_below(self, context, given, options)


class RootGraph(CompiledGraph):
    """A graph whose state is one value: what nodes return is written to it, and so is the input."""

    def parts_of(self, result: Any) -> Sequence[Any]:
        """Take a list as a value, unless there are commands in it."""
        return super().parts_of(result) if type(result) is list and Command in map(type, result) else (result,)

    def written(self, update: Any, where: str) -> Writes:  # noqa: ARG002 - any value will do
        """Take any value but None, which writes nothing."""
        return [] if update is None else [(ROOT, update)]

    def taken(self, given: Any, where: str) -> Writes:
        """Take the input as it is."""
        return self.written(given, where)

    def output_of(self, values: Mapping[str, Any]) -> Any:
        """Return the value; None before there is one."""
        return copied(values.get(ROOT))

    def shown_values(self, values: Mapping[str, Any]) -> Any:
        """Show the value."""
        return self.output_of(values)

    def shown_update(self, writes: Writes) -> Any:
        """Show what a node wrote."""
        written = [value for _, value in writes]
        return written if len(written) > 1 else next(iter(written), None)
