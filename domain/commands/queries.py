"""All SQL of commands, switches, scenes and overlay keys. A command's legal moves are a trigger of its table."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.types.json import Jsonb

from domain.commands.model import COOLDOWN_SECONDS, EXPIRY_SECONDS, Action, Channel, Command, Scene, State, paced
from livestreamx.engines.postgres import Db, struct_row
from livestreamx.events import CommandQueued

COMMAND = """id, stream_id, creator_id, sender_id, handle, action, args, state, request_id, queued_at, expires_at,
             started_at, ends_at"""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """A gift that was sent with this key before; `args` is what it asked for, None for a gift that asks for nothing."""

    args: dict[str, Any] | None


class Turn(msgspec.Struct, frozen=True, kw_only=True):
    """A command that waits, runs, or has started lately; seconds from now, None where it has not started."""

    action: Action
    state: State
    expires_in: float
    started_in: float | None
    ends_in: float | None


# asking


async def lock_queue(db: Db, stream_id: UUID) -> None:
    """Puts those who ask something of a stream in a row, until the transaction ends."""
    await db.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (f"commands:{stream_id}",))


async def asked_before(db: Db, sender: UUID, key: str) -> Asked | None:
    """What a sender's key stands for already."""
    async with db.cursor(row_factory=struct_row(Asked)) as cursor:
        await cursor.execute(
            "SELECT c.args FROM gift_events g LEFT JOIN commands c ON c.id = g.id "
            "WHERE g.from_user_id = %s AND g.idempotency_key = %s",
            (sender, key),
        )
        return await cursor.fetchone()


async def channel(db: Db, stream_id: UUID, action: str) -> Channel | None:
    """None without such a stream."""
    async with db.cursor(row_factory=struct_row(Channel)) as cursor:
        await cursor.execute(
            "SELECT s.creator_id, w.enabled AS switched, (SELECT game FROM minigames m WHERE m.stream_id = s.id AND "
            "m.state = 'running') AS playing, EXISTS (SELECT FROM challenges h WHERE h.stream_id = s.id AND "
            "h.state = 'active') AS challenged FROM streams s LEFT JOIN command_switches w "
            "ON w.creator_id = s.creator_id AND w.action = %s WHERE s.id = %s",
            (action, stream_id),
        )
        return await cursor.fetchone()


async def turns(db: Db, stream_id: UUID) -> list[Turn]:
    """What takes turns in a stream: the oldest first, as long as it matters for who comes next."""
    async with db.cursor(row_factory=struct_row(Turn)) as cursor:
        await cursor.execute(
            "SELECT action, state, extract(epoch FROM expires_at - at)::float8 AS expires_in, "
            "extract(epoch FROM started_at - at)::float8 AS started_in, "
            "extract(epoch FROM ends_at - at)::float8 AS ends_in FROM commands, clock_timestamp() AS at "
            "WHERE stream_id = %s AND action <> ALL (%s) AND ((state = 'queued' AND expires_at > at) "
            "OR state = 'running' OR started_at > at - make_interval(secs => %s)) ORDER BY queued_at",
            (stream_id, paced("at_once"), COOLDOWN_SECONDS),
        )
        return await cursor.fetchall()


async def enqueue(db: Db, asked: CommandQueued, request_id: str) -> None:
    await db.execute(
        "INSERT INTO commands (id, stream_id, creator_id, sender_id, handle, action, args, request_id, expires_at) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s, %s, clock_timestamp() + make_interval(secs => %s))",
        (
            asked.command_id,
            asked.stream_id,
            asked.creator_id,
            asked.user_id,
            asked.handle,
            asked.action,
            Jsonb(asked.args),
            request_id,
            EXPIRY_SECONDS,
        ),
    )


# running


async def claim_expired(db: Db) -> Command | None:
    """A command that has waited too long; nobody else has it while the transaction lasts."""
    return await _claim(db, "state = 'queued' AND expires_at <= clock_timestamp() ORDER BY expires_at")


async def claim_finished(db: Db) -> Command | None:
    """A command whose time on screen is over."""
    return await _claim(db, "state = 'running' AND ends_at <= clock_timestamp() ORDER BY ends_at")


async def claim_next(db: Db) -> Command | None:
    """The oldest command that may start: at once, or as nothing changes its stream's show and its action is cool."""
    return await _claim(
        db,
        "state = 'queued' AND expires_at > clock_timestamp() AND (action = ANY (%(at_once)s) OR NOT EXISTS ("
        "SELECT FROM commands r WHERE r.stream_id = c.stream_id AND r.action <> ALL (%(at_once)s) "
        "AND (r.state = 'running' OR (r.action = c.action AND r.action = ANY (%(cooled)s) "
        "AND r.started_at > clock_timestamp() - make_interval(secs => %(cooldown)s))))) ORDER BY queued_at",
        at_once=paced("at_once"),
        cooled=paced("cooled"),
        cooldown=COOLDOWN_SECONDS,
    )


async def _claim(db: Db, which: str, **values: object) -> Command | None:
    async with db.cursor(row_factory=struct_row(Command)) as cursor:
        await cursor.execute(
            f"SELECT {COMMAND} FROM commands c WHERE {which} LIMIT 1 FOR UPDATE SKIP LOCKED",  # noqa: S608 own text
            values,
        )
        return await cursor.fetchone()


async def start(db: Db, command_id: UUID, shown_ms: int) -> datetime:
    """When it began."""
    done = await db.execute(
        "UPDATE commands SET state = 'running', started_at = at, ends_at = at + make_interval(secs => %s) "
        "FROM clock_timestamp() AS at WHERE id = %s RETURNING started_at",
        (shown_ms / 1000, command_id),
    )
    at: datetime = (await done.fetchall())[0][0]
    return at


async def finish(db: Db, command_id: UUID, state: str, reason: str = "") -> None:
    await db.execute(
        "UPDATE commands SET state = %s, reason = %s, finished_at = clock_timestamp() WHERE id = %s",
        (state, reason, command_id),
    )


async def stream_status(db: Db, stream_id: UUID) -> str:
    """The state of a stream that is known to exist."""
    done = await db.execute("SELECT status FROM streams WHERE id = %s", (stream_id,))
    return str((await done.fetchall())[0][0])


# switches


async def switches(db: Db, creator_id: UUID) -> dict[str, bool]:
    """What a creator has said."""
    done = await db.execute("SELECT action, enabled FROM command_switches WHERE creator_id = %s", (creator_id,))
    return dict(await done.fetchall())


async def switch(db: Db, creator_id: UUID, action: str, enabled: bool) -> None:
    await db.execute(
        "INSERT INTO command_switches VALUES (%s, %s, %s) "
        "ON CONFLICT (creator_id, action) DO UPDATE SET enabled = excluded.enabled",
        (creator_id, action, enabled),
    )


# scenes


async def scene(db: Db, stream_id: UUID) -> Scene | None:
    async with db.cursor(row_factory=struct_row(Scene)) as cursor:
        await cursor.execute(
            "SELECT theme, filter, background, overlays, background_asset_id FROM scenes WHERE stream_id = %s",
            (stream_id,),
        )
        return await cursor.fetchone()


async def put_scene(db: Db, stream_id: UUID, scene: Scene) -> None:
    await db.execute(
        "INSERT INTO scenes (stream_id, theme, filter, background, overlays, background_asset_id) "
        "VALUES (%s, %s, %s, %s, %s, %s) "
        "ON CONFLICT (stream_id) DO UPDATE SET theme = excluded.theme, filter = excluded.filter, "
        "background = excluded.background, overlays = excluded.overlays, "
        "background_asset_id = excluded.background_asset_id",
        (stream_id, scene.theme, scene.filter, scene.background, list(scene.overlays), scene.background_asset_id),
    )


async def dressed_streams(db: Db, creator_id: UUID) -> list[UUID]:
    """The creator's stream that is live, and those to come that have a scene."""
    done = await db.execute(
        "SELECT id FROM streams s WHERE creator_id = %s AND (status = 'live' OR (status = 'scheduled' "
        "AND EXISTS (SELECT FROM scenes WHERE stream_id = s.id))) ORDER BY id",
        (creator_id,),
    )
    return [row[0] for row in await done.fetchall()]


# overlay keys


async def put_overlay_key(db: Db, creator_id: UUID, digest: bytes) -> None:
    """The creator's key from now on; the one before is good no more."""
    await db.execute(
        "INSERT INTO overlay_keys (creator_id, hash) VALUES (%s, %s) "
        "ON CONFLICT (creator_id) DO UPDATE SET hash = excluded.hash, rotated_at = now()",
        (creator_id, digest),
    )


async def has_overlay_key(db: Db, creator_id: UUID) -> bool:
    done = await db.execute("SELECT FROM overlay_keys WHERE creator_id = %s", (creator_id,))
    return await done.fetchone() is not None


async def creator_of_key(db: Db, digest: bytes) -> UUID | None:
    done = await db.execute("SELECT creator_id FROM overlay_keys WHERE hash = %s", (digest,))
    row = await done.fetchone()
    return row[0] if row else None
