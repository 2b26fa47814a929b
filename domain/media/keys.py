"""Keys for streaming software: one a stream, for its creator alone, told once, and good until its end."""

from uuid import UUID

from domain.accounts.tokens import Claims
from domain.media import queries
from domain.media.ingresses import Ingresses
from domain.media.model import IngressKind, KeyExists, KeyGiven, MediaOff, StreamKey, UnknownKey
from domain.media.service import require_picture
from domain.streams import queries as stream_rows
from domain.streams.model import Stream
from domain.streams.service import require_visible
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import Forbidden


async def give_key(
    pool: Pool, ingresses: Ingresses | None, stream_id: UUID, claims: Claims, kind: IngressKind, *, rotates: bool
) -> tuple[KeyGiven, StreamKey]:
    """A new key for the creator's software; `rotates` says that the one before is to stop working.

    `MediaOff`, `NotFound`, `Forbidden`, `NoPicture` once the stream is over, `KeyExists`, `Unavailable`.
    """
    async with transaction(pool) as db:
        stream = await _find_own(db, stream_id, claims)
        if ingresses is None:
            raise MediaOff()
        require_picture(stream, claims.sub)
        if await queries.key_of(db, stream_id) is not None and not rotates:
            raise KeyExists()
        given = await ingresses.give_key(stream_id, stream.creator_id, stream.creator, kind)
        return given, await queries.put_key(db, stream_id, given.ingress_id, kind)


async def find_key(pool: Pool, stream_id: UUID, claims: Claims) -> StreamKey:
    """That the stream has a key, without it; for its creator. `UnknownKey`."""
    async with connection(pool) as db:
        _require_creator(await stream_rows.find(db, stream_id), claims)
        return await _known(db, stream_id)


async def take_key(pool: Pool, ingresses: Ingresses | None, stream_id: UUID, claims: Claims) -> None:
    """Let the key open nothing any more; who sends by it is cut off. `UnknownKey`, `Unavailable`: it still works."""
    async with transaction(pool) as db:
        stream = await _find_own(db, stream_id, claims)
        if ingresses is None:
            raise MediaOff()
        await _known(db, stream_id)
        await ingresses.take_keys(stream_id, stream.creator_id)
        await queries.drop_key(db, stream_id)


async def take_one_left(pool: Pool, ingresses: Ingresses) -> bool:
    """Take the key of one stream that is over; whether there was one. `Unavailable`."""
    async with transaction(pool) as db:
        found = await queries.claim_key_left(db)
        if found is None:
            return False
        await ingresses.take_keys(*found)
        await queries.drop_key(db, found[0])
    return True


async def _find_own(db: Db, stream_id: UUID, claims: Claims) -> Stream:
    """The creator's stream, which does not end meanwhile."""
    return _require_creator(await stream_rows.find_held(db, stream_id), claims)


def _require_creator(stream: Stream | None, claims: Claims) -> Stream:
    """Whoever else runs the stream does not send in its creator's place."""
    stream = require_visible(stream, claims)
    if stream.creator_id != claims.sub:
        raise Forbidden("Only its creator may do that", code="not_owner")
    return stream


async def _known(db: Db, stream_id: UUID) -> StreamKey:
    key = await queries.key_of(db, stream_id)
    if key is None:
        raise UnknownKey()
    return key
