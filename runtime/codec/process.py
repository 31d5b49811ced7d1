"""The one codec of a process. A graph that is called as a function is unknown to its caller until it runs, and what it
stored must be readable before that; so all graphs of a process share what they register.
"""

import sys
from typing import Any, Final

from runtime.codec.codec import Codec
from runtime.messages import Message, RemoveMessage
from runtime.types import NOTHING, Command, Send


class ProcessCodec(Codec):
    """Learns the typed questions, and pydantic with them, only when the process meets one."""

    def __init__(self) -> None:
        super().__init__([Send, Command, type(NOTHING), Message, RemoveMessage])
        self._knows_hitl = False

    def encode(self, value: Any) -> bytes:
        if not self._knows_hitl and "runtime.hitl" in sys.modules:
            self._learn()
        return super().encode(value)

    def decode(self, data: bytes) -> Any:
        if not self._knows_hitl and b"runtime.hitl:" in data:
            self._learn()
        return super().decode(data)

    def _learn(self) -> None:
        from runtime.hitl import PAYLOADS, Decision  # noqa: PLC0415 - that is the point

        self.register(Decision, *PAYLOADS)
        self._knows_hitl = True


CODEC: Final = ProcessCodec()
