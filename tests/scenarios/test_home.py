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
        assert "Send &lt;it&gt;?" in shown(view)
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


async def test_many_runs_fit(open_office: OpenOffice) -> None:
    async with open_office({"refund": asking({"question": "x" * 5000})}) as office:
        for number in range(30):
            await office.person("ana").command(f"/agent refund {'order ' * 200}{number}", channel="refunds")
        await office.card(count=30)
        said = shown(await home_of(office, "ana"))
        assert "Waiting for you (30)" in said
        assert "and 10 more" in said
        assert all(call.response.get("ok") for call in office.sandbox.calls)
