"""Clips for tests: tiny files, and how they are brought."""

from pathlib import Path
from typing import Any

from httpx import Response

from tests.integration.people import Person

MEDIA = Path(__file__).parents[1] / "media"
WEBM, MP4, LONG, SOUND = ((MEDIA / name).read_bytes() for name in ("clip.webm", "clip.mp4", "long.webm", "sound.webm"))
WEBM_MS, MP4_MS = 2000, 1000
LONG_SECONDS = 600


async def bring(person: Person, body: bytes = WEBM, **words: Any) -> Response:
    """Upload this as a clip."""
    form = {"title": "How we met", **words}
    return await person.ask("POST", "/api/vods", data=form, files={"file": ("clip", body)})


async def clip_of(person: Person, body: bytes = WEBM, **words: Any) -> dict[str, Any]:
    """A clip of this person's."""
    answer = await bring(person, body, **words)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


async def long_clip_of(person: Person, **words: Any) -> dict[str, Any]:
    """One that nobody sees the end of, but by letting time pass."""
    return await clip_of(person, LONG, **words)
