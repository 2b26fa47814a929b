"""What the dataflows would tell a room, told at once: tests of pages need not wait for a mood to form."""

from collections.abc import Iterable

import msgspec

from livestreamx.engines.bus import PlainRoomBus
from livestreamx.engines.redis import connect_plain
from livestreamx.stack.platform import Platform


def tell(platform: Platform, stream: str, frames: Iterable[tuple[str, msgspec.Struct]]) -> None:
    """Put frames into a room, in order."""
    with connect_plain(platform.settings.redis_url) as redis:
        PlainRoomBus(redis).publish_all([(stream, event, data, None) for event, data in frames])
