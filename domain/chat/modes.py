"""Whether a chat's mode lets somebody write; how often is counted elsewhere."""

import time
from datetime import timedelta
from uuid import UUID

import msgspec

from domain.chat import queries
from domain.chat.emotes import Emotes
from domain.chat.model import SHIELD_ACCOUNT_HOURS, SHIELD_FOLLOWED_MINUTES, Bond, ModeName, ModeRestricted
from livestreamx.clock import made_at, now
from livestreamx.engines.postgres import Pool, connection
from livestreamx.frames import ChatMode

BOUND_SECONDS = 30.0
"""How long it is remembered that somebody follows or subscribes."""
UNBOUND_LOOKS, UNBOUND_SECONDS = 3, 2.0
"""Who does neither is looked up so often in so long: who follows may write at once, and a flood asks no database."""
MOST_REMEMBERED = 20_000


class _Known(msgspec.Struct, frozen=True):
    bond: Bond
    until: float
    looks: int

    @property
    def holds(self) -> bool:
        """Whether this is answered without another look."""
        return self.bond.is_any or self.looks >= UNBOUND_LOOKS


class ModeGuard:
    """Lets people through by the mode of the chat; one a process."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._emotes = Emotes()
        self._known: dict[tuple[UUID, UUID], _Known] = {}

    async def require(self, mode: ChatMode, user_id: UUID, creator_id: UUID, text: str) -> None:
        """`ModeRestricted` for whom, or what, the mode does not let through."""
        if mode.emotesOnly and not self._emotes.are_all(text):
            raise ModeRestricted("emotes", "Only emotes may be sent now")
        if mode.shield:
            _require_age(user_id)
        if not (mode.shield or mode.subscribersOnly or mode.followersMinutes is not None):
            return
        bond = await self._bond(user_id, creator_id)
        if mode.subscribersOnly and not bond.subscribes:
            raise ModeRestricted("subscribers", "Only subscribers may write now")
        if mode.followersMinutes is not None:
            _require_follower("followers", bond, mode.followersMinutes)
        if mode.shield:
            _require_follower("shield", bond, SHIELD_FOLLOWED_MINUTES)

    async def _bond(self, user_id: UUID, creator_id: UUID) -> Bond:
        at = time.monotonic()
        known = self._known.get((user_id, creator_id))
        if known and known.until <= at:
            known = None
        if known and known.holds:
            return known.bond
        async with connection(self._pool) as db:
            bond = await queries.bond(db, user_id, creator_id)
        if len(self._known) >= MOST_REMEMBERED:
            self._known.clear()
        if bond.is_any:
            found = _Known(bond, at + BOUND_SECONDS, 1)
        elif known:
            found = _Known(bond, known.until, known.looks + 1)
        else:
            found = _Known(bond, at + UNBOUND_SECONDS, 1)
        self._known[user_id, creator_id] = found
        return bond


def _require_age(user_id: UUID) -> None:
    left = made_at(user_id) + timedelta(hours=SHIELD_ACCOUNT_HOURS) - now()
    if left > timedelta():
        raise ModeRestricted("shield", "The chat is shielded from new accounts", _ms(left))


def _require_follower(mode: ModeName, bond: Bond, minutes: int) -> None:
    if bond.followed_since is None:
        raise ModeRestricted(mode, "Only followers may write now")
    left = bond.followed_since + timedelta(minutes=minutes) - now()
    if left > timedelta():
        raise ModeRestricted(mode, f"Only those who have followed for {minutes} minutes may write now", _ms(left))


def _ms(left: timedelta) -> int:
    return max(1, round(left.total_seconds() * 1000))
