"""Segments over the socket; the room learns of them by the events that commit with each move."""

from domain.segments import service as segments
from livestreamx.engines.postgres import Pool
from livestreamx.frames import SkipSegment
from livestreamx.frames.answers import Done
from livestreamx.observe.request import request_id
from realtime.session import Session


class Segments:
    """Ends the clip that is on air; one a process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    async def skip(self, session: Session, request: SkipSegment) -> Done:
        """The refusals of `skip`."""
        await segments.skip(self._pool, session.room.id, request.segmentId, session.user, request_id())
        return Done()
