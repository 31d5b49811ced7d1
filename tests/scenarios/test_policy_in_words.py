"""`/agent policy`: who may answer, in words, and which line of the configuration says so."""

from bot.sandbox import Fault
from tests.office import OpenOffice, asking
from tests.scenarios.test_policy import QUESTION, with_policy

FULL = with_policy(
    approvers=("@finance", "U0ANA"),
    no_self_approval=True,
    required=2,
    auto_approve=("amount < 50",),
    deadline="4h",
    escalate_to=("@ops",),
    business_hours="Mon-Fri 09:00-17:00 Europe/Berlin",
    tools={"look_up": {"approvers": ("channel",), "required": 1}},
)


async def test_a_policy_is_told_in_words_with_its_sources(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=FULL) as office:
        answer = await office.person("ben").command("/agent policy refund", channel="refunds")
    assert answer is not None
    mine, theirs = "(`[agents.refund.policy]`)", "(`[agents.refund.policy.tools.look_up]`)"
    assert answer["text"].splitlines() == [
        "*Refund*: who may answer",
        f"• @finance or <@U0ANA> may answer {mine}",
        f"• Whoever asked may not answer {mine}",
        f"• 2 people have to agree; one rejection is enough {mine}",
        "• Guests may not answer; apps, deactivated accounts and other organisations never may (default)",
        f"• Approved without asking anybody: `amount &lt; 50` {mine}",
        "• A reminder in the conversation after 2h (default)",
        "• A direct message to those who may answer after 3h (default)",
        "• @ops may answer too after 3h 30m (default)",
        f"• Rejected automatically after 4h {mine}",
        f"• The clock runs Mon-Fri 09:00-17:00 Europe/Berlin {mine}",
        "As of now: <@U0ANA>, <@U0CARLA>",
        "For `look_up`",
        f"• members of this channel may answer {theirs}",
        f"• Whoever asked may not answer {mine}",
        "• Guests may not answer; apps, deactivated accounts and other organisations never may (default)",
        f"• Approved without asking anybody: `amount &lt; 50` {mine}",
        "• A reminder in the conversation after 2h (default)",
        "• A direct message to those who may answer after 3h (default)",
        "• @ops may answer too after 3h 30m (default)",
        f"• Rejected automatically after 4h {mine}",
        f"• The clock runs Mon-Fri 09:00-17:00 Europe/Berlin {mine}",
        (
            "A question can ask for less than this, never for more. Members are looked up every 5m, "
            "and again before anybody is refused."
        ),
    ]


async def test_without_a_policy_everybody_may_answer(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}) as office:
        answer = await office.person("ben").command("/agent policy", channel="refunds")
        assert answer is not None
        assert "• Everybody of this workspace who sees the question may answer (default)" in answer["text"]
        assert "As of now" not in answer["text"]


async def test_a_policy_is_told_though_nobody_can_be_looked_up(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION)}, specs=with_policy(approvers=("S0OPS",))) as office:
        office.sandbox.inject(Fault(method="usergroups.users.list", kind="500", times=9))
        answer = await office.person("ben").command("/agent policy refund", channel="refunds")
        assert answer is not None
        assert "<!subteam^S0OPS> may answer" in answer["text"]
        assert "Who that is I could not look up just now." in answer["text"]


async def test_a_policy_needs_an_agent(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking(QUESTION), "deploy": asking(QUESTION)}) as office:
        answer = await office.person("ben").command("/agent policy nothing", channel="refunds")
        assert answer is not None
        assert answer["text"] == "Whose policy? `/agent policy refund`, `/agent policy deploy`"
