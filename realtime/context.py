"""What the parts of a gateway are made from: the engines' clients and settings of this process."""

import msgspec
from redis.asyncio import Redis as AsyncRedis

from domain.accounts.tokens import AccessTokens
from domain.chat.service import ChatDesk
from domain.commands.service import GiftDesk
from domain.fraud.guard import GiftGuard
from domain.interactions.polls.voting import BallotBox
from livestreamx.engines.bus import RoomBus
from livestreamx.engines.kafka import Emitter
from livestreamx.engines.postgres import Pool
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """Opened and closed by whoever runs the gateway."""

    settings: Settings
    pool: Pool
    redis: AsyncRedis
    emitter: Emitter
    bus: RoomBus
    tokens: AccessTokens
    metrics: Metrics
    gifts: GiftDesk
    guard: GiftGuard
    chat: ChatDesk
    ballots: BallotBox
