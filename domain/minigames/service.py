"""Playing: a game begins with a promise (the hash of its seed), counts what the room does, and ends with the proof."""

import secrets
from collections import defaultdict
from uuid import UUID

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.minigames import queries
from domain.minigames.model import (
    MOST_ENTRIES,
    SECONDS,
    WHEEL,
    Draw,
    Game,
    Minigame,
    Prize,
    Score,
    Terms,
    prize_of,
    score,
    with_bonus,
)
from features.fairness import SEED_BYTES, Choice, Entry, Inputs, Proof, hash_of, prove
from livestreamx import keys
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Db, Pool, connection, transaction
from livestreamx.errors import NotFound
from livestreamx.events import MinigameEnded, MinigameStarted


class UnknownGame(NotFound):
    code, title = "minigame_not_found", "There is no such game"


async def find(pool: Pool, game_id: UUID) -> Minigame:
    """A game, also one that is over."""
    async with connection(pool) as db:
        found = await queries.find(db, game_id)
    if found is None:
        raise UnknownGame()
    return found


async def begin(db: Db, *, game_id: UUID, stream_id: UUID, game: Game, terms: Terms, request_id: str) -> None:
    """Fix the seed and publish its hash, in the caller's transaction."""
    made = await queries.insert(
        db,
        game_id=game_id,
        stream_id=stream_id,
        game=game,
        terms=msgspec.to_builtins(terms),
        seed=secrets.token_bytes(SEED_BYTES),
        seconds=SECONDS[game],
    )
    started = MinigameStarted(
        occurred_at=made.started_at,
        stream_id=stream_id,
        creator_id=terms.creator_id,
        user_id=terms.starter,
        game_id=game_id,
        game=game,
        handle=terms.handle,
        seed_hash=hash_of(made.seed),
        ends_at=made.ends_at,
        hp=terms.hp,
        sides=(terms.left, terms.right) if game == "tug" else (),
        choices={choice.key: choice.weight for choice in WHEEL} if game == "wheel" else {},
    )
    await record(db, started, request_id=request_id)


async def standing(redis: AsyncRedis, game: Minigame) -> Score:
    """How a game stands by what the dataflow has counted, in whole seconds after the hash was published."""
    first, last = int(game.started_at.timestamp()) + 1, int(min(now(), game.ends_at).timestamp())
    async with redis.pipeline(transaction=False) as pipe:
        for second in range(first, last + 1):
            pipe.hgetall(keys.game_acts(game.stream_id, second))
        seconds = await pipe.execute()
    acts: defaultdict[str, defaultdict[str, int]] = defaultdict(lambda: defaultdict(int))
    for fields in seconds:
        for name, count in fields.items():
            user, _, what = name.decode().partition(":")
            acts[user][what] += int(count)
    acts.pop(str(game.terms.creator_id), None)
    return score(game.game, with_bonus(acts, game.bonus), game.terms)


def inputs_of(game: Minigame, stands: Score) -> Inputs:
    """What the draw is made from, in an order that depends on nothing else."""
    leading = sorted(stands.entrants.items(), key=lambda entrant: (-entrant[1], entrant[0]))[:MOST_ENTRIES]
    entries = tuple(Entry(user, count) for user, count in leading)
    choices = WHEEL if game.game == "wheel" else tuple(Choice(entry.user, entry.points) for entry in entries)
    return Inputs(game=game.game, id=str(game.id), choices=choices, entries=entries)


async def end(pool: Pool, redis: AsyncRedis, game_id: UUID) -> bool:
    """End a game whose time is up, or whose boss is down: draw, reveal, award. Whether it ended now."""
    async with transaction(pool) as db:
        game = await queries.claim(db, game_id)
        if game is None:
            return False
        stands = await standing(redis, game)
        fell = game.game == "boss" and stands.is_won
        if not fell and not await queries.is_over(db, game_id):
            return False
        if not stands.is_won:
            await _close(db, game, None, None, Prize())
            return True
        proof = prove(game.seed, inputs_of(game, stands))
        winner = game.terms.starter if game.game == "wheel" else UUID(proof.outcome)
        await _close(db, game, proof, winner, prize_of(game.game, proof.outcome))
        return True


async def _close(db: Db, game: Minigame, proof: Proof | None, winner: UUID | None, prize: Prize) -> None:
    draw = Draw(seed=game.seed.hex(), proof=proof)
    state = "expired" if proof is None else "resolved"
    await queries.finish(db, game.id, state, msgspec.to_builtins(draw), winner)
    is_new = winner is not None and prize.badge != "" and await queries.award(db, winner, prize.badge)
    ended = MinigameEnded(
        stream_id=game.stream_id,
        creator_id=game.terms.creator_id,
        user_id=winner,
        game_id=game.id,
        game=game.game,
        state="expired" if proof is None else "resolved",
        seed_hash=hash_of(game.seed),
        seed=game.seed.hex(),
        outcome=proof.outcome if proof else "",
        handle=await queries.handle_of(db, winner) if winner else "",
        xp=prize.xp,
        badge=prize.badge if is_new else "",
    )
    await record(db, ended)
