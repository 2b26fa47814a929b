"""Asking for what a gift can do: allowed, well-formed and waiting in turn, or refused before anything is charged."""

import time
from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.chat.model import Refused
from domain.commands import queries
from domain.commands.model import (
    COOLDOWN_SECONDS,
    MOST_WAITING,
    REGISTRY,
    Action,
    AddProgress,
    Args,
    Channel,
    CommandCooling,
    CommandInvalid,
    CommandNotAllowed,
    QueueFull,
    Speak,
    StartGame,
)
from domain.commands.queueing import Stage, Waiting, seconds_until_taken
from domain.commands.rules import as_action, read_args
from domain.commands.speaking import judge_spoken
from domain.economy import service as economy
from domain.economy.coalesce import GiftBatches
from domain.economy.model import Gift, GiftOrder, GiftReceipt, KeyReused
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.events import CommandQueued
from livestreamx.observe.tracing import origin_of

CATALOGUE_SECONDS = 2.0


class GiftDesk:
    """Takes gifts, those that act and those that do not; one a process, for it remembers which gifts act."""

    def __init__(self, pool: Pool, redis: AsyncRedis, batches: GiftBatches | None = None) -> None:
        self._pool, self._redis, self._batches = pool, redis, batches
        self._acting: dict[str, Gift] = {}
        self._read_at = -CATALOGUE_SECONDS

    async def send(
        self,
        *,
        sender: UUID,
        handle: str,
        stream_id: UUID,
        code: str,
        qty: int = 1,
        combo_id: str | None = None,
        args: dict[str, Any] | None = None,
        idempotency_key: str,
        request_id: str = "",
    ) -> GiftReceipt:
        """Charge a gift and, if it acts, queue what it asks for: both or neither.

        Besides the refusals of `economy.send_gift`: `CommandNotAllowed`, `CommandInvalid`, `CommandCooling`,
        `QueueFull`, and the chat's `Refused` for words that it would not show at once.
        """
        gift = await self._acting_gift(code)
        order = GiftOrder(
            sender=sender,
            handle=handle,
            stream_id=stream_id,
            code=code,
            qty=qty,
            combo_id=combo_id,
            idempotency_key=idempotency_key,
            origin=origin_of(request_id),
        )
        if gift is None:
            if args:
                raise CommandInvalid("args: this gift does nothing that could be told how", field="args")
            return await economy.send_gift(self._pool, self._redis, order, batches=self._batches)
        economy.check_key(idempotency_key)
        action = as_action(gift.command_action or "")
        asked = read_args(action, args or {}, gift.command_args)
        async with transaction(self._pool) as db:
            channel = await admit(db, stream_id, action, asked, sender=sender, key=idempotency_key)
            receipt, is_new = await economy.charge_gift(db, order)
            if is_new and channel is not None:
                queued = CommandQueued(
                    stream_id=stream_id,
                    creator_id=channel.creator_id,
                    user_id=sender,
                    command_id=receipt.gift_event_id,
                    action=action,
                    handle=handle,
                    args=msgspec.to_builtins(asked),
                )
                await queries.enqueue(db, queued, request_id)
                await record(db, queued, request_id=request_id)
        if is_new:
            await economy.announce_balance(self._redis, sender, receipt.balance)
        return receipt

    async def _acting_gift(self, code: str) -> Gift | None:
        if time.monotonic() - self._read_at > CATALOGUE_SECONDS:
            self._acting = {gift.code: gift for gift in await economy.catalogue(self._pool) if gift.command_action}
            self._read_at = (
                time.monotonic()
            )  # after the answer: whoever comes meanwhile must not meet an empty catalogue
        return self._acting.get(code)


async def admit(db: Db, stream_id: UUID, action: Action, asked: Args, *, sender: UUID, key: str) -> Channel | None:
    """The channel, when its switches, filters and queue take this now.

    None for a stream that is not there, and for what was sent before, which nothing stands against.
    """
    if takes_turns := REGISTRY[action].pace != "at_once":
        await queries.lock_queue(db, stream_id)
    if await was_sent(db, sender, key, asked):
        return None
    channel = await queries.channel(db, stream_id, action)
    if channel is None:
        return None
    check(channel, action, asked)
    if isinstance(asked, Speak):
        await check_words(db, channel.creator_id, stream_id, sender, asked.text)
    if takes_turns:
        check_turn(await queries.turns(db, stream_id), action)
    return channel


async def was_sent(db: Db, sender: UUID, key: str, asked: Args) -> bool:
    """Whether this key has sent a gift already, whose answer counts; `KeyReused` if it asked for something else."""
    before = await queries.asked_before(db, sender, key)
    if before is not None and before.args is not None and before.args != msgspec.to_builtins(asked):
        raise KeyReused("This key sent another gift")
    return before is not None


def check(channel: Channel, action: Action, asked: Args) -> None:
    """`CommandNotAllowed` when the channel does not take this now."""
    if not (REGISTRY[action].on if channel.switched is None else channel.switched):
        raise CommandNotAllowed(f"{action}: the creator has switched this off", field="code", action=action)
    if isinstance(asked, StartGame) and channel.playing:
        raise CommandNotAllowed(f"A {channel.playing} is on already: wait for its end", field="code", action=action)
    if isinstance(asked, AddProgress) and channel.playing not in ("boss", "tug") and not channel.challenged:
        raise CommandNotAllowed(
            "No boss, no tug and no challenge is on that this could help in", field="code", action=action
        )


async def check_words(db: Db, creator_id: UUID, stream_id: UUID, speaker: UUID, text: str) -> None:
    """The chat's `Refused`, also for what it would hold: nobody can look at words first that are read out now."""
    verdict = await judge_spoken(db, creator_id=creator_id, stream_id=stream_id, speaker=speaker, text=text)
    if verdict.action != "allow":
        raise Refused(verdict.reasons)


def check_turn(turns: Sequence[queries.Turn], action: Action) -> None:
    """`QueueFull`, or `CommandCooling` when its turn would come too late, or make somebody else's come too late."""
    stage = stage_of(turns)
    if len(stage.queue) >= MOST_WAITING:
        raise QueueFull(f"{len(stage.queue)} commands are waiting: try again in a moment")
    if wait := seconds_until_taken(stage, action):
        raise CommandCooling(
            f"{action}: it could not play in time, as the same has just played or others wait; again in {wait} s",
            retry_after_ms=wait * 1000,
        )


def stage_of(turns: Sequence[queries.Turn]) -> Stage:
    """What runs, waits and cools down."""
    ready: dict[Action, float] = {}
    for turn in turns:
        if turn.started_in is not None and REGISTRY[turn.action].pace == "cooled":
            ready[turn.action] = max(turn.started_in + COOLDOWN_SECONDS, ready.get(turn.action, 0.0))
    return Stage(
        free_in=max(
            (turn.ends_in for turn in turns if turn.state == "running" and turn.ends_in is not None), default=0.0
        ),
        ready_in=ready,
        queue=tuple(Waiting(turn.action, turn.expires_in) for turn in turns if turn.state == "queued"),
    )


async def switches(pool: Pool, creator_id: UUID) -> dict[Action, bool]:
    """Every action, and whether the creator's channel takes it."""
    async with connection(pool) as db:
        said = await queries.switches(db, creator_id)
    return {action: said.get(action, kind.on) for action, kind in REGISTRY.items()}


async def switch(pool: Pool, creator_id: UUID, wanted: dict[Action, bool]) -> dict[Action, bool]:
    """Turn actions on or off, the others stay; all of them afterwards."""
    async with transaction(pool) as db:
        for action, enabled in sorted(wanted.items()):
            await queries.switch(db, creator_id, action, enabled)
    return await switches(pool, creator_id)
