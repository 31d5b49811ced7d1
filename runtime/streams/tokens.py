"""How LangChain's chat models report their tokens, and all of its calls that they go on.

Imported only where somebody listens: it loads LangChain.
"""

from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol
from uuid import UUID

from langchain_core.callbacks import BaseCallbackHandler
from langchain_core.outputs import ChatGeneration, ChatGenerationChunk, LLMResult
from langchain_core.tracers._streaming import _StreamingCallbackHandler

from runtime.types import TAG_NOSTREAM


class Say(Protocol):
    """Takes a message or a part of one; not `again`: unless some of it was said before."""

    def __call__(self, message: Any, metadata: Mapping[str, Any], *, again: bool) -> None: ...


class TokenHandler(BaseCallbackHandler, _StreamingCallbackHandler[Any]):
    """Being a streaming handler makes models stream even where `invoke` was called."""

    run_inline = True

    def __init__(self, say: Say) -> None:
        self._say = say
        self._calls: dict[UUID, Mapping[str, Any]] = {}
        """Metadata of the calls under way."""

    def on_chat_model_start(
        self,
        serialized: Any,  # noqa: ARG002 - LangChain's signature
        messages: Any,  # noqa: ARG002
        *,
        run_id: UUID,
        tags: Sequence[str] | None = None,
        metadata: Mapping[str, Any] | None = None,
        **_: Any,
    ) -> None:
        if metadata and TAG_NOSTREAM not in (tags or ()):
            shown = [tag for tag in tags or () if not tag.startswith("seq:step")]
            self._calls[run_id] = {**metadata, "tags": shown} if shown else metadata

    def on_llm_new_token(self, token: Any, *, chunk: Any = None, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        if run_id in self._calls and isinstance(chunk, ChatGenerationChunk):
            self._say(chunk.message, self._calls[run_id], again=True)

    def on_llm_end(self, response: LLMResult, *, run_id: UUID, **_: Any) -> None:
        metadata = self._calls.pop(run_id, None)
        for generation in response.generations[0][:1] if response.generations else ():
            if metadata is not None and isinstance(generation, ChatGeneration):
                self._say(generation.message, metadata, again=False)

    def on_llm_error(self, error: BaseException, *, run_id: UUID, **_: Any) -> None:  # noqa: ARG002
        self._calls.pop(run_id, None)

    def tap_output_aiter(self, run_id: UUID, output: AsyncIterator[Any]) -> AsyncIterator[Any]:  # noqa: ARG002
        return output

    def tap_output_iter(self, run_id: UUID, output: Iterator[Any]) -> Iterator[Any]:  # noqa: ARG002
        return output


class SignsOfLife(BaseCallbackHandler):
    """Notes whatever a call of LangChain's reports."""

    run_inline = True

    def __init__(self, note: Callable[[], None]) -> None:
        self._note = note

    def _noted(self, *_: Any, **__: Any) -> None:
        self._note()

    on_llm_start = on_chat_model_start = on_llm_new_token = on_llm_end = on_llm_error = _noted
    on_chain_start = on_chain_end = on_chain_error = on_tool_start = on_tool_end = on_tool_error = _noted
    on_retriever_start = on_retriever_end = on_retriever_error = on_retry = on_text = on_custom_event = _noted
