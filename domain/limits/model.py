"""What a person's own limits are, and what may be wished of them."""

from datetime import datetime

import msgspec

MOST_TOKENS = 100_000_000
LONGEST_EXCLUSION_DAYS = 5 * 366


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens a day and a week that may be spent, and bought; None is no limit.

    `next_...` is what holds from `next_..._at` on, where a limit was loosened less than a day ago.
    """

    daily: int | None = None
    weekly: int | None = None
    next_daily: int | None = None
    next_daily_at: datetime | None = None
    next_weekly: int | None = None
    next_weekly_at: datetime | None = None
    excluded_until: datetime | None = None


class Wish(msgspec.Struct, frozen=True, kw_only=True):
    """What to change; what is left out stays, None takes a limit away."""

    daily: int | msgspec.UnsetType | None = msgspec.UNSET
    weekly: int | msgspec.UnsetType | None = msgspec.UNSET
    excluded_until: datetime | msgspec.UnsetType = msgspec.UNSET
