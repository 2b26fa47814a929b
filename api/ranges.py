"""Files served as browsers play them: from any byte on (RFC 9110, section 14), and not again when they have it."""

import asyncio
import re
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

from litestar import Request, Response
from litestar.response import Stream

CHUNK = 256 * 1024
ONE_RANGE = re.compile(r"bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*")


def wanted_bytes(header: str, size: int) -> range | None:
    """The bytes that a `Range` asks for, an empty range when there are none such; None when the whole is to be sent.

    That is so for a `Range` that is not understood, and for several in one.
    """
    found = ONE_RANGE.fullmatch(header)
    if found is None or not any(found.groups()):
        return None
    first, last = found.groups()
    if not first:
        return range(max(0, size - int(last)), size)
    if last and int(last) < int(first):
        return None
    return range(int(first), min(size, int(last) + 1) if last else size)


async def read_bytes(file: Path, wanted: range) -> AsyncIterator[bytes]:
    """These bytes of a file, piece by piece."""
    opened = await asyncio.to_thread(file.open, "rb")
    try:
        await asyncio.to_thread(opened.seek, wanted.start)
        left = len(wanted)
        while left and (chunk := await asyncio.to_thread(opened.read, min(CHUNK, left))):
            left -= len(chunk)
            yield chunk
    finally:
        opened.close()


def serve_file(
    request: Request[Any, Any, Any], file: Path, size: int, *, etag: str, media_type: str, headers: Mapping[str, str]
) -> Response[Any]:
    """The file or the part of it that was asked for: 200, 206, 304 or 416. `etag` is without its quotes."""
    tag = f'"{etag}"'
    known = {**headers, "ETag": tag, "Accept-Ranges": "bytes"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(b"", status_code=304, headers=known)
    is_same = request.headers.get("if-range", tag) == tag
    part = wanted_bytes(request.headers.get("range", ""), size) if is_same else None
    if part is None:
        known["Content-Length"] = str(size)
        return Stream(read_bytes(file, range(size)), media_type=media_type, headers=known)
    if not part:
        return Response(b"", status_code=416, headers=known | {"Content-Range": f"bytes */{size}"})
    known["Content-Length"] = str(len(part))
    known["Content-Range"] = f"bytes {part.start}-{part.stop - 1}/{size}"
    return Stream(read_bytes(file, part), status_code=206, media_type=media_type, headers=known)
