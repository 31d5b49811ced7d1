import pytest

from tests.examples_kit import Talk, labels

ARUBA = (
    "How about Aruba? I like that it is warm all year and the sea is calm. Ask me about the journey, or about hotels."
)
WHERE = "Where do you want to stay? I know Aruba, Zermatt, Lisbon."
GOODBYE = "Have a good trip! Write here again whenever you like."


async def test_the_answer_of_an_adviser_is_the_question_to_reply_to(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("somewhere warm in the Caribbean")
    assert (travel.titles, labels(travel.card)) == ([ARUBA], ["Answer"])


@pytest.mark.parametrize(
    ("wish", "place"), [("the sea!", "Aruba"), ("I like skiing", "Zermatt"), ("a city with museums", "Lisbon")]
)
async def test_the_travel_adviser_knows_a_place_for_each_wish(talk: Talk, wish: str, place: str) -> None:
    travel = talk("travel")
    await travel.write("hello")
    assert travel.titles == ["What do you feel like: sun, snow or a city?"]
    await travel.reply(wish)
    assert travel.titles[0].startswith(f"How about {place}?")


async def test_each_adviser_hands_over_when_asked_about_the_others_subject(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("somewhere warm in the Caribbean")
    for said, answer in (
        ("which hotel?", "In Aruba I would choose the Lighthouse, from 180 EUR a night."),
        ("that is not cheap", "The best price in Aruba is Casa Azul, from 70 EUR a night."),
        ("and the journey?", "Fly to Oranjestad, then it is ten minutes by bus."),
        ("rather snow", "How about Zermatt?"),
        ("what about a room there", "In Zermatt I would choose the Grand Chalet"),
        ("something cheaper", "The best price in Zermatt is Pension Arve"),
    ):
        await travel.reply(said)
        assert travel.titles[0].startswith(answer)


async def test_the_hotel_adviser_keeps_talking_until_asked_about_the_journey(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("a hotel, please")
    assert travel.titles == [WHERE]
    await travel.reply("I do not know")
    assert travel.titles == [WHERE]
    await travel.reply("Lisbon")
    assert travel.titles[0].startswith("In Lisbon I would choose the Palace of Stairs")


async def test_a_reply_about_both_subjects_is_for_one_of_them(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("the journey and a hotel")
    assert travel.titles == [WHERE]


@pytest.mark.parametrize("farewell", ["bye", "Thanks!", "Thank you, that is all", "goodbye then"])
@pytest.mark.parametrize("first", ["the sea", "a hotel in Lisbon"])
async def test_either_adviser_says_goodbye(talk: Talk, first: str, farewell: str) -> None:
    travel = talk("travel")
    await travel.write(first)
    await travel.reply(farewell)
    assert travel.outcome == GOODBYE


async def test_thanks_with_a_question_is_no_farewell(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("somewhere warm")
    await travel.reply("thanks, and which hotel?")
    assert travel.titles[0].startswith("In Aruba I would choose")


async def test_after_the_end_the_same_adviser_goes_on(talk: Talk) -> None:
    travel = talk("travel")
    await travel.write("a hotel in Lisbon")
    await travel.reply("thanks")
    await travel.write("one more thing: is there a cheaper one")
    assert travel.titles[0].startswith("The best price in Lisbon")
