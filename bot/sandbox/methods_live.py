"""chat.*Stream and assistant.threads.setStatus: what people see of an app while it works.

A stream is a message whose `streaming` field says so; it goes when the stream stops. A status is nobody's message: it
stands under a thread until the app says something there.
"""

from __future__ import annotations

from typing import Any

from bot.sandbox.changes import Change
from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.methods import Args, Method
from bot.sandbox.methods_chat import member_channel, own_message, root_of
from bot.sandbox.outgoing import bot_message, checked
from bot.sandbox.site import Site

Json = dict[str, Any]

TEXT_LIMIT = 12_000
TASK_STATES = frozenset({"pending", "in_progress", "complete", "error"})
MODES = frozenset({"timeline", "plan"})
LOADING_MESSAGES = 10


def start_stream(site: Site, args: Args) -> Json:
    channel = member_channel(site, site.conversation(args.required("channel")))
    args.required("thread_ts")
    thread_ts = root_of(site, channel, args)
    if channel.kind != "im":
        for name in ("recipient_user_id", "recipient_team_id"):
            if not args.text(name):
                raise RefusalError(f"missing_{name}")
    mode = args.text("task_display_mode") or "timeline"
    if mode not in MODES:
        raise refuse_arguments("must be one of timeline, plan [json-pointer:/task_display_mode]")
    streaming: Json = {"mode": mode, "title": "", "tasks": {}, "text": ""}
    content = _drawn(_added(streaming, args))
    message = site.workspace.post(channel.id, bot_message(site, content), thread_ts)
    return {"channel": channel.id, "ts": message["ts"]}


def append_stream(site: Site, args: Args) -> Json:
    message = _streaming(site, args)
    if "markdown_text" not in args and "chunks" not in args:
        raise RefusalError("no_text")
    site.workspace.update(message["channel"], message["ts"], _drawn(_added(message["streaming"], args)))
    return {"channel": message["channel"], "ts": message["ts"]}


def stop_stream(site: Site, args: Args) -> Json:
    message = _streaming(site, args)
    content = _drawn(_added(message["streaming"], args))
    final = checked({"blocks": args.structure("blocks", "invalid_blocks_format") or []})["blocks"]
    content |= {"blocks": [*content["blocks"], *final], "streaming": None}
    if "metadata" in args:
        content["metadata"] = args.structure("metadata", "invalid_metadata_format")
    site.workspace.update(message["channel"], message["ts"], content)
    return {"channel": message["channel"], "ts": message["ts"]}


def set_status(site: Site, args: Args) -> Json:
    channel = member_channel(site, site.conversation(args.required("channel_id")))
    thread_ts = args.required("thread_ts")
    site.workspace.thread(channel.id, thread_ts)
    status = args.text("status")
    if status is None:
        raise refuse_arguments("missing required field: status")
    loading = args.structure("loading_messages", "invalid_arguments") or []
    if len(loading) > LOADING_MESSAGES:
        raise refuse_arguments("must have at most 10 items [json-pointer:/loading_messages]")
    body = {"thread_ts": thread_ts, "status": status}
    site.changes.publish(Change(kind="status", channel=channel.id, body=body))
    return {}


def _streaming(site: Site, args: Args) -> Json:
    channel = site.workspace.channel(args.required("channel"))
    message = own_message(site, channel, args.required("ts"), "message_not_owned_by_app")
    if not message.get("streaming"):
        raise RefusalError("message_not_in_streaming_state")
    if message["streaming"].get("stopped"):
        raise RefusalError("stopped_by_user")
    return message


def stop_as_person(site: Site, channel: str, ts: str) -> None:
    """What Slack's own stop button does: the app hears of it when it says more."""
    message = site.workspace.message(channel, ts)
    if message.get("streaming"):
        site.workspace.update(channel, ts, {"streaming": {**message["streaming"], "stopped": True}})


def _added(streaming: Json, args: Args) -> Json:
    """The stream with a call's text and chunks added to it."""
    chunks = args.structure("chunks", "invalid_chunks")
    if chunks is not None and not isinstance(chunks, list):
        raise RefusalError("invalid_chunks")
    text = args.text("markdown_text")
    for chunk in [*([{"type": "markdown_text", "text": text}] if text else []), *(chunks or [])]:
        streaming = _with(streaming, chunk)
    return streaming


def _with(streaming: Json, chunk: Any) -> Json:
    match chunk:
        case {"type": "markdown_text", "text": str(text)}:
            if len(text) > TEXT_LIMIT:
                raise RefusalError("msg_too_long")
            return {**streaming, "text": streaming["text"] + text}
        case {"type": "plan_update", "title": str(title)}:
            return {**streaming, "title": title}
        case {"type": "task_update", "id": str(key), "title": str(title), "status": str(state)} if state in TASK_STATES:
            task = {"type": "task_card", "task_id": key, "title": title, "status": state}
            return {**streaming, "tasks": {**streaming["tasks"], key: task}}
        case _:
            raise RefusalError("invalid_chunks")


def _drawn(streaming: Json) -> Json:
    """The message that shows a stream so far."""
    tasks = list(streaming["tasks"].values())
    shown: list[Json] = []
    if tasks and streaming["mode"] == "plan":
        shown.append({"type": "plan", "title": streaming["title"] or "Plan", "tasks": tasks})
    elif tasks:
        shown.extend(tasks)
    if streaming["text"]:
        shown.append({"type": "markdown", "text": streaming["text"][:TEXT_LIMIT]})
    return {"text": streaming["text"], "blocks": checked({"blocks": shown})["blocks"], "streaming": streaming}


_STREAM = frozenset({"channel", "markdown_text", "chunks"})
METHODS = {
    "chat.startStream": Method(
        run=start_stream,
        scope="chat:write",
        args=_STREAM | {"thread_ts", "recipient_user_id", "recipient_team_id", "task_display_mode"},
    ),
    "chat.appendStream": Method(run=append_stream, scope="chat:write", args=_STREAM | {"ts"}),
    "chat.stopStream": Method(run=stop_stream, scope="chat:write", args=_STREAM | {"ts", "blocks", "metadata"}),
    "assistant.threads.setStatus": Method(
        run=set_status,
        scope="chat:write",
        args=frozenset({"channel_id", "thread_ts", "status", "loading_messages"}),
    ),
}
