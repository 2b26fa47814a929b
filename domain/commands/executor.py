"""`python -m domain.commands.executor`: the role that plays commands and games; any number may run at once."""

import asyncio
from collections.abc import Sequence
from uuid import UUID

from redis.asyncio import Redis as AsyncRedis

from domain.commands.running import expire_one, finish_one, start_one
from domain.economy import service as economy
from domain.minigames import queries as games
from domain.minigames import service as minigames
from livestreamx.clock import now
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.postgres import Pool, connection
from livestreamx.frames import MinigameUpdate
from livestreamx.settings import Settings
from livestreamx.ticking import Step, run_role

UPDATE_SECONDS = 1.0


class Executor:
    """Does what is due."""

    def __init__(self, pool: Pool, redis: AsyncRedis) -> None:
        self._pool, self._redis, self._bus = pool, redis, RoomBus(redis)
        self._updated_at = 0.0

    def steps(self) -> tuple[Step, ...]:
        return (self._finish, self._start, self._expire, self._play)

    async def _finish(self) -> None:
        while await finish_one(self._pool):
            pass

    async def _start(self) -> None:
        while sender := await start_one(self._pool):
            await self._announce(sender)

    async def _expire(self) -> None:
        while sender := await expire_one(self._pool):
            await self._announce(sender)

    async def _announce(self, sender: UUID) -> None:
        """Tell the person's sockets what they have now; a gift may have come back."""
        async with connection(self._pool) as db:
            held = await economy.wallet(db, sender)
        await economy.announce_balance(self._redis, sender, held)

    async def _play(self) -> None:
        """End the games that are over, and tell how the others stand, once a second."""
        at = asyncio.get_running_loop().time()
        if at - self._updated_at < UPDATE_SECONDS:
            return
        self._updated_at = at
        async with connection(self._pool) as db:
            running = await games.running(db)
        for game in running:
            if await minigames.end(self._pool, self._redis, game.id) or game.game == "wheel":
                continue
            stands = await minigames.standing(self._redis, game)
            update = MinigameUpdate(
                gameId=game.id,
                game=game.game,
                hp=stands.hp,
                sides=stands.sides,
                players=len(stands.entrants),
                asOf=now(),
            )
            await self._bus.publish(game.stream_id, "minigame:update", update)


def steps_of(pool: Pool, redis: AsyncRedis, _: Settings) -> Sequence[Step]:
    return Executor(pool, redis).steps()


if __name__ == "__main__":
    run_role("commands", steps_of)
