from tests.examples_kit import Effects, Talk, labels

FIRST = "Hello everyone,\n\nThe office closes at noon on Friday.\n\nAny questions? Reply right here."


async def test_the_draft_can_be_published_edited_sent_back_or_discarded(talk: Talk, effects: Effects) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    assert announce.card.title == "Publish this announcement?"
    assert announce.card.fields == {"announcement": FIRST}
    assert labels(announce.card) == ["Publish", "Edit text", "Ask for another draft", "Discard"]
    assert effects() == []


async def test_publishing_puts_the_draft_on_the_board(talk: Talk, effects: Effects) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday.")
    await announce.press("Publish")
    assert announce.outcome == f"Published:\n\n{FIRST}"
    assert effects() == [{"effect": "announcement", "text": FIRST}]


async def test_an_edited_text_is_shown_once_more_before_it_is_published(talk: Talk, effects: Effects) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    await announce.press("Edit text", Announcement="Closed from Friday noon.\nSee you on Monday!")
    assert announce.card.fields == {"announcement": "Closed from Friday noon.\nSee you on Monday!"}
    assert effects() == []
    await announce.press("Publish")
    assert effects() == [{"effect": "announcement", "text": "Closed from Friday noon.\nSee you on Monday!"}]


async def test_editing_starts_from_the_draft_and_cannot_leave_nothing(talk: Talk) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    assert announce.refused("Edit text", Announcement=None) == {"Announcement": "Fill this in."}
    await announce.press("Edit text")
    assert announce.card.fields == {"announcement": FIRST}


async def test_feedback_makes_another_draft_as_often_as_people_like(talk: Talk) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    await announce.press("Ask for another draft", Your_answer="The canteen closes too.")
    assert announce.card.fields == {
        "announcement": "Hello everyone,\n\nThe office closes at noon on Friday.\n\n"
        "Please also note: The canteen closes too.\n\nAny questions? Reply right here."
    }
    await announce.press("Ask for another draft", Your_answer="Much shorter, please")
    assert announce.card.fields == {"announcement": "The office closes at noon on Friday."}


async def test_feedback_has_to_say_something(talk: Talk) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    assert announce.refused("Ask for another draft") == {"Your answer": "Write an answer."}


async def test_a_discarded_announcement_is_not_published(talk: Talk, effects: Effects) -> None:
    announce = talk("announce")
    await announce.write("the office closes at noon on Friday")
    await announce.press("Discard")
    assert announce.outcome == "The announcement was discarded. Nothing was published."
    assert effects() == []


async def test_the_next_announcement_starts_without_the_feedback_of_the_last(talk: Talk) -> None:
    announce = talk("announce")
    await announce.write("the lift is out of order")
    await announce.press("Ask for another draft", Your_answer="short!")
    await announce.press("Discard")
    await announce.write("the office closes at noon on Friday")
    assert announce.card.fields == {"announcement": FIRST}
