"""Sends a file with what a download that breaks off needs to go on: a tag, ranges, and both together."""

from __future__ import annotations

import asyncio
import hashlib
import os
import re
from collections.abc import Awaitable, Callable
from http import HTTPStatus

from aiohttp import web

from bot.exporting import Exports, Wanted
from bot.problems import Problem
from storage.exports.maker import NotMade

PIECE = 256 * 1024
_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
# Writes down that something is handed out.
Noted = Callable[[], Awaitable[None]]


async def send_file(
    request: web.Request, exports: Exports, wanted: Wanted, headers: dict[str, str], noted: Noted
) -> web.StreamResponse:
    """Answer with the file wanted; with the very file of an earlier download, where its tag comes along.

    `noted` comes before any of it is handed out, and not at all where nothing is.
    """
    try:
        path = await exports.as_before(request.headers.get("If-Range", "").strip('"')) or await exports.file(wanted)
        with path.open("rb") as file:
            size = os.fstat(file.fileno()).st_size
            response, begin, end = _begun(request, size, path.name, headers)
            if request.method == "HEAD":
                end = begin
            if begin < end:
                await noted()
            await response.prepare(request)
            file.seek(begin)
            while begin < end:
                # Writing to who reads fast never waits: without this, nobody else would have a turn until the end.
                piece = await asyncio.to_thread(file.read, min(PIECE, end - begin))
                if not piece:
                    # It became shorter meanwhile: who reads sees that it broke off, and asks again.
                    response.force_close()
                    return response
                await response.write(piece)
                begin += len(piece)
    except (NotMade, FileNotFoundError):
        detail = "The file could not be made just now. Try again; if it stays, look at /v1/health and the log."
        raise Problem(HTTPStatus.SERVICE_UNAVAILABLE, detail, {"Retry-After": "5"}) from None
    await response.write_eof()
    return response


async def send_bytes(request: web.Request, content: bytes, headers: dict[str, str], noted: Noted) -> web.Response:
    """Answer with a small file, or with the part of it that is asked for; `noted` as above."""
    tag = hashlib.sha256(content).hexdigest()[:32]
    response, begin, end = _begun(request, len(content), tag, headers)
    if begin < end and request.method != "HEAD":
        await noted()
    return web.Response(status=response.status, headers=response.headers, body=content[begin:end])


def _begun(request: web.Request, size: int, tag: str, headers: dict[str, str]) -> tuple[web.StreamResponse, int, int]:
    """The response with its headers, and the bytes it will hold: from, and up to."""
    headers = {**headers, "Etag": f'"{tag}"', "Accept-Ranges": "bytes"}
    if _has(request, tag):
        return web.StreamResponse(status=HTTPStatus.NOT_MODIFIED, headers=headers), 0, 0
    part = _range(request, size, tag)
    begin, end = part or (0, size)
    headers["Content-Length"] = str(end - begin)
    if part:
        headers["Content-Range"] = f"bytes {begin}-{end - 1}/{size}"
    return web.StreamResponse(status=HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK, headers=headers), begin, end


def _has(request: web.Request, tag: str) -> bool:
    """Whether who asks says that they have this very file, so that it need not be sent again."""
    known = request.headers.get("If-None-Match", "")
    return known.strip() == "*" or f'"{tag}"' in (one.strip().removeprefix("W/") for one in known.split(","))


def _range(request: web.Request, size: int, tag: str) -> tuple[int, int] | None:
    """The one range asked for; None for the whole file. Several at once get the whole file, as is allowed."""
    asked = request.headers.get("Range")
    if asked is None or request.headers.get("If-Range", f'"{tag}"') != f'"{tag}"' or "," in asked:
        return None
    found = _ONE_RANGE.fullmatch(asked.strip())
    first, last = found.groups() if found else ("", "")
    if first:
        begin, end = int(first), min(int(last) + 1, size) if last else size
    elif last:
        begin, end = max(size - int(last), 0), size
    else:
        begin, end = size, 0
    if begin >= end:
        detail = f"Range: ask for bytes within the file, as in bytes=0-{max(size - 1, 0)}."
        raise Problem(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, detail, {"Content-Range": f"bytes */{size}"})
    return begin, end
