"""The sandbox's page in a real browser, against a real Bolt app: what people see and can do, mouse or keyboard."""

from __future__ import annotations

import base64
import re
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Locator, Page, expect
from slack_sdk.web.async_client import AsyncWebClient

from bot.sandbox import Fault, Sandbox

Json = dict[str, Any]

_PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAQAAAC1HAwCAAAAC0lEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)

with_desk = pytest.mark.usefixtures("desk")


def composer(page: Page) -> Locator:
    return page.get_by_role("combobox", name=re.compile("^Message "))


def thread(page: Page) -> Locator:
    return page.get_by_role("complementary", name="Thread")


def card(page: Page) -> Locator:
    return page.get_by_role("main").get_by_role("listitem").filter(has_text="Send a refund of $250?").last


async def run_command(page: Page, text: str = "/agent refund order 7") -> Locator:
    """Send a slash command and wait for the card."""
    await composer(page).fill(text)
    await composer(page).press("Enter")
    await expect(card(page)).to_be_visible()
    return card(page)


async def test_the_first_visit_is_ana_in_refunds_with_a_hint(page: Page) -> None:
    await expect(page.get_by_role("radio", name="ana")).to_be_checked()
    await expect(page.get_by_role("heading", name="# refunds")).to_be_visible()
    await page.get_by_role("button", name="Try /agent help").click()
    await expect(composer(page)).to_have_value("/agent help")
    assert page.url.endswith("#ana/C0REFUNDS")


async def test_without_a_bot_the_page_says_so_and_a_command_fails_visibly(page: Page) -> None:
    await expect(page.get_by_text("No bot is connected. Commands and buttons fail")).to_be_visible()
    await composer(page).fill("/agent help")
    await composer(page).press("Enter")
    await expect(page.get_by_text("/agent failed with the error")).to_be_visible()


@with_desk
async def test_a_slash_suggests_the_commands_with_their_description(page: Page) -> None:
    await composer(page).press_sequentially("/")
    suggestion = page.get_by_role("option", name="/agent Talk to an agent")
    await expect(suggestion).to_have_attribute("aria-selected", "true")
    await composer(page).press("Tab")
    await expect(composer(page)).to_have_value("/agent ")
    await expect(page.get_by_role("listbox")).to_be_hidden()


@with_desk
async def test_a_command_is_answered_privately_and_posts_its_card(page: Page) -> None:
    await run_command(page)
    private = page.get_by_role("listitem").filter(has_text="Only visible to you")
    await expect(private).to_contain_text("Starting refund order 7…")
    await expect(private.locator("b", has_text="refund order 7")).to_be_visible()
    await expect(card(page).get_by_role("heading", name="Send a refund of $250?")).to_be_visible()
    await private.get_by_role("button", name="Dismiss").click()
    await expect(private).to_have_count(0)


@with_desk
async def test_a_pressed_button_is_busy_until_the_bot_has_acked(page: Page, sandbox: Sandbox) -> None:
    await run_command(page)
    sandbox.inject(Fault(delivery="delay", kind="block_actions", seconds=0.5))
    approve = card(page).get_by_role("button", name="Approve")
    await approve.click()
    await expect(approve).to_have_attribute("aria-busy", "true")
    await expect(card(page)).to_contain_text("Approved by @ana")
    await expect(card(page).get_by_role("img", name=":white_check_mark:")).to_be_visible()
    await expect(card(page).get_by_role("button", name="Approve")).to_have_count(0)


@with_desk
async def test_a_click_the_bot_never_acks_warns_on_the_message(page: Page, sandbox: Sandbox) -> None:
    await run_command(page)
    sandbox.inject(Fault(delivery="lose_ack", kind="block_actions"))
    await card(page).get_by_role("button", name="Edit…").click()
    await expect(card(page).get_by_role("alert")).to_contain_text("did not respond")


@with_desk
async def test_a_dangerous_button_asks_first_and_a_no_changes_nothing(page: Page, sandbox: Sandbox) -> None:
    await run_command(page)
    question = page.get_by_role("alertdialog", name="Forget order 7?")
    await card(page).get_by_role("button", name="Forget").click()
    await expect(question).to_contain_text("This cannot be undone.")
    await question.get_by_role("button", name="Keep it").click()
    await expect(question).to_have_count(0)
    assert "block_actions" not in [delivery.name for delivery in sandbox.deliveries]
    await card(page).get_by_role("button", name="Forget").click()
    await question.get_by_role("button", name="Forget it").click()
    await expect(card(page)).to_contain_text("Forgotten by @ana")


@with_desk
async def test_a_form_shows_each_error_at_its_field_and_keeps_what_was_typed(page: Page) -> None:
    await run_command(page)
    await card(page).get_by_role("button", name="Edit…").click()
    form = page.get_by_role("dialog", name="Edit and approve")
    amount, note = form.get_by_label("Amount"), form.get_by_label("Note")
    await expect(amount).to_be_focused()
    await note.fill("half of it")
    for wrong, complaint in [("lots", "Please enter a valid number."), ("250", "At most 100.")]:
        await amount.fill(wrong)
        await form.get_by_role("button", name="Approve with changes").click()
        await expect(amount).to_have_accessible_description(complaint)
        await expect(amount).to_have_attribute("aria-invalid", "true")
        await expect(amount).to_be_focused()
        await expect(amount).to_have_value(wrong)
    await expect(note).to_have_value("half of it")
    await amount.fill("25.50")
    await form.get_by_role("button", name="Approve with changes").click()
    await expect(form).to_have_count(0)
    await expect(card(page)).to_contain_text("Approved with 250 25.50 by @ana")
    await expect(card(page).locator("s")).to_have_text("250")


@with_desk
async def test_escape_closes_a_form_without_deciding(page: Page, sandbox: Sandbox) -> None:
    await run_command(page)
    await card(page).get_by_role("button", name="Edit…").click()
    form = page.get_by_role("dialog", name="Edit and approve")
    await form.get_by_label("Amount").press("Escape")
    await expect(form).to_have_count(0)
    await sandbox.until(lambda: sandbox.person("ana").modal is None)
    assert "view_submission" not in [delivery.name for delivery in sandbox.deliveries]
    await expect(card(page).get_by_role("button", name="Approve")).to_be_enabled()


@with_desk
async def test_a_reply_and_its_answer_stay_in_the_thread(page: Page) -> None:
    await run_command(page)
    await card(page).hover()
    await card(page).get_by_role("button", name="Reply in thread").click()
    await thread(page).get_by_role("combobox", name="Reply in thread").fill("only <half> & no more")
    await page.keyboard.press("Enter")
    await expect(thread(page).get_by_role("listitem").last).to_contain_text("Noted: only <half> & no more")
    await expect(page.get_by_role("main").get_by_text("Noted:")).to_have_count(0)
    await expect(card(page).get_by_role("button", name="View thread, 2 replies")).to_be_visible()


@with_desk
async def test_a_reload_returns_to_the_same_person_channel_and_thread(page: Page, sandbox: Sandbox) -> None:
    root = await sandbox.person("ben").say("anybody there?", channel="deploys")
    await page.goto(f"{sandbox.url}/#ben/C0DEPLOYS/{root['ts']}")
    await page.reload()
    await expect(page.get_by_role("radio", name="ben")).to_be_checked()
    await expect(page.get_by_role("heading", name="# deploys")).to_be_visible()
    await expect(thread(page)).to_contain_text("anybody there?")


LEAVE_AS_THE_STATE_ARRIVES = """
const all = Promise.all.bind(Promise);
Promise.all = async (promises) => {
  const results = await all(promises);
  Promise.all = all;
  location.hash = "#ben/C0DEPLOYS";
  return results;
};
"""


async def test_a_link_followed_while_the_page_still_loads_wins(page: Page, sandbox: Sandbox) -> None:
    await page.goto("about:blank")
    await page.add_init_script(LEAVE_AS_THE_STATE_ARRIVES)
    await page.goto(f"{sandbox.url}/")
    await expect(page.get_by_role("radio", name="ben")).to_be_checked()
    await expect(page.get_by_role("heading", name="# deploys")).to_be_visible()


@with_desk
async def test_another_person_sees_the_card_but_not_what_was_private(page: Page) -> None:
    await run_command(page)
    private = page.get_by_text("Only visible to you")
    await expect(private).to_be_visible()
    await page.get_by_title("Act as Ben Baker").click()
    await expect(page.get_by_role("radio", name="ben")).to_be_checked()
    await expect(card(page)).to_be_visible()
    await expect(private).to_have_count(0)
    await card(page).get_by_role("button", name="Approve").click()
    await expect(card(page)).to_contain_text("Approved by @ben")
    await page.get_by_title("Act as Eve Ek (other workspace)").click()
    await expect(page.get_by_role("heading", name="# shared")).to_be_visible()
    await expect(page.get_by_role("link", name="refunds")).to_have_count(0)


async def test_acting_as_somebody_else_stays_in_the_channel_one_looks_at(page: Page) -> None:
    await page.get_by_role("link", name="deploys").click()
    await page.get_by_title("Act as Ben Baker").click()
    await expect(page.get_by_role("radio", name="ben")).to_be_checked()
    await expect(page.get_by_role("heading", name="# deploys")).to_be_visible()


@with_desk
async def test_the_home_tab_shows_what_the_app_published(page: Page) -> None:
    await page.get_by_role("link", name="Andon").click()
    await page.get_by_role("tab", name="Home").click()
    await expect(page.get_by_role("tabpanel", name="Home")).to_contain_text("Waiting for you (1)")
    await expect(page.get_by_role("tab", name="Home")).to_have_attribute("aria-selected", "true")


@with_desk
async def test_everything_on_the_way_to_a_decision_works_by_keyboard_alone(page: Page) -> None:
    keys = page.keyboard
    await expect(composer(page)).to_be_visible()
    await composer(page).focus()
    await keys.type("/agent refund order 7\n")
    await expect(card(page)).to_be_visible()
    for _ in range(20):
        await keys.press("Shift+Tab")
        if await page.evaluate("document.activeElement.textContent") == "Edit…":
            break
    await keys.press("Enter")
    form = page.get_by_role("dialog", name="Edit and approve")
    await expect(form.get_by_label("Amount")).to_be_focused()
    await keys.press("Control+a")
    await keys.type("25\n")
    await expect(card(page)).to_contain_text("Approved with 250 25 by @ana")


@with_desk
async def test_arrow_keys_walk_through_the_messages_to_their_actions(page: Page, sandbox: Sandbox) -> None:
    for text in ("one", "two", "three"):
        await sandbox.person("ana").say(text, channel="refunds")
    message = page.get_by_role("listitem").filter(has_text="two")
    await page.get_by_role("listitem").filter(has_text="three").focus()
    await page.keyboard.press("ArrowUp")
    await expect(message).to_be_focused()
    await page.keyboard.press("Tab")
    await expect(message.get_by_role("button", name="Add reaction")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitem", name=":white_check_mark:")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(message.get_by_role("button", name=":white_check_mark: 1, ana")).to_be_visible()


@with_desk
async def test_one_can_edit_and_delete_only_ones_own_messages(page: Page, sandbox: Sandbox) -> None:
    await sandbox.person("ben").say("mine", channel="refunds")
    await composer(page).fill("helo")
    await composer(page).press("Enter")
    own = page.get_by_role("listitem").filter(has_text=re.compile("hel+o"))
    await composer(page).press("ArrowUp")
    await page.get_by_role("textbox", name="Edit message").fill("hello")
    await page.keyboard.press("Enter")
    await expect(own).to_contain_text("hello (edited)")
    await page.get_by_role("listitem").filter(has_text="mine").hover()
    await page.get_by_role("listitem").filter(has_text="mine").get_by_role("button", name="More actions").click()
    await expect(page.get_by_role("menuitem", name="Copy link")).to_be_visible()
    await expect(page.get_by_role("menuitem", name="Edit message")).to_have_count(0)
    await page.keyboard.press("Escape")
    await own.hover()
    await own.get_by_role("button", name="More actions").click()
    await page.get_by_role("menuitem", name="Delete message…").click()
    await page.get_by_role("alertdialog").get_by_role("button", name="Delete").click()
    await expect(own).to_have_count(0)


MRKDWN = [
    ("*bold* _it_ ~no~ `*code*`", "<b>bold</b> <i>it</i> <s>no</s> <code>*code*</code>"),
    ("*_both_* snake_case_name 2*3*4 * alone *", "<b><i>both</i></b> snake_case_name 2*3*4 * alone *"),
    ("*a <https://example.com/_x_|b>*", '<b>a <a href="https://example.com/_x_" OUT>b</a></b>'),
    ("&amp;lt; &lt;b&gt; &quot;", "&amp;lt; &lt;b&gt; &amp;quot;"),
    ("<javascript:alert(1)|x> <img src=x>", "&lt;javascript:alert(1)|x&gt; &lt;img src=x&gt;"),
    ("&gt; one\n&gt; two\nthree", "<blockquote>one\ntwo</blockquote>three"),
    ("• a\n• b", "• a\n• b"),
    ("```\n*raw*\n``` after", "<pre>*raw*</pre> after"),
    ("<!here> <!subteam^S0OPS>", '<span class="mention me">@here</span> <span class="mention">@ops</span>'),
]


@pytest.mark.parametrize(("text", "html"), MRKDWN)
async def test_mrkdwn_is_read_as_slack_reads_it(page: Page, sandbox: Sandbox, text: str, html: str) -> None:
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    await client.chat_postMessage(channel="C0REFUNDS", text=text)
    shown = await page.get_by_role("listitem").locator(".text").inner_html()
    assert shown == html.replace("OUT", 'target="_blank" rel="noopener noreferrer"')


async def test_a_date_is_shown_in_the_readers_zone(browser: Browser, sandbox: Sandbox) -> None:
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    text = "by <!date^1392734382^{date_num} {date_short} {time}|later>"
    await client.chat_postMessage(channel="C0REFUNDS", text=text)
    page = await browser.new_page(timezone_id="Asia/Tokyo")
    await page.goto(sandbox.url)
    await expect(page.get_by_role("listitem")).to_contain_text("by 2014-02-18 Feb 18, 2014 11:39 PM")


@with_desk
async def test_a_narrow_window_shows_one_pane_at_a_time(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 780})
    await run_command(page)
    await card(page).hover()
    await card(page).get_by_role("button", name="Reply in thread").click()
    await expect(composer(page)).not_to_be_in_viewport()
    await page.get_by_role("button", name="Back").click()
    await expect(thread(page)).to_be_hidden()
    await page.get_by_role("button", name="Channels").click()
    await page.get_by_role("link", name="deploys").click()
    await expect(page.get_by_role("heading", name="# deploys")).to_be_visible()
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


@with_desk
async def test_the_traffic_panel_shows_calls_and_injects_faults(page: Page, sandbox: Sandbox) -> None:
    await page.get_by_role("button", name="Traffic and faults").click()
    await page.get_by_role("tab", name="Workspace").click()
    await page.get_by_label("Method").select_option("chat.postMessage")
    await page.get_by_label("What happens").select_option("500")
    await page.get_by_role("button", name="Add fault").click()
    await expect(page.get_by_text("chat.postMessage 500")).to_be_visible()
    await page.get_by_role("tab", name="Traffic").click()
    await composer(page).fill("/agent refund order 7")
    await composer(page).press("Enter")
    failed = page.get_by_role("list", name="Traffic").get_by_role("listitem").filter(has_text="chat.postMessage")
    await expect(failed.locator(".bad")).to_be_visible()
    await failed.locator("summary").click()
    await expect(failed).to_contain_text('"text": "Send a refund of $250?"')


async def test_the_newest_of_two_thousand_messages_is_on_the_screen(page: Page, sandbox: Sandbox) -> None:
    ben = sandbox.person("ben")
    for number in range(2000):
        await ben.say(f"message {number}", channel="refunds")
    await page.reload()
    await expect(page.get_by_text("message 1999", exact=True)).to_be_in_viewport()
    await page.get_by_role("log").evaluate("log => { log.scrollTop = 0; }")
    await expect(page.get_by_text("message 1800", exact=True)).to_be_attached()


def _input(element_type: str, label: str, **more: Any) -> Json:
    element = {"type": element_type, "action_id": "value", **more}
    name = {"type": "plain_text", "text": label}
    return {"type": "input", "block_id": element_type, "optional": True, "label": name, "element": element}


def _options(*values: str) -> list[Json]:
    return [{"value": value, "text": {"type": "plain_text", "text": value.title()}} for value in values]


async def test_every_kind_of_input_is_sent_as_slack_sends_it(page: Page, sandbox: Sandbox) -> None:
    """On the Home tab, which takes most inputs; `state.values` goes along with any action there."""
    send = {"type": "button", "action_id": "send", "text": {"type": "plain_text", "text": "Send"}}
    blocks = [
        _input("plain_text_input", "Text"),
        _input("static_select", "Select", options=_options("a", "b")),
        _input("multi_static_select", "Several", options=_options("x", "y", "z")),
        _input("radio_buttons", "Radio", options=_options("yes", "no")),
        _input("checkboxes", "Boxes", options=_options("left", "right"), initial_options=_options("right")),
        _input("datepicker", "Day"),
        _input("timepicker", "Time", initial_time="08:00"),
        _input("users_select", "Person"),
        {"type": "actions", "elements": [send]},
    ]
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    await client.views_publish(user_id="U0ANA", view={"type": "home", "blocks": blocks})
    await page.goto(f"{sandbox.url}/#ana/D0ANA/home")
    home = page.get_by_role("tabpanel", name="Home")
    await home.get_by_label("Text").fill("words")
    await home.get_by_label("Select").select_option("B")
    await home.get_by_label("Several").click()
    await page.get_by_role("menuitemcheckbox", name="X").click()
    await page.get_by_role("menuitemcheckbox", name="Z").click()
    await page.keyboard.press("Escape")
    await home.get_by_role("radio", name="No").check()
    await home.get_by_role("checkbox", name="Left").check()
    await home.get_by_label("Day").fill("2026-01-31")
    await home.get_by_label("Person").select_option("Ben Baker (ben)")
    await home.get_by_role("button", name="Send").click()
    pressed = await sandbox.until(lambda: next(d for d in sandbox.deliveries if d.name == "block_actions"))
    values = pressed.payload["view"]["state"]["values"]
    assert {kind: _shortened(row["value"]) for kind, row in values.items()} == {
        "plain_text_input": {"value": "words"},
        "static_select": {"selected_option": "b"},
        "multi_static_select": {"selected_options": ["x", "z"]},
        "radio_buttons": {"selected_option": "no"},
        "checkboxes": {"selected_options": ["left", "right"]},
        "datepicker": {"selected_date": "2026-01-31"},
        "timepicker": {"selected_time": "08:00"},
        "users_select": {"selected_user": "U0BEN"},
    }


def _shortened(entry: Json) -> Json:
    """An entry of `state.values` without its type, options by their value."""

    def short(held: Any) -> Any:
        if isinstance(held, list):
            return [short(one) for one in held]
        return held["value"] if isinstance(held, dict) else held

    return {key: short(held) for key, held in entry.items() if key != "type"}


async def test_a_block_the_page_cannot_draw_is_named(page: Page, sandbox: Sandbox) -> None:
    cell = {"type": "raw_text", "text": "one"}
    blocks: list[Json] = [{"type": "divider"}, {"type": "table", "rows": [[cell]]}]
    client = AsyncWebClient(token=sandbox.bot_token, base_url=sandbox.api_url)
    await client.chat_postMessage(channel="C0REFUNDS", text="a table", blocks=blocks)
    await expect(page.get_by_role("listitem").filter(has_text="Unsupported block: table")).to_be_visible()


class _Process:
    """A bot's process that is only a word."""

    def __init__(self) -> None:
        self.running = True

    def state(self) -> Json:
        return {"state": "running", "pid": 4242} if self.running else {"state": "stopped", "pid": None}

    async def kill(self) -> None:
        self.running = False

    async def start(self) -> None:
        self.running = True


async def test_the_bot_can_be_killed_and_started_again_from_the_page(browser: Browser) -> None:
    async with Sandbox(process_control=_Process()) as sandbox:
        page = await browser.new_page()
        await page.goto(sandbox.url)
        await page.get_by_role("button", name="No bot connected").click()
        await expect(page.get_by_text("(pid 4242)")).to_be_visible()
        await page.get_by_role("button", name="Kill the bot (SIGKILL)").click()
        await expect(page.get_by_text("The bot is stopped.")).to_be_visible()
        await page.get_by_role("button", name="Start the bot").first.click()
        await expect(page.get_by_text("The bot is stopped.")).to_have_count(0)
        await expect(page.get_by_role("button", name="Kill the bot (SIGKILL)")).to_be_enabled()
        await page.close()


async def test_the_page_comes_back_by_itself_after_the_sandbox_was_away(browser: Browser, tmp_path: Path) -> None:
    page = await browser.new_page()
    async with Sandbox(data_dir=tmp_path) as sandbox:
        await page.goto(sandbox.url)
        await sandbox.person("ben").say("before", channel="refunds")
        await expect(page.get_by_text("before")).to_be_visible()
        port = int(sandbox.url.rsplit(":", 1)[1])
    await expect(page.get_by_text("The sandbox does not answer.")).to_be_visible()
    async with Sandbox(data_dir=tmp_path, port=port) as sandbox:
        await expect(page.get_by_text("The sandbox does not answer.")).to_have_count(0)
        await sandbox.person("ben").say("after", channel="refunds")
        await expect(page.get_by_text("before")).to_be_visible()
        await expect(page.get_by_text("after")).to_be_visible()
    await page.close()


async def test_a_working_app_shows_its_status_its_plan_and_its_text(page: Page, sandbox: Sandbox) -> None:
    client = AsyncWebClient(sandbox.bot_token, base_url=sandbox.api_url)
    root = await client.chat_postMessage(channel="C0REFUNDS", text="Refund order 7")
    await page.goto(f"{sandbox.url}/#ana/C0REFUNDS/{root['ts']}")
    here: Json = {"channel": "C0REFUNDS", "thread_ts": root["ts"]}
    await client.assistant_threads_setStatus(channel_id="C0REFUNDS", thread_ts=root["ts"], status="is looking it up …")
    await expect(thread(page).get_by_role("status")).to_have_text("Andon is looking it up …")
    who: Json = {"recipient_user_id": "U0ANA", "recipient_team_id": "T0ANDON"}
    stream = await client.chat_startStream(**here, **who, task_display_mode="plan", markdown_text="I *found* it")
    await expect(thread(page).get_by_role("status")).to_be_hidden()
    step = {"type": "task_update", "id": "1", "title": "Look up", "status": "complete"}
    where = {"channel": "C0REFUNDS", "ts": stream["ts"]}
    await client.chat_appendStream(**where, chunks=[{"type": "plan_update", "title": "Refund"}, step])
    await expect(thread(page).get_by_text("writing …")).to_be_visible()
    await expect(thread(page).get_by_role("listitem").filter(has_text="Look up").last).to_contain_text("done")
    await client.chat_stopStream(**where)
    await expect(thread(page).get_by_text("writing …")).to_be_hidden()


async def test_an_uploaded_picture_is_shown_with_its_description(page: Page, sandbox: Sandbox) -> None:
    client = AsyncWebClient(sandbox.bot_token, base_url=sandbox.api_url)
    file: Json = {"filename": "graph.png", "content": _PIXEL, "alt_txt": "A graph: start, pay, end"}
    await client.files_upload_v2(channel="C0REFUNDS", **file)
    await expect(page.get_by_role("img", name="A graph: start, pay, end")).to_be_visible()
