"""A banned person is taken out of the media room: what a LiveKit server is asked, and what its absence does."""

import asyncio
from collections.abc import AsyncIterator
from uuid import uuid4

import pytest_asyncio

from domain.media.rooms import media_rooms
from livestreamx.settings import Settings
from tests.conftest import free_port
from tests.integration.media_peer import MediaPeer, media_peer, with_media


@pytest_asyncio.fixture(loop_scope="session")
async def peer() -> AsyncIterator[MediaPeer]:
    async with media_peer() as peer:
        yield peer


async def test_the_server_is_asked_to_remove_them(settings: Settings, peer: MediaPeer) -> None:
    rooms = media_rooms(with_media(settings, peer.url.replace("http", "ws")))
    assert rooms is not None
    stream, user = uuid4(), str(uuid4())
    assert await rooms.remove(stream, user)
    assert peer.removed == [(str(stream), user)]
    peer.status, peer.code = 404, "not_found"
    assert not await rooms.remove(stream, user)
    assert not await rooms.close(stream)
    await rooms.aclose()


async def test_a_ban_does_not_wait_for_a_server_that_is_gone(settings: Settings) -> None:
    rooms = media_rooms(with_media(settings, f"http://127.0.0.1:{free_port()}"))
    assert rooms is not None
    async with asyncio.timeout(60):
        assert not await rooms.remove(uuid4(), str(uuid4()))
    await rooms.aclose()


def test_without_a_server_there_is_nobody_to_ask(settings: Settings) -> None:
    assert media_rooms(settings) is None
