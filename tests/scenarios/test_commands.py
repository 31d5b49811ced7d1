"""`/agent`, mentions and direct messages: what starts a run, and what people are told when nothing starts."""

import pytest

from bot.sandbox import Fault
from tests.office import TRANSPORTS, OpenOffice, asking, key_of, settle, shown

REFUND = {"refund": asking("How much?"), "announce": asking("Which words?")}


@pytest.mark.parametrize("text", ["/agent", "/agent help", "/agent  HELP "])
async def test_help_lists_every_agent_with_an_example(open_office: OpenOffice, text: str) -> None:
    async with open_office(REFUND) as office:
        said = shown(await office.person("ana").command(text, channel="refunds"))
        assert "`/agent refund order 7`" in said
        assert "*Announce*" in said


async def test_a_name_that_nobody_has_gets_the_nearest_one(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        said = shown(await office.person("ana").command("/agent refnd order <7> & 8", channel="refunds"))
        assert "There is no agent called `refnd`. Did you mean `/agent refund …`?" in said
        assert office.roots() == []


async def test_an_agent_without_a_task_says_what_to_write(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        said = shown(await office.person("ana").command("/agent refund  ", channel="refunds"))
        assert "for example `/agent refund order 7`." in said
        assert office.roots() == []


async def test_what_is_typed_cannot_ping_and_reaches_the_agent_as_typed(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        await ana.command("/agent refund a<b>&c <!channel> &lt;", channel="refunds")
        root = await office.root()
        assert "&lt;!channel&gt;" in root["text"]
        assert "<!channel>" not in root["text"]
        card = await office.card()
        await ana.say("ten", channel="refunds", thread_ts=card["thread_ts"])
        assert "Got 'ten' for a<b>&c <!channel> &lt;." in shown((await office.outcome())["blocks"])


async def test_a_very_long_task_is_cut_on_the_message_and_readable_in_full(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        await ana.command("/agent refund " + "order " * 1500 + "END", channel="refunds")
        root = await office.root()
        assert "END" not in shown(root)
        await ana.press(root, "View everything")
        seen = shown(await office.modal("ana"))
        while "END" not in seen:
            await ana.press(await office.modal("ana"), "Next page")
            await settle(office)
            seen = shown(await office.modal("ana"))


async def test_nothing_starts_where_the_bot_is_no_member(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        office.sandbox.leave("bot", "refunds")
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.sandbox.until(lambda: "I am not a member" in shown(office.sandbox.messages("@ana")))
        await settle(office)
        assert office.sandbox.messages("refunds") == []
        (thread,) = await office.bot.desk.ledger.threads()
        assert thread.status == "stopped"
        assert await office.bot.desk.ledger.unsettled() == []


async def test_a_run_is_one_thread_under_a_message_that_says_who_asked_what(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Send it?"})}) as office:
        ana = office.person("ana")
        told = await ana.command("/agent refund order 7", channel="refunds")
        assert "Starting *Refund*" in shown(told)
        assert "Starting" not in shown(office.sandbox.messages("refunds"))
        root, card = await office.root(), await office.card()
        assert all(words in shown(root["blocks"]) for words in ("*Refund* · <@U0ANA>", "order 7"))
        await office.sees("refunds", root["ts"], "Waiting for an answer")
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        assert {one.get("thread_ts", one["ts"]) for one in office.sandbox.messages("refunds")} == {root["ts"]}


async def test_a_command_delivered_twice_starts_one_run(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        office.sandbox.inject(Fault(delivery="duplicate", kind="/agent"))
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card()
        await settle(office)
        assert len(office.roots()) == 1
        assert len(office.cards()) == 1


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_list_status_and_stop(open_office: OpenOffice, transport: str) -> None:
    async with open_office(REFUND, transport=transport) as office:
        ana = office.person("ana")
        assert "Nothing of yours is running" in shown(await ana.command("/agent list", channel="refunds"))
        await ana.command("/agent refund order 7", channel="refunds")
        card = await office.card()
        listed = shown(await ana.command("/agent list", channel="refunds"))
        assert "*Refund* “order 7” · <@U0ANA>" in listed
        run_id = listed.split("`")[1]
        for command in ("/agent status", f"/agent status {run_id}", f"/agent status `{run_id.upper()}`"):
            assert "Waiting for an answer" in shown(await ana.command(command, channel="refunds"))
        assert "Stopped *Refund*" in shown(await ana.command(f"/agent stop {run_id}", channel="refunds"))
        stopped = await office.sees("refunds", card["ts"], "Run stopped")
        assert "<@U0ANA>" in shown(stopped)
        again = shown(await ana.command(f"/agent stop {run_id}", channel="refunds"))
        assert "ended already" in again
        assert "Nothing of yours" in shown(await ana.command("/agent stop", channel="refunds"))
        assert "I know no run `zz`" in shown(await ana.command("/agent stop zz", channel="refunds"))


async def test_stop_without_an_id_stops_ones_own_latest_run(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana, ben = office.person("ana"), office.person("ben")
        for person, name in ((ana, "refund"), (ana, "announce"), (ben, "refund")):
            await person.command(f"/agent {name} order 7", channel="refunds")
            await settle(office)
        assert "Stopped *Announce*" in shown(await ana.command("/agent stop", channel="refunds"))
        assert "Stopped *Refund*" in shown(await ben.command("/agent stop", channel="refunds"))


async def test_the_start_of_an_id_that_fits_several_runs_stops_none(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        for _ in range(17):  # of any 17 ids two begin with the same character
            await ana.command("/agent refund order 7", channel="refunds")
        threads = await office.bot.desk.ledger.threads()
        starts = [thread.id[0] for thread in threads]
        common = max(starts, key=starts.count)
        said = shown(await ana.command(f"/agent stop {common}", channel="refunds"))
        assert f"Several runs begin with `{common}`" in said


async def test_runs_of_a_direct_message_are_nobody_elses_business(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("How much?")}) as office:
        ana, ben = office.person("ana"), office.person("ben")
        await ana.say("refund my secret", channel="dm")
        await office.card("@ana")
        (thread,) = await office.bot.desk.ledger.threads()
        assert "secret" in shown(await ana.command("/agent list", channel="refunds"))
        assert "secret" not in shown(await ben.command("/agent list", channel="refunds"))
        assert "I know no run" in shown(await ben.command(f"/agent status {thread.id}", channel="refunds"))


async def test_somebody_of_another_workspace_starts_nothing(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        eve = office.person("eve")
        assert "not a valid command" in shown(await eve.command("/agent refund order 7", channel="shared"))
        await eve.say("<@U0ANDON> refund order 7", channel="shared")
        await office.told("eve", "Only people of this workspace", "shared")
        assert not any(message.get("bot_id") for message in office.sandbox.messages("shared"))


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_mention_starts_one_run_though_it_arrives_twice(open_office: OpenOffice, transport: str) -> None:
    async with open_office(REFUND, transport=transport) as office:
        ana = office.person("ana")
        said = await ana.say("<@U0ANDON> refund order 7", channel="refunds")
        card = await office.card()
        await settle(office)
        assert card["thread_ts"] == said["ts"]
        assert len(office.cards()) == 1
        assert not office.roots()[0].get("reactions")
        answer = await ana.say("<@U0ANDON> ten", channel="refunds", thread_ts=said["ts"])
        assert "Got 'ten' for order 7." in shown(await office.outcome())
        await settle(office)
        assert len(await office.bot.desk.ledger.threads()) == 1
        assert answer["thread_ts"] == said["ts"]


async def test_a_direct_message_starts_a_run_in_its_thread(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        ana = office.person("ana")
        said = await ana.say("refund order 7", channel="dm")
        card = await office.card("@ana")
        assert card["thread_ts"] == said["ts"]
        await ana.say("ten", channel="dm", thread_ts=said["ts"])
        assert "Got 'ten' for order 7." in shown(await office.outcome("@ana"))


async def test_where_there_is_one_agent_it_need_not_be_named(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("How much?")}) as office:
        await office.person("ana").say("order 7", channel="dm")
        await office.card("@ana")


@pytest.mark.parametrize("text", ["help", "<@U0ANDON>", "<@U0ANDON> help", "<@U0ANDON> refnd order 7"])
async def test_words_that_start_nothing_are_answered_with_help(open_office: OpenOffice, text: str) -> None:
    async with open_office(REFUND) as office:
        if text == "help":
            await office.person("ana").say(text, channel="dm")
            await office.sandbox.until(lambda: "/agent refund" in shown(office.sandbox.messages("@ana")))
        else:
            await office.person("ana").say(text, channel="refunds")
            await office.told("ana", "`/agent refund order 7`", "refunds")
        assert await office.bot.desk.ledger.threads() == []


async def test_a_command_is_answered_while_another_agent_works(open_office: OpenOffice) -> None:
    async with open_office(REFUND) as office:
        for number in range(5):
            await office.person("ana").command(f"/agent refund order {number}", channel="refunds")
        await settle(office)
        assert len([m for m in office.roots() if key_of(m).startswith("thread:")]) == 5
        assert all(delivery.acked for delivery in office.sandbox.deliveries)
