"""files.*: the two-step upload, and serving what was uploaded."""

from __future__ import annotations

import base64
import mimetypes
import secrets
from typing import Any

from bot.sandbox.errors import RefusalError, refuse_arguments
from bot.sandbox.methods import Args, Method
from bot.sandbox.outgoing import bot_message
from bot.sandbox.site import Site

Json = dict[str, Any]

_KIND = "file"  # of document: {"name", "title", "alt_txt", "content": base64 or null}


def get_upload_url(site: Site, args: Args) -> Json:
    name, length = args.required("filename"), args.number("length", 0)
    if length <= 0:
        raise refuse_arguments("length must be the file's size in bytes [json-pointer:/length]")
    file_id = f"F{secrets.token_hex(5).upper()}"
    described = args.text("alt_txt") or name
    site.documents.put(_KIND, file_id, {"name": name, "title": name, "alt_txt": described, "content": None})
    return {"upload_url": f"{site.url}/upload/{file_id}", "file_id": file_id}


def complete_upload(site: Site, args: Args) -> Json:
    given = args.structure("files", "invalid_arguments")
    if not isinstance(given, list) or not given or not all(isinstance(one, dict) for one in given):
        raise refuse_arguments("must be a list of objects with an id [json-pointer:/files]")
    files = [_complete(site, one) for one in given]
    channel = args.text("channel_id")
    if channel is not None:
        content = {"text": args.text("initial_comment") or "", "files": files, "subtype": "file_share"}
        target = site.workspace.channel(channel)
        site.workspace.post(target.id, bot_message(site, content), args.text("thread_ts"))
    return {"files": files}


def receive(site: Site, file_id: str, content: bytes) -> bool:
    """Store an upload; False if nobody asked for it."""
    stored = site.documents.all(_KIND).get(file_id)
    if stored is None:
        return False
    site.documents.put(_KIND, file_id, {**stored, "content": base64.b64encode(content).decode()})
    return True


def content_of(site: Site, file_id: str) -> tuple[bytes, str] | None:
    """(bytes, content type) of an uploaded file."""
    stored = site.documents.all(_KIND).get(file_id)
    if stored is None or stored["content"] is None:
        return None
    return base64.b64decode(stored["content"]), _mimetype(stored["name"])


def _complete(site: Site, given: Json) -> Json:
    stored = site.documents.all(_KIND).get(given.get("id", ""))
    if stored is None or stored["content"] is None:
        raise RefusalError("file_not_found")
    url = f"{site.url}/files/{given['id']}/{stored['name']}"
    return {
        "id": given["id"],
        "name": stored["name"],
        "title": given.get("title") or stored["name"],
        "alt_txt": stored["alt_txt"],
        "mimetype": _mimetype(stored["name"]),
        "size": len(base64.b64decode(stored["content"])),
        "url_private": url,
        "permalink": url,
    }


def _mimetype(name: str) -> str:
    return mimetypes.guess_type(name)[0] or "text/plain"


METHODS = {
    "files.getUploadURLExternal": Method(run=get_upload_url, scope="files:write"),
    "files.completeUploadExternal": Method(run=complete_upload, scope="files:write"),
}
