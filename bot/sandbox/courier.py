"""Deliveries to the bot: deadlines, Slack's retries of events, injected faults, and the record of it all.

Interactions are tried once and the person hears of a failure. Events are tried again after each of
`retry_delays`; in Socket Mode they are lost when no bot is connected, as with Slack.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from typing import Any

from bot.sandbox.faults import Faults
from bot.sandbox.traffic import Delivery, Traffic
from bot.sandbox.transports import TIMEOUT, Answer, Parcel, Transport


class Courier:
    def __init__(
        self,
        transport: Transport,
        *,
        faults: Faults,
        traffic: Traffic,
        now: Callable[[], float],
        ack_seconds: float,
        retry_delays: tuple[float, ...],
    ) -> None:
        self._transport = transport
        self._faults = faults
        self._traffic = traffic
        self._now = now
        self._ack_seconds = ack_seconds
        self._retry_delays = retry_delays
        self._tasks: set[asyncio.Task[Any]] = set()

    async def deliver(self, parcel: Parcel) -> Answer:
        """One attempt, with whatever faults wait for it."""
        delay = self._faults.for_delivery("delay", parcel.name)
        if delay is not None:
            await asyncio.sleep(delay.seconds)
        if self._faults.for_delivery("lose", parcel.name):
            return Answer(error=TIMEOUT)
        if self._faults.for_delivery("duplicate", parcel.name):
            self._background(self._attempt(parcel))
        echo = self._faults.for_delivery("echo", parcel.name)
        if echo is not None:
            self._background(self._again(parcel, echo.seconds))
        answer = await self._attempt(parcel)
        if answer.error == "" and self._faults.for_delivery("lose_ack", parcel.name):
            return Answer(error=TIMEOUT)
        return answer

    def post_event(self, name: str, payload: dict[str, Any]) -> None:
        """Deliver an event in the background, with retries."""
        self._background(self._deliver_event(Parcel(kind="events_api", name=name, payload=payload)))

    def post_interaction(self, name: str, payload: dict[str, Any]) -> None:
        """Deliver an interaction nobody waits for, such as view_closed."""
        self._background(self.deliver(Parcel(kind="interactive", name=name, payload=payload)))

    async def close(self) -> None:
        """Forget what is still under way."""
        tasks = tuple(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _deliver_event(self, parcel: Parcel) -> None:
        if not self._transport.reachable():
            return
        answer = await self.deliver(parcel)
        for attempt, delay in enumerate(self._retry_delays, start=1):
            if not answer.error or answer.no_retry:
                return
            await asyncio.sleep(delay)
            answer = await self.deliver(replace(parcel, attempt=attempt, reason=answer.error))

    async def _again(self, parcel: Parcel, seconds: float) -> None:
        await asyncio.sleep(seconds)
        await self._attempt(parcel)

    async def _attempt(self, parcel: Parcel) -> Answer:
        started = self._now()
        answer = await self._transport.send(parcel, self._ack_seconds)
        self._traffic.delivered(
            Delivery(
                kind=parcel.kind,
                name=parcel.name,
                payload=parcel.payload,
                attempt=parcel.attempt,
                answer=answer.payload,
                error=answer.error,
                at=started,
            ),
            ms=(self._now() - started) * 1000,
        )
        return answer

    def _background(self, work: Coroutine[Any, Any, Any]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._finished)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            task.result()  # a bug in here must reach the loop's exception handler
