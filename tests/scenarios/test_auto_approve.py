"""What policy approves without asking anybody, told in the conversation all the same."""

import pytest

from runtime.hitl import Approval
from tests.office import OpenOffice, asking, shown
from tests.scenarios.test_policy import with_policy

CHEAP = with_policy(auto_approve=("amount < 50",))


@pytest.mark.parametrize(
    ("payload", "got"),
    [
        (
            Approval(title="Refund order 7?", args={"amount": 40}),
            "approved=True, action='approve', args={'amount': 40}",
        ),
        ({"question": "Refund order 7?", "amount": 40}, "Got True"),
    ],
)
async def test_what_a_rule_approves_nobody_is_asked(open_office: OpenOffice, payload: object, got: str) -> None:
    async with open_office({"refund": asking(payload)}, specs=CHEAP) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert got in shown(await office.outcome())
        (card,) = office.cards()
        assert "✅ *Approved automatically*: amount &lt; 50" in shown(card)
        trail = await office.bot.desk.ledger.trail((await office.bot.desk.ledger.threads())[0].id)
        assert ("answer", None, "approved by rule: amount < 50") in [(e["what"], e["by"], e["detail"]) for e in trail]


async def test_what_no_rule_approves_is_asked(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Refund?", "amount": 50})}, specs=CHEAP) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert "automatically" not in shown(await office.card())
