"""Forms that bring a file: it goes to disk as it comes, and the few words beside it are checked like any body."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, TypeVar

import msgspec
import multipart
from litestar import Request

from api.schema import Body
from api.strictness import misfit
from domain.files import Arriving
from livestreamx.errors import DomainError, Invalid

FILE = "file"
MOST_PARTS = 8
MOST_WORDS = 4 * 1024
"""Bytes of all words together."""
ENVELOPE = 16 * 1024
"""Bytes that boundaries, headers and words may add to a file."""

B = TypeVar("B", bound=Body)


class FormExpected(DomainError):
    code, title, status = "form_expected", "This takes a multipart form", 415


class BadForm(Invalid):
    code, title = "bad_form", "The form cannot be read, or brings no file"


class FileTooLarge(DomainError):
    code, title, status = "file_too_large", "The file is larger than this platform takes", 413


@asynccontextmanager
async def receive_form(
    request: Request[Any, Any, Any], file: Arriving, most_bytes: int, words: type[B]
) -> AsyncIterator[B]:
    """The words of a form whose one file, the part `file`, has come into `file`; that is discarded on any error.

    `FormExpected`, `BadForm`, `FileTooLarge`, and `ValidationException` for words that do not fit.
    """
    try:
        yield _checked(await _read(request, file, most_bytes), words)
    except BaseException:
        file.discard()
        raise


def _checked(given: dict[str, str], words: type[B]) -> B:
    try:
        return msgspec.convert(given, words)
    except msgspec.ValidationError as error:
        raise misfit(error) from error


async def _read(request: Request[Any, Any, Any], file: Arriving, most_bytes: int) -> dict[str, str]:
    kind, options = multipart.parse_options_header(request.headers.get("content-type", ""))
    if kind != "multipart/form-data" or not options.get("boundary"):
        raise FormExpected()
    length = request.content_length
    if length is not None and length > most_bytes + ENVELOPE:
        raise FileTooLarge()
    form = Form(file, most_bytes)
    try:
        with multipart.PushMultipartParser(options["boundary"], max_segment_count=MOST_PARTS) as parser:
            async for chunk in request.stream():
                await asyncio.to_thread(form.take, parser.parse(chunk))
    except (multipart.MultipartError, UnicodeDecodeError) as error:
        raise BadForm() from error
    if not form.has_file:
        raise BadForm()
    return form.words


class Form:
    """Takes a form's parts as they come."""

    def __init__(self, file: Arriving, most_bytes: int) -> None:
        self.words: dict[str, str] = {}
        self.has_file = False
        self._file, self._most = file, most_bytes
        self._name, self._text, self._words_size = "", bytearray(), 0

    def take(self, parsed: Any) -> None:
        """Segments begin with their head, go on with bytes, and end with None."""
        for part in parsed:
            if isinstance(part, multipart.MultipartSegment):
                self._begin(part.name)
            elif part is None:
                self._end()
            elif self._name == FILE:
                self._file.write(part)
                if self._file.size > self._most:
                    raise FileTooLarge()
            else:
                self._words_size += len(part)
                if self._words_size > MOST_WORDS:
                    raise BadForm()
                self._text += part

    def _begin(self, name: str) -> None:
        if name in self.words or (name == FILE and self.has_file):
            raise BadForm("A part of the form comes twice")
        self._name = name
        self._text.clear()

    def _end(self) -> None:
        if self._name == FILE:
            self.has_file = True
        else:
            self.words[self._name] = self._text.decode()
