"""The one codec of a process. A graph that is called as a function is unknown to its caller until it runs, and what it
stored must be readable before that; so all graphs of a process share what they register.
"""

from typing import Final

from runtime.codec.codec import Codec
from runtime.messages import Message, RemoveMessage
from runtime.types import NOTHING, Command, Overwrite, Send

CODEC: Final = Codec([Send, Command, Overwrite, type(NOTHING), Message, RemoveMessage], modules=["runtime.hitl"])
