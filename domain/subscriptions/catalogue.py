"""The tiers that the platform begins with; `python -m domain.seed` writes them and follows later changes.

A subscription keeps the price that it was ordered at.
"""

from domain.subscriptions.model import Tier

TIERS: tuple[Tier, ...] = (
    Tier(tier=1, price_minor=499, currency="usd"),
    Tier(tier=2, price_minor=999, currency="usd"),
    Tier(tier=3, price_minor=2499, currency="usd"),
)
