"""Asking an agent about a message, from the message's own menu."""

from tests.office import Office, OpenOffice, asking, settle, shown

SHORTCUT = "ask_agent"
AGENTS = {"refund": asking("How much?"), "announce": asking("Which words?")}


async def modal_on(office: Office, text: str, **where: str) -> dict[str, object]:
    message = await office.person("ben").say(text, channel="refunds", **where)
    await office.person("ana").shortcut(SHORTCUT, message)
    await office.sandbox.until(lambda: office.person("ana").modal)
    return message


async def test_the_message_is_the_task_and_its_thread_the_conversation(open_office: OpenOffice) -> None:
    async with open_office(AGENTS) as office:
        message = await modal_on(office, "order 7 came <broken> & late")
        assert await office.person("ana").submit({"Agent": "Refund"}) == {}
        card = await office.card()
        assert card["thread_ts"] == message["ts"]
        await office.person("ana").say("ten", channel="refunds", thread_ts=str(message["ts"]))
        assert "Got 'ten' for order 7 came <broken> & late." in shown((await office.outcome())["blocks"])


async def test_the_task_can_be_changed_and_must_not_be_empty(open_office: OpenOffice) -> None:
    async with open_office(AGENTS) as office:
        await modal_on(office, "order 7")
        ana = office.person("ana")
        assert await ana.submit({"Agent": "Refund", "What should it do?": " "}) == {
            "What should it do?": "Write what the agent should do."
        }
        assert await ana.submit({"What should it do?": "order 8"}) == {}
        await office.card()
        assert "order 8" in shown(office.sandbox.messages("refunds"))


async def test_no_agent_chosen_is_said_beside_the_field(open_office: OpenOffice) -> None:
    async with open_office(AGENTS) as office:
        await modal_on(office, "order 7")
        assert "Agent" in await office.person("ana").submit()


async def test_the_only_agent_is_chosen_already(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("How much?")}) as office:
        await modal_on(office, "order 7")
        assert await office.person("ana").submit() == {}
        await office.card()


async def test_in_the_thread_of_a_run_the_new_run_gets_a_conversation_of_its_own(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("How much?")}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        card = await office.card()
        await office.person("ana").shortcut(SHORTCUT, card)
        await office.sandbox.until(lambda: office.person("ana").modal)
        assert await office.person("ana").submit({"What should it do?": "order 8"}) == {}
        second = await office.card(count=2)
        assert second["thread_ts"] != card["thread_ts"]


async def test_a_stranger_starts_nothing(open_office: OpenOffice) -> None:
    async with open_office(AGENTS) as office:
        message = await office.person("ana").say("order 7", channel="shared")
        await office.person("eve").shortcut(SHORTCUT, message)
        await settle(office)
        assert office.person("eve").modal is None
        assert await office.bot.desk.ledger.threads() == []
