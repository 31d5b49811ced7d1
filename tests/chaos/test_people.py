"""The people of the chaos runs do what people do, on a slow machine too."""

import pytest

from bot.sandbox import Fault
from tests.chaos.kinds import lives
from tests.chaos.runs import prepared
from tests.office import is_open


@pytest.mark.filterwarnings("ignore:coroutine .* was never awaited")  # what was killed before it began
@pytest.mark.timeout(300)
async def test_a_form_that_comes_up_late_is_not_taken_for_another_one() -> None:
    async with prepared("memory/current/0", patience=120.0) as run, lives(run, []):
        crowd, channel = run.crowd, run.crowd.channel
        await run.sandbox.until(lambda: run.sandbox.connections, timeout=120.0)
        await run.sandbox.person("ana").command("/agent order lamp", channel=channel)
        await run.sandbox.until(lambda: sum(map(is_open, run.sandbox.messages(channel))) == 2, timeout=120.0)
        pay, ship = filter(is_open, run.sandbox.messages(channel))
        run.inject([Fault(method="views.open", kind="slow", seconds=0.6, times=2)])
        for card in (pay, ship):
            await crowd._edit(card)
