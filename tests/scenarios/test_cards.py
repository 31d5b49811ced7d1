"""What a card says while a question is open and once it is decided, line by line."""

import asyncio
from typing import Any

import pytest

from runtime import START, StateGraph, interrupt
from runtime.hitl import Approval, Question
from tests.office import Json, Office, OpenOffice, State, asking, settle, shown
from tests.scenarios.test_home import home_of
from tests.scenarios.test_policy import asked, with_policy

REFUND = Approval(
    title="Send a refund of $250 to cus_42?",
    description="Lost twice, says <!channel> & <https://evil.example|the shop>.",
    args={"customer": "cus_42", "amount": 250, "api_key": "hunter2", "letter": "\n".join(["line"] * 220)},
    approve_label="Send refund",
)
QUESTION = Question(title="Which order?")


def elements(card: Json) -> list[Json]:
    """The buttons and the menu of a card."""
    return [element for block in card["blocks"] if block["type"] == "actions" for element in block["elements"]]


def labels(card: Json) -> list[str]:
    """What its buttons say."""
    return [element["text"]["text"] for element in elements(card) if element["type"] == "button"]


def menu(card: Json) -> list[str]:
    """What its menu offers."""
    return [option["text"]["text"] for element in elements(card) for option in element.get("options", [])]


def body(card: Json) -> list[Json]:
    """What stands above the first line about who asks or who decided."""
    blocks = [block for block in card["blocks"] if block["type"] in {"header", "rich_text"}]
    return [{name: part for name, part in block.items() if name != "block_id"} for block in blocks]


class TestPending:
    async def test_the_header_is_the_question_itself(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            assert card["blocks"][0]["type"] == "header"
            assert card["blocks"][0]["text"]["text"] == REFUND.title

    async def test_what_an_agent_says_cannot_ping_or_link(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            live = [block["text"]["text"] for block in card["blocks"] if block["type"] == "section"]
            assert "the shop" in shown(card["blocks"])
            assert not any("<!" in text or "evil" in text for text in [*live, card["text"]])

    async def test_values_are_listed_secrets_hidden_and_what_is_cut_is_said(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            said = shown((await asked(office))["blocks"])
            assert "Customer: " in said
            assert "cus_42" in said
            assert "hunter2" not in said
            assert "Letter (14 of 220 lines)" in said

    async def test_a_long_value_is_there_in_full_folded_up(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            (fold,) = [block for block in card["blocks"] if block["type"] == "container"]
            assert (fold["title"]["text"], fold["default_collapsed"]) == ("In full: Letter", True)
            assert shown(fold["child_blocks"]).count("line") == 220
            await office.person("ben").press(card, "Send refund")
            decided = await office.sees("refunds", card["ts"], "Approved")
            assert [block["title"] for block in decided["blocks"] if block["type"] == "container"] == [fold["title"]]
            assert "container" not in str(await home_of(office, "ben"))

    async def test_a_line_says_who_asked_at_which_step_who_may_answer_how_many_and_what_silence_means(
        self, open_office: OpenOffice
    ) -> None:
        policy = with_policy(approvers=("@finance",), required=2, deadline="8h")
        async with open_office({"refund": asking(REFUND)}, specs=policy) as office:
            said = shown(await asked(office))
            assert "Requested by <@U0ANA> · Refund · Ask · Only @finance can answer · answer by <!date^" in said
            assert "otherwise rejected automatically" in said
            assert "2 people have to approve" in said

    async def test_one_button_is_primary_and_says_what_happens(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            assert labels(card) == ["Send refund", "Edit…", "Reject…", "View everything"]
            assert [element.get("style") for element in elements(card)] == ["primary", None, None, None, None]
            assert "Stop the run" in menu(card)

    async def test_a_question_has_one_button_and_a_few_options_one_each(self, open_office: OpenOffice) -> None:
        few = {"question": "Which?", "actions": ["Red", "Green"]}
        async with open_office({"refund": asking(QUESTION, few)}) as office:
            card = await asked(office)
            assert labels(card) == ["Answer…"]
            await office.person("ben").say("7", channel="refunds", thread_ts=card["thread_ts"])
            await office.sandbox.until(lambda: labels(office.cards()[-1]) == ["Red", "Green"])

    async def test_buttons_carry_an_opaque_id_and_the_block_its_revision(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            (request,) = await office.bot.desk.ledger.open_requests(limit=2)
            assert {element["value"] for element in elements(card) if "value" in element} == {request.id}
            (block,) = (block for block in card["blocks"] if block["type"] == "actions")
            assert request.id in block["block_id"]
            assert block["block_id"].endswith(str(request.revision))

    async def test_the_text_alone_says_what_who_and_by_when(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}, specs=with_policy(deadline="8h")) as office:
            text = (await asked(office))["text"]
            assert text.startswith(f"Refund: {REFUND.title} Requested by <@U0ANA>. ")
            assert "<!date^" in text


async def approve(office: Office, card: Json) -> None:
    await office.person("ben").press(card, "Send refund")


async def edit(office: Office, card: Json) -> None:
    await office.person("ben").press(card, "Edit…")
    await office.modal("ben")
    assert await office.person("ben").submit({"Amount": "200"}) == {}


async def reject(office: Office, card: Json) -> None:
    await office.person("ben").press(card, "Reject…")
    await office.modal("ben")
    assert await office.person("ben").submit({"Reason": "Too much"}) == {}


async def answer(office: Office, card: Json) -> None:
    await office.person("ben").say("seven", channel="refunds", thread_ts=card["thread_ts"])


async def stop(office: Office, card: Json) -> None:
    await office.person("ana").say("!stop", channel="refunds", thread_ts=card["thread_ts"])


class TestDecided:
    @pytest.mark.parametrize(
        ("payload", "decide", "lines"),
        [
            (REFUND, approve, ["✅ *Approved* by <@U0BEN>: Send refund · <!date^"]),
            (REFUND, edit, ["✏️ *Approved with changes* by <@U0BEN> · <!date^", " → ", "200"]),
            (REFUND, reject, ["⛔ *Rejected* by <@U0BEN> · <!date^", "Too much"]),
            (QUESTION, answer, ["💬 *Answered* by <@U0BEN> · <!date^", "seven"]),
            (REFUND, stop, ["🛑 Run stopped by <@U0ANA>"]),
        ],
        ids=["approved", "edited", "rejected", "answered", "stopped"],
    )
    async def test_the_same_card_without_its_answers_says_who_what_and_when(
        self, open_office: OpenOffice, payload: Any, decide: Any, lines: list[str]
    ) -> None:
        async with open_office({"refund": asking(payload)}) as office:
            card = await asked(office)
            await decide(office, card)
            decided = await office.sees("refunds", card["ts"], lines[0])
            assert all(line in shown(decided["blocks"]) for line in lines)
            assert body(decided)[: len(body(card))] == body(card)
            assert set(labels(decided)) <= {"View everything", "Answer differently"}

    async def test_whoever_asked_hears_how_it_ended_once_in_the_thread(self, open_office: OpenOffice) -> None:
        async with open_office({"refund": asking(REFUND)}) as office:
            card = await asked(office)
            await approve(office, card)
            end = await office.outcome()
            await settle(office)
            assert (end["thread_ts"], office.outcomes()) == (card["thread_ts"], [end])
            assert shown(end["blocks"]).count("<@U0ANA>") == 1
            assert office.sandbox.messages("@ana") == []

    async def test_decided_and_carried_out_are_told_apart(self, open_office: OpenOffice) -> None:
        go = asyncio.Event()

        async def work(_: State) -> State:
            interrupt(REFUND)
            await go.wait()
            return {"outcome": "Sent."}

        graph = StateGraph(State).add_node("work", work).add_edge(START, "work")
        async with open_office({"refund": graph}) as office:
            card = await asked(office)
            await approve(office, card)
            under_way = shown((await office.sees("refunds", card["ts"], "Approved"))["blocks"])
            assert "Finished" not in under_way
            assert office.outcomes() == []
            go.set()
            await office.sees("refunds", card["ts"], "🏁 Finished.")
            assert "<@U0ANA>" in shown(await office.outcome())
