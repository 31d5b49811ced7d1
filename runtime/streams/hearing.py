"""Having LangChain's calls in a node report to a handler of ours, by LangChain's own context variable."""

from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any, cast

from runtime.types import Config

if TYPE_CHECKING:
    from langchain_core.runnables import RunnableConfig


@cache
def available() -> bool:
    """Whether there can be such calls at all."""
    from importlib.util import find_spec  # noqa: PLC0415 - few programs ask

    return find_spec("langchain_core") is not None


def listening(config: Config) -> Callable[[], None]:
    """Let this config count for LangChain's calls, until what is returned is called."""
    from langchain_core.runnables.config import var_child_runnable_config  # noqa: PLC0415 - loads LangChain

    token = var_child_runnable_config.set(cast("RunnableConfig", config))
    return lambda: var_child_runnable_config.reset(token)


def with_handler(callbacks: Any, handler: Any) -> Any:
    """Return LangChain's callbacks, a list or a manager, with one more handler among them."""
    from langchain_core.callbacks import CallbackManager  # noqa: PLC0415 - loads LangChain

    manager = CallbackManager.configure(callbacks)
    manager.add_handler(handler, inherit=True)
    return manager
