"""`python -m domain.interactions.keeper`: the role that does what time brings to all that goes on in a show.

Polls end, challenges start and end, raids leave, clips follow one another, streams without their publisher end, what a
stream leaves open is closed, subscriptions run out and gifts of them reach people. Any number may run at once.
"""

from collections.abc import Sequence

from redis.asyncio import Redis as AsyncRedis

from domain.interactions.challenges import service as challenges
from domain.interactions.polls import service as polls
from domain.interactions.questions import service as questions
from domain.interactions.raids import service as raids
from domain.media import keys as media_keys
from domain.media import service as media
from domain.media.ingresses import ingresses
from domain.segments import keeping as segments
from domain.subscriptions import giving
from domain.subscriptions import keeping as subscriptions
from livestreamx.engines.postgres import Pool
from livestreamx.settings import Settings
from livestreamx.ticking import Step, run_role


class Keeper:
    """Does what is due."""

    def __init__(self, pool: Pool, redis: AsyncRedis, settings: Settings) -> None:
        self._pool, self._redis = pool, redis
        self._present_seconds = settings.session_gap_seconds
        self._loss_seconds = settings.publisher_loss_seconds
        self._ingresses = ingresses(settings)

    def steps(self) -> tuple[Step, ...]:
        return (
            self.end_polls,
            self.advance_challenges,
            self.launch_raids,
            self.advance_segments,
            self.move_ingresses,
            self.end_abandoned_streams,
            self.take_keys,
            self.expire_questions,
            self.move_subscriptions,
            self.give_subscriptions,
        )

    async def end_polls(self) -> None:
        while await polls.end_due(self._pool):
            pass

    async def advance_challenges(self) -> None:
        for due in await challenges.what_is_on(self._pool):
            await challenges.advance(self._pool, self._redis, due, self._present_seconds)

    async def launch_raids(self) -> None:
        while await raids.launch_due(self._pool, self._redis, self._present_seconds):
            pass

    async def advance_segments(self) -> None:
        while await segments.advance_due(self._pool, by_media_server=self._ingresses is not None):
            pass

    async def move_ingresses(self) -> None:
        if self._ingresses is None:
            return
        while await segments.send_to_room(self._pool, self._ingresses):
            pass
        while await segments.take_from_room(self._pool, self._ingresses):
            pass

    async def take_keys(self) -> None:
        while self._ingresses is not None and await media_keys.take_one_left(self._pool, self._ingresses):
            pass

    async def end_abandoned_streams(self) -> None:
        while await media.end_abandoned(self._pool, self._loss_seconds):
            pass

    async def expire_questions(self) -> None:
        while await questions.expire_left_open(self._pool):
            pass

    async def move_subscriptions(self) -> None:
        while await subscriptions.move_due(self._pool, self._redis):
            pass

    async def give_subscriptions(self) -> None:
        while await giving.give_owed(self._pool, self._redis):
            pass


def steps_of(pool: Pool, redis: AsyncRedis, settings: Settings) -> Sequence[Step]:
    return Keeper(pool, redis, settings).steps()


if __name__ == "__main__":
    run_role("keeper", steps_of)
