"""People's own limits: the database keeps them, whatever way tokens are spent or bought."""

from datetime import timedelta
from uuid import UUID

import msgspec

from domain.limits import queries
from domain.limits.model import LONGEST_EXCLUSION_DAYS, MOST_TOKENS, Limits, Wish
from livestreamx.clock import now
from livestreamx.engines.outbox import record
from livestreamx.engines.postgres import Pool, connection, transaction
from livestreamx.errors import Conflict, Invalid
from livestreamx.events import LimitsChanged

DAYS = {"daily": 1, "weekly": 7}


class ExclusionStays(Conflict):
    code, title = "exclusion_stays", "A self-exclusion is not shortened"


async def limits(pool: Pool, user_id: UUID) -> Limits:
    """As they hold now."""
    async with connection(pool) as db:
        return await queries.limits(db, user_id)


async def change(pool: Pool, user_id: UUID, wish: Wish, *, request_id: str = "") -> Limits:
    """Change what the wish names; asking for what is so already changes nothing. `Invalid`, `ExclusionStays`."""
    for name in DAYS:
        tokens = getattr(wish, name)
        if isinstance(tokens, int) and not 0 <= tokens <= MOST_TOKENS:
            raise Invalid(f"A limit is 0 to {MOST_TOKENS} tokens", field=name)
    until = wish.excluded_until
    if until is not msgspec.UNSET and until > now() + timedelta(days=LONGEST_EXCLUSION_DAYS):
        raise Invalid("An exclusion ends within five years", field="excludedUntil")
    async with transaction(pool) as db:
        await queries.lock(db, user_id)
        before = await queries.limits(db, user_id)
        for name, days in DAYS.items():
            if getattr(wish, name) is not msgspec.UNSET:
                await queries.set_limit(db, user_id, days, getattr(wish, name))
        if until is not msgspec.UNSET and until != before.excluded_until:
            if before.excluded_until is None and until <= now():
                raise Invalid("An exclusion ends in the future", field="excludedUntil")
            if not await queries.exclude_until(db, user_id, until):
                raise ExclusionStays()
        after = await queries.limits(db, user_id)
        if after != before:
            await record(db, LimitsChanged(user_id=user_id, **msgspec.structs.asdict(after)), request_id=request_id)
    return after
