from itertools import permutations

import pytest

from tests.examples_kit import Conversation, Effects, Talk, labels

EUROPE, AMERICA, ASIA = REGIONS = [f"Deploy checkout 2.4.1 to {name}?" for name in ("Europe", "America", "Asia")]


async def planned(talk: Talk) -> Conversation:
    deploy = talk("deploy")
    await deploy.write("checkout 2.4.1")
    return deploy


async def test_each_region_has_a_card_of_its_own(talk: Talk, effects: Effects) -> None:
    deploy = await planned(talk)
    assert deploy.titles == REGIONS
    cards = [deploy.card_of(title) for title in REGIONS]
    assert [card.fields for card in cards] == [
        {"release": "checkout 2.4.1", "start": start} for start in ("22:00 UTC", "05:00 UTC", "17:00 UTC")
    ]
    assert {tuple(labels(card)) for card in cards} == {("Approve", "Edit", "Reject")}
    assert effects() == []


@pytest.mark.parametrize("order", list(permutations(REGIONS)))
async def test_regions_are_approved_in_any_order_and_shipped_when_all_are(
    talk: Talk, effects: Effects, order: tuple[str, ...]
) -> None:
    deploy = await planned(talk)
    for number, title in enumerate(order, start=1):
        assert effects() == []
        await deploy.press("Approve", title)
        assert deploy.titles == [left for left in REGIONS if left not in order[:number]]
    assert deploy.outcome == (
        "Europe: checkout 2.4.1 is on its way, starting at 22:00 UTC.\n"
        "America: checkout 2.4.1 is on its way, starting at 05:00 UTC.\n"
        "Asia: checkout 2.4.1 is on its way, starting at 17:00 UTC."
    )
    assert [effect["region"] for effect in effects()] == ["Europe", "America", "Asia"]


async def test_a_region_is_shipped_as_edited_and_a_rejected_one_is_not(talk: Talk, effects: Effects) -> None:
    deploy = await planned(talk)
    await deploy.press("Edit", ASIA, Release="checkout 2.4.0", Start="18:30 UTC")
    await deploy.press("Reject", AMERICA, Reason="It is Thanksgiving")
    await deploy.press("Approve", EUROPE)
    assert deploy.outcome == (
        "Europe: checkout 2.4.1 is on its way, starting at 22:00 UTC.\n"
        "America: left as it is, because it was rejected.\n"
        "Asia: checkout 2.4.0 is on its way, starting at 18:30 UTC."
    )
    assert effects() == [
        {"effect": "deployment", "region": "Europe", "release": "checkout 2.4.1", "start": "22:00 UTC"},
        {"effect": "deployment", "region": "Asia", "release": "checkout 2.4.0", "start": "18:30 UTC"},
    ]


async def test_with_all_rejected_nothing_is_shipped(talk: Talk, effects: Effects) -> None:
    deploy = await planned(talk)
    for title in REGIONS:
        await deploy.press("Reject", title)
    assert deploy.outcome is not None
    assert deploy.outcome.count("left as it is") == len(REGIONS)
    assert effects() == []


async def test_the_next_release_needs_all_approvals_again(talk: Talk, effects: Effects) -> None:
    deploy = await planned(talk)
    for title in REGIONS:
        await deploy.press("Approve", title)
    await deploy.write("checkout 2.4.2")
    assert len(deploy.titles) == len(REGIONS)
    for title in list(deploy.titles):
        await deploy.press("Reject", title)
    assert deploy.outcome is not None
    assert "on its way" not in deploy.outcome
    assert len(effects()) == len(REGIONS)
