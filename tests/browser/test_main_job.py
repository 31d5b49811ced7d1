"""The main job as a user does it: `andon demo`, the page, a refund edited and approved, and a SIGKILL in between."""

import asyncio
import re
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, expect

ROOT = Path(__file__).parents[2]


@asynccontextmanager
async def demo(data_dir: Path, port: int) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the demo the way `make demo` does; give its process once it has printed the page's address."""
    environ = {"PATH": "/usr/bin:/bin", "ANDON_DATA_DIR": str(data_dir), "PYTHONDONTWRITEBYTECODE": "1"}
    command = (sys.executable, "-m", "bot", "demo", "--port", str(port))
    process = await asyncio.create_subprocess_exec(*command, cwd=ROOT, env=environ, stdout=asyncio.subprocess.PIPE)
    assert process.stdout is not None
    try:
        async with asyncio.timeout(30):
            while f"http://127.0.0.1:{port}" not in (await process.stdout.readline()).decode():
                pass
        yield process
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def open_page(browser: Browser, port: int) -> Page:
    expect.set_options(timeout=15_000)
    page = await browser.new_page(viewport={"width": 1400, "height": 900})
    await page.goto(f"http://127.0.0.1:{port}")
    await expect(page.get_by_text("Andon is connected")).to_be_visible()
    return page


async def ask_for_a_refund(page: Page) -> None:
    composer = page.get_by_role("combobox", name=re.compile("^Message "))
    await composer.fill("/agent refund order 7")
    await composer.press("Enter")
    await page.get_by_role("button", name=re.compile("1 reply")).click()


async def become(page: Page, name: str) -> None:
    await page.get_by_role("radio", name=name).check(force=True)


async def edit_and_approve(page: Page) -> None:
    """Try "lots", which is an error at its field, then 25.50."""
    await page.get_by_role("button", name=re.compile("^Edit")).click()
    dialog = page.get_by_role("dialog")
    amount = dialog.get_by_label("Amount")
    submit = dialog.get_by_role("button", name="Approve with changes")
    await amount.fill("lots")
    await submit.click()
    await expect(dialog).to_contain_text("valid number")
    await amount.fill("25.50")
    await submit.click()
    await expect(dialog).to_be_hidden()


async def expect_the_end(page: Page) -> None:
    thread = page.get_by_role("complementary", name="Thread")
    await expect(thread).to_contain_text("Approved with changes by @ben")
    await expect(thread).to_contain_text("40.0 → 25.5")
    await expect(thread).to_contain_text("Refunded 25.50 EUR")
    await expect(thread.get_by_role("heading", name=re.compile("^Refund 40.00 EUR"))).to_have_count(1)


async def test_a_refund_from_the_command_to_the_outcome(browser: Browser, tmp_path: Path, unused_tcp_port: int) -> None:
    async with demo(tmp_path, unused_tcp_port):
        page = await open_page(browser, unused_tcp_port)
        await ask_for_a_refund(page)
        await become(page, "ben")
        await edit_and_approve(page)
        await expect_the_end(page)


async def test_the_bot_is_killed_by_the_page_and_nothing_is_lost(
    browser: Browser, tmp_path: Path, unused_tcp_port: int
) -> None:
    async with demo(tmp_path, unused_tcp_port):
        page = await open_page(browser, unused_tcp_port)
        await ask_for_a_refund(page)
        await expect(page.get_by_role("button", name=re.compile("^Edit"))).to_be_visible()
        await page.get_by_role("button", name="Traffic and faults").click()
        await page.get_by_role("tab", name="Workspace").click()
        await page.get_by_role("button", name="Kill the bot (SIGKILL)").click()
        await expect(page.get_by_text("Andon is connected")).to_be_hidden()
        await page.get_by_role("button", name="Start the bot").last.click()
        await expect(page.get_by_text("Andon is connected")).to_be_visible()
        await page.get_by_role("button", name="Traffic and faults").click()
        await become(page, "ben")
        await edit_and_approve(page)
        await expect_the_end(page)


@pytest.mark.timeout(120)
async def test_everything_is_killed_and_nothing_is_lost(browser: Browser, tmp_path: Path, unused_tcp_port: int) -> None:
    async with demo(tmp_path, unused_tcp_port) as process:
        page = await open_page(browser, unused_tcp_port)
        await ask_for_a_refund(page)
        await expect(page.get_by_role("button", name=re.compile("^Edit"))).to_be_visible()
        process.kill()
        await process.wait()
    async with demo(tmp_path, unused_tcp_port):
        page = await open_page(browser, unused_tcp_port)
        await page.get_by_role("button", name=re.compile("1 reply")).click()
        await become(page, "ben")
        await edit_and_approve(page)
        await expect_the_end(page)
