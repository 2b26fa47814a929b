"""What becomes of a queued command: it plays, is rejected, or expires. Each step is one transaction with its event.

A crash leaves every command before or after a step, never inside one: nothing runs twice, and nothing is lost.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from psycopg.errors import UniqueViolation

from domain.commands import queries
from domain.commands.model import REGISTRY, AddProgress, Args, Command, SetBackground, SetFilter, Speak, StartGame
from domain.commands.scenes import change_scene
from domain.commands.speaking import judge_spoken
from domain.economy.returns import refund_within
from domain.interactions.challenges import service as challenges
from domain.minigames import queries as games
from domain.minigames import service as minigames
from domain.minigames.model import Terms
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, transaction
from livestreamx.events import CommandDone, CommandEvent, CommandExpired, CommandRejected, CommandStarted


async def finish_one(pool: Pool) -> bool:
    """Take a command off the screen whose time is over; whether there was one."""
    async with transaction(pool) as db:
        command = await queries.claim_finished(db)
        if command is None:
            return False
        await queries.finish(db, command.id, "done")
        await _tell(db, command, CommandDone, waited_ms=_waited(command, command.started_at or command.queued_at))
    return True


async def start_one(pool: Pool) -> UUID | None:
    """Play the next command that may; whose gift was given back when it could not. None when none may, too."""
    try:
        async with transaction(pool) as db:
            command = await queries.claim_next(db)
            if command is None:
                return None
            reason = await _apply(db, command)
            if reason:
                await queries.finish(db, command.id, "rejected", reason)
                await _give_back(db, command, f"command rejected: {reason}")
                await _tell(db, command, CommandRejected, reason=reason)
                return command.sender_id
            shown_ms = REGISTRY[command.action].shown_ms
            started = await queries.start(db, command.id, shown_ms)
            await _tell(
                db,
                command,
                CommandStarted,
                occurred_at=started,
                duration_ms=shown_ms,
                waited_ms=_waited(command, started),
            )
    except UniqueViolation:
        return None  # another executor has started one in this stream
    return command.sender_id


async def expire_one(pool: Pool) -> UUID | None:
    """Give back the gift of a command that has waited too long; whose it was."""
    async with transaction(pool) as db:
        command = await queries.claim_expired(db)
        if command is None:
            return None
        await queries.finish(db, command.id, "expired")
        await _give_back(db, command, "command expired")
        await _tell(db, command, CommandExpired)
    return command.sender_id


async def _give_back(db: Db, command: Command, reason: str) -> None:
    """Once, whoever else gives it back too."""
    await refund_within(db, actor=None, gift_event_id=command.id, reason=reason, request_id=command.request_id)


async def _apply(db: Db, command: Command) -> str:
    """Do what the command does besides being shown; the reason when it cannot any more."""
    asked: Args = msgspec.convert(command.args, REGISTRY[command.action].args)
    if await queries.stream_status(db, command.stream_id) != "live":
        return "not_live"
    said = await queries.switches(db, command.creator_id)
    if not said.get(command.action, REGISTRY[command.action].on):
        return "switched_off"
    match asked:
        case SetBackground(background=background):
            await _change(db, command, {"background": background})
        case SetFilter(filter=filter_):
            await _change(db, command, {"filter": filter_})
        case AddProgress(points=points):
            if not await _help(db, command, points):
                return "no_game"
        case Speak(text=text):
            if not await _may_be_said(db, command, text):
                return "words_refused"
        case StartGame():
            return await _begin(db, command, asked)
    return ""


async def _may_be_said(db: Db, command: Command, text: str) -> bool:
    """Whether the chat's filters, which may have changed since it was asked for, let it through."""
    verdict = await judge_spoken(
        db, creator_id=command.creator_id, stream_id=command.stream_id, speaker=command.sender_id, text=text
    )
    return verdict.action == "allow"


async def _help(db: Db, command: Command, points: int) -> bool:
    """Add to the boss or tug that is on, else to the challenge; whether there was one."""
    return await games.add_bonus(db, command.stream_id, command.sender_id, points) or await challenges.add_points(
        db, command.stream_id, command.sender_id, points, command.request_id
    )


async def _change(db: Db, command: Command, change: dict[str, Any]) -> None:
    await change_scene(
        db,
        stream_id=command.stream_id,
        creator_id=command.creator_id,
        user_id=command.sender_id,
        handle=command.handle,
        change=change,
        request_id=command.request_id,
    )


async def _begin(db: Db, command: Command, asked: StartGame) -> str:
    if await games.running_in(db, command.stream_id):
        return "game_running"
    terms = Terms(
        starter=command.sender_id,
        handle=command.handle,
        creator_id=command.creator_id,
        hp=asked.hp if asked.game == "boss" else 0,
        left=asked.left if asked.game == "tug" else "",
        right=asked.right if asked.game == "tug" else "",
    )
    await minigames.begin(
        db,
        game_id=command.id,
        stream_id=command.stream_id,
        game=asked.game,
        terms=terms,
        request_id=command.request_id,
    )
    return ""


def _waited(command: Command, until: datetime) -> int:
    """Milliseconds in the queue."""
    return max(0, round((until - command.queued_at).total_seconds() * 1000))


async def _tell(db: Db, command: Command, event: type[CommandEvent], **more: Any) -> None:
    told = event(
        stream_id=command.stream_id,
        creator_id=command.creator_id,
        user_id=command.sender_id,
        command_id=command.id,
        action=command.action,
        handle=command.handle,
        args=command.args,
        **more,
    )
    await record(db, told, request_id=command.request_id)
