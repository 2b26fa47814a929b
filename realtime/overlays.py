"""A creator tries their overlays: a test alert in the room, which changes nothing."""

from livestreamx.engines.bus import RoomBus
from livestreamx.engines.throttle import Limit, Throttle
from livestreamx.frames import OverlayTest, OverlayTrigger
from livestreamx.frames.answers import Done
from realtime.session import Session

TESTS = Limit("overlay-test", 3, 10)
SHOWN_MS = 5_000


class Overlays:
    """Fires test alerts; one a process."""

    def __init__(self, bus: RoomBus, throttle: Throttle) -> None:
        self._bus, self._throttle = bus, throttle

    async def test(self, session: Session, _: OverlayTest) -> Done:
        """Once the room has it; `rate_limited`."""
        claims = session.user
        await self._throttle.require((TESTS, str(claims.sub)))
        shown = OverlayTrigger(
            kind="test",
            animationKey="heart",
            actor=claims.handle,
            text="tests the overlay",
            durationMs=SHOWN_MS,
        )
        await self._bus.publish(session.room.id, "overlay:trigger", shown)
        return Done()
