"""Questions: how they pause a run, whose answer is whose, what is refused; and the patterns of LangGraph's guides."""

import asyncio
import logging
import operator
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Annotated, Any, Literal, TypedDict

import pytest
from pydantic import BaseModel

from runtime import (
    START,
    CodecError,
    Command,
    CompiledGraph,
    EmptyInputError,
    InMemorySaver,
    InterruptMismatchError,
    InvalidAnswerError,
    Message,
    MessagesState,
    NoRunError,
    PendingInterruptError,
    Send,
    StateGraph,
    UnknownInterruptError,
    idempotency_key,
    interrupt,
    once,
)
from runtime.hitl import Approval, Choice, Decision, Form, Option, Question

CONFIG: dict[str, Any] = {"configurable": {"thread_id": "one"}}


class State(TypedDict, total=False):
    text: str
    name: str | None
    age: Any
    log: Annotated[list[Any], operator.add]


def asking(*nodes: Callable[..., Any], **options: Any) -> CompiledGraph:
    """Compile a chain of these nodes with a store of its own."""
    builder = StateGraph(State).add_sequence(nodes).add_edge(START, nodes[0].__name__)
    return builder.compile(checkpointer=InMemorySaver(), **options)


def side_by_side(names: str, node: Callable[[str], Callable[[State], Any]]) -> CompiledGraph:
    builder = StateGraph(State)
    for name in names:
        builder.add_node(name, node(name)).add_edge(START, name)
    return builder.compile(checkpointer=InMemorySaver())


def asks(name: str) -> Callable[[State], Any]:
    return lambda state: {"log": [f"{name}={interrupt(name)}"]}


def pending(graph: CompiledGraph) -> dict[Any, str]:
    return {question.value: question.id for question in graph.get_state(CONFIG).interrupts}


# The guides' patterns.


def revise(state: State) -> Any:
    return {"text": interrupt({"text_to_revise": state["text"]})}


def test_a_question_pauses_and_the_answer_goes_on() -> None:
    graph = asking(revise)
    asked = graph.invoke({"text": "original"}, CONFIG)
    (question,) = asked["__interrupt__"]
    assert question.value == {"text_to_revise": "original"}
    assert (question.resumable, question.when, question.interrupt_id) == (True, "during", question.id)
    assert [part.split(":")[0] for part in question.ns] == ["revise"]
    assert graph.invoke(Command(resume="edited"), CONFIG) == {"text": "edited", "log": []}


@pytest.mark.parametrize(("answer", "path"), [(True, "approved"), (False, "rejected")])
def test_approve_or_reject_routes_the_graph(answer: bool, path: str) -> None:
    def approval(state: State) -> Command[Literal["approved", "rejected"]]:
        yes = interrupt({"question": "Is this correct?", "output": state["text"]})
        return Command(goto="approved" if yes else "rejected")

    builder = StateGraph(State).add_node(approval).add_edge(START, "approval")
    for name in ("approved", "rejected"):
        builder.add_node(name, lambda state, name=name: {"log": [name]})
    graph = builder.compile(checkpointer=InMemorySaver())
    graph.invoke({"text": "draft"}, CONFIG)
    assert graph.invoke(Command(resume=answer), CONFIG)["log"] == [path]


@pytest.mark.parametrize(
    ("review", "outcome"),
    [
        (("continue", None), ["human", "ai:refund 250", "tool:refund 250"]),
        (("update", "refund 25"), ["human", "ai:refund 25", "tool:refund 25"]),
        (("feedback", "too much"), ["human", "ai:refund 250", "human:too much", "ai:refund 10"]),
    ],
)
def test_a_tool_call_is_run_as_reviewed(review: tuple[str, Any], outcome: list[str]) -> None:
    def call_llm(state: Any) -> Any:
        amount = 250 if len(state["messages"]) == 1 else 10
        return {"messages": [Message(type="ai", content=f"refund {amount}", id=f"call-{amount}")]}

    def review_node(state: Any) -> Command[Any]:
        action, data = interrupt({"question": "Is this correct?", "tool_call": state["messages"][-1].content})
        if action == "continue":
            return Command(goto="run_tool")
        if action == "update":
            same_id = Message(type="ai", content=data, id=state["messages"][-1].id)
            return Command(goto="run_tool", update={"messages": [same_id]})
        return Command(goto="call_llm", update={"messages": [{"role": "user", "content": data}]})

    def run_tool(state: Any) -> Any:
        return {"messages": [Message(type="tool", content=state["messages"][-1].content, tool_call_id="1")]}

    builder = StateGraph(MessagesState).add_node(call_llm).add_node("review", review_node).add_node(run_tool)
    graph = builder.add_edge(START, "call_llm").add_edge("call_llm", "review").compile(checkpointer=InMemorySaver())
    graph.invoke({"messages": ["please"]}, CONFIG)
    messages = graph.invoke(Command(resume=review), CONFIG)["messages"]
    assert ["human", *(f"{message.type}:{message.content}" for message in messages[1:])] == outcome


def test_two_agents_share_one_human_node_for_many_turns() -> None:
    def agent(name: str, other: str) -> Callable[[Any], Any]:
        def node(state: Any) -> Any:
            last = state["messages"][-1].content
            if last == "bye":
                return Command()
            if last == "switch":
                return Command(goto=other, update={"messages": [("user", "over to you")]})
            answer = Message(type="ai", name=name, content=f"{name} heard {last}")
            return Command(goto="human", update={"messages": [answer]})

        return node

    def human(state: Any) -> Any:
        said = interrupt(value="Ready for user input.")
        active = next(message.name for message in reversed(state["messages"]) if message.name)
        return Command(goto=active, update={"messages": [{"role": "human", "content": said}]})

    builder = StateGraph(MessagesState).add_node("ann", agent("ann", "bob")).add_node("bob", agent("bob", "ann"))
    graph = builder.add_node(human).add_edge(START, "ann").compile(checkpointer=InMemorySaver())
    graph.invoke({"messages": ["hi"]}, CONFIG)
    for said in ("weather?", "switch", "hotel?"):
        graph.invoke(Command(resume=said), CONFIG)
    messages = graph.invoke(Command(resume="bye"), CONFIG)["messages"]
    spoken = [message.content for message in messages if message.name]
    assert spoken == ["ann heard hi", "ann heard weather?", "bob heard over to you", "bob heard hotel?"]


def test_a_node_asks_until_the_answer_is_valid() -> None:
    def age(state: State) -> Any:
        prompt = "Please enter your age."
        while True:
            said = interrupt(prompt)
            try:
                years = int(said)
            except ValueError:
                years = -1
            if years >= 0:
                return {"age": years}
            prompt = f"{said!r} is not valid. Please enter your age."

    graph = asking(age)
    graph.invoke({}, CONFIG)
    assert graph.invoke(Command(resume="x"), CONFIG)["__interrupt__"][0].value.startswith("'x' is not valid")
    assert graph.invoke(Command(resume="-10"), CONFIG)["__interrupt__"][0].value.startswith("'-10' is not valid")
    assert graph.invoke(Command(resume="25"), CONFIG)["age"] == 25


def name_and_age(state: State) -> Any:
    name = interrupt("what is your name?") if not state.get("name") else "N/A"
    age = interrupt("what is your age?") if not state.get("age") else "N/A"
    return {"name": name, "age": age}


def test_john_is_a_name_and_never_an_age(caplog: pytest.LogCaptureFixture) -> None:
    """The guides' "incorrect code": the update makes the node skip the question that was answered."""
    graph = asking(name_and_age)
    (first,) = graph.invoke({"name": None, "age": None}, CONFIG)["__interrupt__"]
    with caplog.at_level(logging.WARNING):
        asked = graph.invoke(Command(resume="John", update={"name": "foo"}), CONFIG)
    assert "asked something else than was answered" in caplog.text
    (second,) = asked["__interrupt__"]
    assert (second.value, second.supersedes) == ("what is your age?", first.id)
    assert second.id != first.id
    done = graph.invoke(Command(resume=30), CONFIG)
    assert (done["name"], done["age"]) == ("N/A", 30)


def test_the_node_runs_again_from_its_top() -> None:
    entered: list[str] = []

    def node(state: State) -> Any:
        entered.append("top")
        interrupt()
        entered.append("after")

    graph = asking(node)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume=1), CONFIG)
    assert entered == ["top", "top", "after"]


# Whose answer is whose.


def test_each_question_of_a_node_has_an_id_of_its_own_that_stays() -> None:
    def two(state: State) -> Any:
        return {"log": [interrupt("same"), interrupt("same")]}

    graph = asking(two)
    (first,) = graph.invoke({}, CONFIG)["__interrupt__"]
    assert graph.invoke(None, CONFIG)["__interrupt__"] == [first]
    (second,) = graph.invoke(Command(resume=1), CONFIG)["__interrupt__"]
    assert first.id != second.id
    with pytest.raises(UnknownInterruptError) as refused:
        graph.invoke(Command(resume={first.id: "a double click"}), CONFIG)
    assert (refused.value.reason, refused.value.pending_ids) == ("not_pending", (second.id,))
    assert graph.invoke(Command(resume={second.id: 2}), CONFIG)["log"] == [1, 2]


@pytest.mark.parametrize(
    ("resume", "reason"),
    [("plain", "ambiguous"), ({}, "empty_map"), ({"0" * 32: 1}, "not_pending")],
)
def test_an_answer_that_belongs_to_no_question_is_refused_before_anything_is_written(resume: Any, reason: str) -> None:
    graph = side_by_side("ab", asks)
    graph.invoke({}, CONFIG)
    before = graph.get_state(CONFIG)
    with pytest.raises(UnknownInterruptError) as refused:
        graph.invoke(Command(resume=resume, update={"text": "changed"}), CONFIG)
    assert refused.value.reason == reason
    assert set(refused.value.pending_ids) == set(pending(graph).values())
    assert graph.get_state(CONFIG) == before


def test_one_bad_id_spoils_the_whole_map() -> None:
    graph = side_by_side("ab", asks)
    graph.invoke({}, CONFIG)
    with pytest.raises(UnknownInterruptError, match="not pending"):
        graph.invoke(Command(resume={pending(graph)["a"]: 1, "f" * 32: 2}), CONFIG)
    assert set(pending(graph)) == {"a", "b"}


def test_an_answer_is_refused_where_nothing_is_asked() -> None:
    graph = asking(revise, interrupt_before=["revise"])
    graph.invoke({"text": "x"}, CONFIG)
    with pytest.raises(UnknownInterruptError, match="no question is pending"):
        graph.invoke(Command(resume="too early"), CONFIG)
    graph.invoke(None, CONFIG)
    graph.invoke(Command(resume="in time"), CONFIG)
    with pytest.raises(UnknownInterruptError, match="no question is pending"):
        graph.invoke(Command(resume="too late"), CONFIG)
    with pytest.raises(UnknownInterruptError, match="no question is pending"):
        graph.invoke(Command(resume="nobody"), {"configurable": {"thread_id": "unknown"}})


def test_a_dict_with_other_keys_is_an_answer_and_no_map() -> None:
    graph = asking(revise)
    graph.invoke({"text": "x"}, CONFIG)
    answer = {"0" * 32: 1, "note": 2}
    assert graph.invoke(Command(resume=answer), CONFIG)["text"] == answer


def test_none_is_an_answer_and_an_empty_command_is_a_mistake() -> None:
    graph = asking(revise)
    graph.invoke({"text": "x"}, CONFIG)
    with pytest.raises(EmptyInputError, match="nothing to do"):
        graph.invoke(Command(), CONFIG)
    assert graph.invoke(Command(resume=None), CONFIG)["text"] is None


def test_an_answer_is_used_up_by_a_step_and_never_again() -> None:
    def fails(state: State) -> Any:
        heard.append(interrupt("go?"))
        if len(heard) == 1:
            raise ConnectionError("down")
        return {"log": heard[:]}

    heard: list[str] = []
    graph = asking(fails, revise)
    graph.invoke({"text": "x"}, CONFIG)
    with pytest.raises(ConnectionError):
        graph.invoke(Command(resume="yes"), CONFIG)
    with pytest.raises(UnknownInterruptError, match="no question is pending"):
        graph.invoke(Command(resume="no"), CONFIG)
    asked = graph.invoke(None, CONFIG)
    assert asked["log"] == ["yes", "yes"]
    assert graph.invoke(None, CONFIG)["__interrupt__"] == asked["__interrupt__"]


def test_what_was_approved_is_what_runs() -> None:
    price = [10]

    def pay(state: State) -> Any:
        return {"log": [(price[0], interrupt(f"pay {price[0]}?"))]}

    graph = asking(pay)
    graph.invoke({}, CONFIG)
    price[0] = 99
    (question,) = graph.invoke(Command(resume=True), CONFIG)["__interrupt__"]
    assert question.value == "pay 99?"
    assert graph.invoke(Command(resume=False), CONFIG)["log"] == [(99, False)]


def test_a_node_that_keeps_changing_its_question_is_stopped() -> None:
    asked: list[int] = []

    def restless(state: State) -> Any:
        asked.append(1)
        return {"text": interrupt(f"question {len(asked)}")}

    graph = asking(restless)
    graph.invoke({}, CONFIG)
    ids = set(pending(graph).values())
    for _ in range(2):
        graph.invoke(Command(resume="yes"), CONFIG)
        ids |= set(pending(graph).values())
    with pytest.raises(InterruptMismatchError, match="'restless' asked something else than was answered 3 times"):
        graph.invoke(Command(resume="yes"), CONFIG)
    assert len(ids) == 3


def test_an_update_makes_the_asking_node_look_again() -> None:
    graph = asking(revise)
    (old,) = graph.invoke({"text": "old"}, CONFIG)["__interrupt__"]
    (same,) = graph.invoke(Command(update={"log": ["unrelated"]}), CONFIG)["__interrupt__"]
    assert same.id == old.id
    (new,) = graph.invoke(Command(update={"text": "new"}), CONFIG)["__interrupt__"]
    assert (new.value, new.supersedes) == ({"text_to_revise": "new"}, old.id)
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume={old.id: "about the old text"}), CONFIG)
    assert graph.invoke(Command(resume={new.id: "fine"}), CONFIG)["text"] == "fine"


# Side by side.


def test_only_answered_tasks_run_again() -> None:
    entered: list[int] = []

    def work(state: Any) -> Any:
        entered.append(state["number"])
        return {"log": [(state["number"], interrupt(state["number"]))]}

    builder = StateGraph(State).add_node("work", work)
    builder.add_conditional_edges(START, lambda state: [Send("work", {"number": n}) for n in range(100)], ["work"])
    graph = builder.compile(checkpointer=InMemorySaver())
    graph.invoke({}, CONFIG)
    assert sorted(entered) == list(range(100))
    for number, question in sorted(pending(graph).items(), reverse=True):
        graph.invoke(Command(resume={question: -number}), CONFIG)
    assert len(entered) == 200
    assert graph.get_state(CONFIG).values["log"] == [(number, -number) for number in range(100)]


def test_a_map_answers_several_and_leaves_the_rest() -> None:
    graph = side_by_side("abc", asks)
    graph.invoke({}, CONFIG)
    questions = pending(graph)
    rest = graph.invoke(Command(resume={questions["a"]: 1, questions["c"]: 3}), CONFIG)
    assert [question.value for question in rest["__interrupt__"]] == ["b"]
    assert graph.invoke(Command(resume=2), CONFIG)["log"] == ["a=1", "b=2", "c=3"]


async def test_questions_gathered_in_one_node_come_one_by_one() -> None:
    async def ask(question: str) -> Any:
        await asyncio.sleep(0)
        return interrupt(question)

    async def both(state: State) -> Any:
        return {"log": list(await asyncio.gather(ask("a"), ask("b"), ask("c")))}

    graph = asking(both)
    given: tuple[Any, ...] = ({}, Command(resume=1), Command(resume=2))
    heard = [(await graph.ainvoke(item, CONFIG))["__interrupt__"][0].value for item in given]
    assert heard == ["a", "b", "c"]
    assert (await graph.ainvoke(Command(resume=3), CONFIG))["log"] == [1, 2, 3]


# Nothing swallows a question.


def test_except_exception_does_not_swallow_a_question() -> None:
    def careful(state: State) -> Any:
        try:
            return {"text": interrupt("?")}
        except Exception:  # noqa: BLE001 - what careless tools do
            return {"text": "swallowed"}

    graph = asking(careful)
    assert graph.invoke({}, CONFIG)["__interrupt__"]
    assert graph.invoke(Command(resume="heard"), CONFIG)["text"] == "heard"


def test_a_node_that_catches_everything_still_waits() -> None:
    def greedy(state: State) -> Any:
        try:
            return {"text": interrupt("?")}
        except BaseException:  # noqa: BLE001 - the worst case
            return {"text": "swallowed"}

    graph = asking(greedy)
    assert graph.invoke({}, CONFIG)["__interrupt__"]
    assert graph.invoke(Command(resume="heard"), CONFIG)["text"] == "heard"


async def test_questions_in_task_groups_and_gathers_pause() -> None:
    async def ask(question: str) -> Any:
        return interrupt(question)

    async def grouped(state: State) -> Any:
        async with asyncio.TaskGroup() as group:
            asked = group.create_task(ask("in a group"))
        return {"log": [asked.result()]}

    async def gathered(state: State) -> Any:
        return {"log": await asyncio.gather(ask("in a gather"), return_exceptions=True)}

    graph = asking(grouped, gathered)
    await graph.ainvoke({}, CONFIG)
    assert (await graph.ainvoke(Command(resume=1), CONFIG))["__interrupt__"][0].value == "in a gather"
    assert (await graph.ainvoke(Command(resume=2), CONFIG))["log"] == [1, 2]


def test_finally_runs_at_every_pause() -> None:
    cleaned: list[int] = []

    def node(state: State) -> Any:
        try:
            interrupt("?")
        finally:
            cleaned.append(1)

    graph = asking(node)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume=1), CONFIG)
    assert len(cleaned) == 2


def test_a_question_needs_a_run_a_store_and_its_context() -> None:
    with pytest.raises(NoRunError, match="only inside a node"):
        interrupt("?")
    without = StateGraph(State).add_node(revise).add_edge(START, "revise").compile()
    with pytest.raises(NoRunError, match="needs a checkpointer"):
        without.invoke({"text": "x"})

    def elsewhere(state: State) -> Any:
        with ThreadPoolExecutor(1) as threads:
            return threads.submit(revise, state).result()

    with pytest.raises(NoRunError, match="copy_context"):
        asking(elsewhere).invoke({"text": "x"}, CONFIG)


async def test_asyncio_to_thread_keeps_the_context() -> None:
    async def node(state: State) -> Any:
        return await asyncio.to_thread(revise, state)

    graph = asking(node)
    await graph.ainvoke({"text": "x"}, CONFIG)
    assert (await graph.ainvoke(Command(resume="y"), CONFIG))["text"] == "y"


def test_a_question_that_cannot_be_stored_is_an_error_in_the_node() -> None:
    graph = asking(lambda_asker)
    with pytest.raises(CodecError, match="function"):
        graph.invoke({}, CONFIG)
    assert graph.get_state(CONFIG).interrupts == ()


def lambda_asker(state: State) -> Any:
    return interrupt({"callback": lambda: None})


# New input while a question is open.


def test_new_input_abandons_open_questions_and_says_so(caplog: pytest.LogCaptureFixture) -> None:
    graph = asking(revise)
    (old,) = graph.invoke({"text": "one"}, CONFIG)["__interrupt__"]
    chunks = list(graph.stream({"text": "two"}, CONFIG))
    assert chunks[0] == {"__abandoned__": (old,)}
    assert old.id in caplog.text
    with pytest.raises(UnknownInterruptError):
        graph.invoke(Command(resume={old.id: "late"}), CONFIG)
    assert graph.invoke(Command(resume="new"), CONFIG)["text"] == "new"


def test_new_input_can_be_refused_while_a_question_is_open() -> None:
    graph = asking(revise)
    (old,) = graph.invoke({"text": "one"}, CONFIG)["__interrupt__"]
    with pytest.raises(PendingInterruptError, match=old.id):
        graph.invoke({"text": "two"}, CONFIG, on_pending="refuse")
    assert graph.invoke(Command(resume="still"), CONFIG)["text"] == "still"


# Answers with a schema.


class Trip(BaseModel):
    city: str
    days: int = 1


def test_a_typed_answer_is_validated_and_a_bad_one_leaves_the_question_open() -> None:
    def plan(state: State) -> Any:
        trip = interrupt("Where to?", response_schema=Trip)
        return {"text": f"{type(trip).__name__} {trip.city} {trip.days}"}

    graph = asking(plan)
    (question,) = graph.invoke({}, CONFIG)["__interrupt__"]
    assert question.response_schema["properties"]["days"]["type"] == "integer"
    with pytest.raises(InvalidAnswerError) as refused:
        graph.invoke(Command(resume={"days": "many"}), CONFIG)
    assert set(refused.value.problems) == {"city", "days"}
    assert list(pending(graph).values()) == [question.id]
    assert graph.invoke(None, CONFIG)["__interrupt__"] == [question]
    assert graph.invoke(Command(resume={"city": "Rome", "days": "3"}), CONFIG)["text"] == "Trip Rome 3"


def test_a_json_schema_is_enforced_before_anything_is_written() -> None:
    entered: list[int] = []

    def plan(state: State) -> Any:
        entered.append(1)
        schema = {"type": "object", "properties": {"days": {"type": "integer"}}, "required": ["days"]}
        return {"text": interrupt("How long?", response_schema=schema)}

    graph = asking(plan)
    graph.invoke({}, CONFIG)
    with pytest.raises(InvalidAnswerError) as refused:
        graph.invoke(Command(resume={"days": "many"}), CONFIG)
    assert refused.value.problems == {"days": "'many' is not of type 'integer'"}
    assert graph.invoke(Command(resume={"days": 3}), CONFIG)["text"] == {"days": 3}
    assert len(entered) == 2


@pytest.mark.parametrize(
    ("payload", "answer", "value"),
    [
        (Approval(title="Refund?", args={"amount": 1}), {"approved": True, "action": "approve"}, None),
        (Question(title="Why?"), {"approved": True, "action": "answer", "value": "so"}, "so"),
        (
            Choice(title="Which?", options=[Option(value="a", label="A")]),
            {"approved": True, "action": "a", "value": "a"},
            "a",
        ),
        (
            Form.of(Trip, title="Where to?"),
            {"approved": True, "action": "submit", "args": {"city": "Rome", "days": 2}},
            Trip(city="Rome", days=2),
        ),
        (Form.of(Trip, title="Where to?"), {"approved": False, "action": "reject", "reason": "no time"}, None),
    ],
    ids=["approval", "question", "choice", "form", "declined form"],
)
def test_typed_questions_give_a_decision(payload: Any, answer: dict[str, Any], value: Any) -> None:
    heard: list[Decision] = []

    def node(state: State) -> Any:
        heard.append(interrupt(payload))

    graph = asking(node)
    (question,) = graph.invoke({}, CONFIG)["__interrupt__"]
    assert question.value.title == payload.title
    graph.invoke(Command(resume=answer), CONFIG)
    assert (heard[0].approved, heard[0].value) == (answer["approved"], value)


def test_a_form_that_does_not_fit_its_model_stays_open() -> None:
    def node(state: State) -> Any:
        return {"text": interrupt(Form.of(Trip, title="Where to?")).value.city}

    graph = asking(node)
    graph.invoke({}, CONFIG)
    with pytest.raises(InvalidAnswerError, match="city"):
        graph.invoke(Command(resume={"approved": True, "action": "submit", "args": {}}), CONFIG)
    good = {"approved": True, "action": "submit", "args": {"city": "Rome"}}
    assert graph.invoke(Command(resume=good), CONFIG)["text"] == "Rome"


# Effects before a question.


def test_once_runs_once_whatever_the_node_repeats() -> None:
    sent: list[str] = []

    def send(to: str) -> str:
        sent.append(to)
        return f"sent to {to}"

    def node(state: State) -> Any:
        receipt = once("mail", send, "ann")
        return {"log": [receipt, interrupt("arrived?"), interrupt("sure?")]}

    graph = asking(node)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume=1), CONFIG)
    assert graph.invoke(Command(resume=2), CONFIG)["log"] == ["sent to ann", 1, 2]
    assert sent == ["ann"]


async def test_once_awaits_an_async_function() -> None:
    sent: list[str] = []

    async def send(to: str) -> None:
        sent.append(to)

    async def node(state: State) -> Any:
        await once("mail", send, "ann")
        return {"text": interrupt("arrived?")}

    graph = asking(node)
    await graph.ainvoke({}, CONFIG)
    await graph.ainvoke(Command(resume="yes"), CONFIG)
    assert sent == ["ann"]


def test_a_question_asked_once_keeps_its_place_among_the_others() -> None:
    """Otherwise the answer to a question inside `once()` would serve the one after it as well."""

    def node(_: State) -> State:
        first = once("first", lambda: interrupt("Approve?"))
        return {"text": f"{first} {interrupt('Approve?')} {interrupt('More?')}"}

    graph = asking(node)
    graph.invoke({}, CONFIG)
    for answer in ("one", "two"):
        assert "__interrupt__" in graph.invoke(Command(resume=answer), CONFIG)
    assert graph.invoke(Command(resume="three"), CONFIG)["text"] == "one two three"


def test_once_refuses_a_result_that_cannot_be_kept() -> None:
    def node(state: State) -> Any:
        once("handle", object)

    with pytest.raises(CodecError, match="object"):
        asking(node).invoke({}, CONFIG)


def test_idempotency_keys_stay_with_the_task() -> None:
    keys: list[tuple[str, str]] = []

    def node(state: State) -> Any:
        keys.append((idempotency_key("mail"), idempotency_key("pay")))
        interrupt("?")

    graph = asking(node)
    graph.invoke({}, CONFIG)
    graph.invoke(Command(resume=1), CONFIG)
    graph.invoke({}, CONFIG)
    assert keys[0] == keys[1] != keys[2]
    assert len({*keys[0], *keys[2]}) == 4
