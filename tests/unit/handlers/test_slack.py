"""Each failure of a call means one thing: refused, busy, or nobody knows."""

from collections.abc import AsyncIterator

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Fault, Sandbox
from handlers.calls import ATTEMPTS, Calls, SlackBusyError, SlackRefusedError, SlackUncertainError
from handlers.cards.blocks import Message
from handlers.slack import Slack

HELLO = Message("hello", [])


class Desk:
    """A gateway that notes its pauses in place of waiting."""

    def __init__(self, sandbox: Sandbox, session: aiohttp.ClientSession) -> None:
        self.pauses: list[float] = []
        self.sandbox = sandbox
        client = AsyncWebClient(sandbox.bot_token, base_url=sandbox.api_url, session=session)
        self.time = 1000.0
        self.slack = Slack(Calls(client, self.pause, now=lambda: self.time))

    async def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.time += seconds

    def calls(self, method: str) -> int:
        return sum(call.method == method for call in self.sandbox.calls)


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with Sandbox() as sandbox, aiohttp.ClientSession() as session:
        yield Desk(sandbox, session)


async def test_a_post_carries_its_key_and_is_found_by_it(desk: Desk) -> None:
    ts = await desk.slack.post("C0GENERAL", HELLO, key="a")
    await desk.slack.post("C0GENERAL", HELLO, key="b")
    reply = await desk.slack.post("C0GENERAL", HELLO, key="c", thread_ts=ts)
    assert await desk.slack.find("C0GENERAL", key="a", thread_ts=None, since=0.0) == ts
    assert await desk.slack.find("C0GENERAL", key="c", thread_ts=ts, since=0.0) == reply
    assert await desk.slack.find("C0GENERAL", key="c", thread_ts=None, since=0.0) is None
    assert await desk.slack.key_at("C0GENERAL", ts) == "a"


async def test_slack_has_nothing_to_warn_of(desk: Desk) -> None:
    ts = await desk.slack.post("C0GENERAL", HELLO, key="a")
    await desk.slack.key_at("C0GENERAL", ts)
    assert [call.response.get("warning") for call in desk.sandbox.calls] == [None, None]


async def test_a_post_is_found_among_many(desk: Desk) -> None:
    ts = await desk.slack.post("C0GENERAL", HELLO, key="a")
    for number in range(250):
        desk.sandbox._site.workspace.post("C0GENERAL", {"user": "U0ANA", "text": str(number)})
    assert await desk.slack.find("C0GENERAL", key="a", thread_ts=None, since=0.0) == ts
    assert desk.calls("conversations.history") == 2


async def test_a_refusal_is_final(desk: Desk) -> None:
    with pytest.raises(SlackRefusedError, match="channel_not_found"):
        await desk.slack.post("C0NOWHERE", HELLO, key="a")
    assert desk.calls("chat.postMessage") == 1


async def test_where_slack_does_not_take_what_folds_messages_do_without(desk: Desk) -> None:
    said = {"type": "section", "text": {"type": "plain_text", "text": "hello"}}
    fold = {"type": "container", "title": {"type": "plain_text", "text": "More"}, "child_blocks": [said]}
    unknown = fold | {"child_blocks": [{"type": "rich_text", "elements": []}]}
    await desk.slack.post("C0GENERAL", Message("hello", [said, fold]), key="a")
    assert [block["type"] for block in desk.sandbox.messages("general")[-1]["blocks"]] == ["section", "container"]
    ts = await desk.slack.post("C0GENERAL", Message("hello", [said, unknown]), key="b")
    assert desk.calls("chat.postMessage") == 3
    await desk.slack.update("C0GENERAL", ts, Message("hello", [said, fold, said]))
    assert desk.calls("chat.update") == 1
    assert [block["type"] for block in desk.sandbox.messages("general")[-1]["blocks"]] == ["section", "section"]


async def test_what_slack_takes_in_no_form_is_refused(desk: Desk) -> None:
    fold = {"type": "container", "child_blocks": []}
    with pytest.raises(SlackRefusedError, match="invalid_blocks"):
        await desk.slack.post("C0GENERAL", Message("hello", [fold, {"type": "nonsense"}]), key="a")


@pytest.mark.parametrize("kind", ["500", "drop", "lost_reply"])
async def test_a_post_of_unknown_outcome_is_not_sent_again(desk: Desk, kind: str) -> None:
    desk.sandbox.inject(Fault(method="chat.postMessage", kind=kind))
    with pytest.raises(SlackUncertainError):
        await desk.slack.post("C0GENERAL", HELLO, key="a")
    assert desk.calls("chat.postMessage") == 1
    assert desk.pauses == []


@pytest.mark.parametrize("kind", ["500", "drop", "lost_reply"])
async def test_what_may_be_repeated_is(desk: Desk, kind: str) -> None:
    ts = await desk.slack.post("C0GENERAL", HELLO, key="a")
    desk.sandbox.inject(Fault(method="chat.update", kind=kind, times=2))
    await desk.slack.update("C0GENERAL", ts, Message("changed", []))
    assert desk.calls("chat.update") == 3
    assert desk.pauses == [0.5, 1.0]


async def test_slack_says_when_to_come_back(desk: Desk) -> None:
    desk.sandbox.inject(Fault(method="chat.postMessage", kind="429", retry_after=7, times=2))
    await desk.slack.post("C0GENERAL", HELLO, key="a")
    assert desk.pauses == [7.0, 7.0]


async def test_there_is_an_end_to_waiting(desk: Desk) -> None:
    desk.sandbox.inject(Fault(method="chat.postMessage", kind="429", retry_after=7, times=ATTEMPTS))
    with pytest.raises(SlackBusyError, match="ratelimited for 7 s"):
        await desk.slack.post("C0GENERAL", HELLO, key="a")
    assert desk.pauses == [7.0] * (ATTEMPTS - 1)


async def test_a_long_time_is_kept_without_waiting_for_it_and_only_where_slack_named_it(desk: Desk) -> None:
    desk.sandbox.inject(Fault(method="chat.postMessage", kind="429", retry_after=3600))
    for left, later in ((3600.0, 600.0), (3000.0, 2990.0)):
        with pytest.raises(SlackBusyError) as busy:
            await desk.slack.post("C0GENERAL", HELLO, key="a")
        assert busy.value.seconds == left
        desk.time += later
    assert desk.calls("chat.postMessage") == 1
    await desk.slack.post("C0REFUNDS", HELLO, key="b")
    assert desk.pauses == []
    await desk.slack.post("C0GENERAL", HELLO, key="a")
    assert desk.pauses == [10.0]


async def test_somebody_is_written_to_by_their_id(desk: Desk) -> None:
    await desk.slack.say("U0ANA", "hello")
    assert [message["text"] for message in desk.sandbox.messages("@ana")] == ["hello"]


async def test_a_mark_made_twice_is_one_mark(desk: Desk) -> None:
    ts = await desk.slack.post("C0GENERAL", HELLO, key="a")
    for _ in range(2):
        await desk.slack.react("C0GENERAL", ts, "eyes")
    with pytest.raises(SlackRefusedError, match="message_not_found"):
        await desk.slack.react("C0GENERAL", "1.1", "eyes")
