"""States of agents, under LangGraph's names; programs add keys of their own."""

from typing import Annotated, Any, NotRequired, TypeAlias

from pydantic import BaseModel

from runtime.conversation import add_messages
from runtime.graph.managed import RemainingSteps
from runtime.messages_state import MessagesState

StructuredResponse: TypeAlias = dict[str, Any] | BaseModel
"""What a model says in a form."""


class AgentState(MessagesState):
    """State of an agent; extend it with keys of your own."""

    remaining_steps: NotRequired[RemainingSteps]


class AgentStateWithStructuredResponse(AgentState):
    """State of an agent whose answer has a form."""

    structured_response: Any


class AgentStatePydantic(BaseModel):
    """State of an agent, as a model."""

    messages: Annotated[list[Any], add_messages]
    remaining_steps: RemainingSteps = 25


class AgentStateWithStructuredResponsePydantic(AgentStatePydantic):
    """State of an agent whose answer has a form, as a model."""

    structured_response: Any
