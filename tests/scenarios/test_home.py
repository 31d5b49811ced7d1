"""The Home tab: what waits for this very person, what they started, and a way there."""

from tests.office import Json, Office, OpenOffice, asking, settle, shown


async def home_of(office: Office, name: str) -> Json:
    """The tab, opened anew."""
    await settle(office)
    person = office.person(name)
    before = len([call for call in office.sandbox.calls if call.method == "views.publish"])
    await person.open_home()
    await office.sandbox.until(
        lambda: len([call for call in office.sandbox.calls if call.method == "views.publish"]) > before
    )
    view: Json | None = person.home
    assert view is not None
    return view


async def test_an_empty_tab_says_how_to_start(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Send <it>?"})}) as office:
        said = shown(await home_of(office, "ana"))
        assert "Waiting for you (0)" in said
        assert "Nothing is waiting for you." in said
        assert "`/agent refund order 7`" in said


async def test_it_shows_what_waits_for_who_asked_and_links_there(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Send <it>?"})}) as office:
        ana = office.person("ana")
        await ana.command("/agent refund order 7", channel="refunds")
        await office.card()
        view = await home_of(office, "ana")
        assert "Waiting for you (1)" in shown(view)
        assert "Send <it>?" in shown(view)
        assert "Started by you" in shown(view)
        before = len(office.sandbox.calls)
        assert await ana.press(view, "Open", nth=0) is None
        await settle(office)
        assert len(office.sandbox.calls) == before
        assert "(0)" in shown(await home_of(office, "ben"))
        await office.person("ben").press(await office.card(), "Approve")
        await office.outcome()
        view = await home_of(office, "ana")
        assert "Waiting for you (0)" in shown(view)
        assert "Finished" in shown(view)


async def test_with_approvers_it_waits_for_them(open_office: OpenOffice) -> None:
    async with open_office(
        {"refund": asking({"question": "Go?"})}, specs={"refund": {"approvers": ("U0BEN",)}}
    ) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        await office.card()
        assert "(1)" in shown(await home_of(office, "ben"))
        assert "(0)" in shown(await home_of(office, "ana"))


async def test_a_reply_is_offered_only_where_it_would_be_an_answer(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking("Which order?")}) as office:
        await office.person("ana").command("/agent refund order 7", channel="refunds")
        assert "reply in this thread" in shown(await office.card())
        view = await home_of(office, "ana")
        assert "Answer…" in shown(view)
        assert "reply in this thread" not in shown(view)


async def drawn(office: Office, name: str, words: str) -> Json:
    """The tab, once it says this."""
    person = office.person(name)
    await office.sandbox.until(lambda: words in shown(person.home))
    view: Json | None = person.home
    assert view is not None
    return view


async def ask(office: Office, task: str = "order 7") -> None:
    await office.person("ana").command(f"/agent refund {task}", channel="refunds")


async def test_a_question_is_answered_on_the_tab_and_moves_to_what_was_decided(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?", "amount": 40})}) as office:
        await ask(office)
        await office.card()
        view = await home_of(office, "ana")
        assert "Amount: " in shown(view)
        await office.person("ana").press(view, "Approve")
        view = await drawn(office, "ana", "Waiting for you (0)")
        assert "Decided lately" in shown(view)
        assert "✅ *Approved* by <@U0ANA>" in shown(view)
        assert "Got True" in shown(await office.outcome())


async def test_a_form_opened_from_the_tab_decides_and_the_tab_follows(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?", "amount": 40})}) as office:
        await ask(office)
        await office.card()
        await office.person("ana").press(await home_of(office, "ana"), "Edit…")
        await office.modal("ana")
        assert await office.person("ana").submit({"Amount": "25"}) == {}
        assert "Approved with changes" in shown(await drawn(office, "ana", "Waiting for you (0)"))


async def test_a_refusal_is_said_on_the_tab_where_it_was_pressed(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?"})}) as office:
        await ask(office)
        card = await office.card()
        old = await home_of(office, "ana")
        await office.person("ben").press(card, "Approve")
        await office.outcome()
        await office.person("ana").press(old, "Approve")
        assert "Waiting for you (0)" in shown(await drawn(office, "ana", "<@U0BEN> approved this"))


async def test_buttons_on_the_tab_work_after_a_restart(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?"})}) as office:
        await ask(office)
        await office.card()
        view = await home_of(office, "ana")
        await office.stop_bot()
        await office.start_bot()
        await office.person("ana").press(view, "Approve")
        await drawn(office, "ana", "Waiting for you (0)")


async def test_a_run_is_stopped_from_the_tab(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "Go?"})}) as office:
        await ask(office)
        await office.card()
        await office.person("ana").press(await home_of(office, "ana"), "Stop the run")
        await office.modal("ana")
        assert await office.person("ana").submit() == {}
        view = await drawn(office, "ana", "Waiting for you (0)")
        assert "Run stopped by <@U0ANA>" in shown(view)
        assert "Stop the run" not in shown(view)


async def test_many_questions_come_in_pages(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "x" * 5000})}) as office:
        for number in range(14):
            await ask(office, f"{'order ' * 200}{number}")
        await office.card(count=14)
        view = await home_of(office, "ana")
        assert "Waiting for you (14)" in shown(view)
        assert "1 to 6 of 14" in shown(view)
        await office.person("ana").press(view, "Next page")
        await office.person("ana").press(await drawn(office, "ana", "7 to 12 of 14"), "Next page")
        view = await drawn(office, "ana", "13 to 14 of 14")
        assert "Next page" not in shown(view)
        await office.person("ana").press(view, "Approve", nth=0)
        await office.person("ana").press(await drawn(office, "ana", "13 to 13 of 13"), "Approve", nth=0)
        await drawn(office, "ana", "7 to 12 of 12")
        assert all(call.response.get("ok") for call in office.sandbox.calls)
