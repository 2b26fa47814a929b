"""Who has which feature, and changing it: audited."""

from uuid import UUID

from domain.audit.service import note
from domain.rollouts import queries
from domain.rollouts.model import FEATURES, Feature, Rollout, UnknownFeature
from livestreamx.engines.postgres import Db, Pool, connection, transaction


async def _all(db: Db) -> dict[Feature, Rollout]:
    known = {rollout.feature: rollout for rollout in await queries.decided(db)}
    return {feature: known.get(feature, Rollout(feature=feature)) for feature in FEATURES}


async def rollouts(pool: Pool) -> list[Rollout]:
    """Every feature with what was decided about it."""
    async with connection(pool) as db:
        return list((await _all(db)).values())


async def reaches(pool: Pool, feature: Feature, user: UUID | None) -> bool:
    """Whether this person has the feature."""
    async with connection(pool) as db:
        return (await _all(db))[feature].reaches(user)


async def decide(pool: Pool, name: str, *, is_on: bool, share: int, admin_id: UUID, request_id: str) -> Rollout:
    """Turn a feature on for so many per cent of people, or off; again changes nothing. `UnknownFeature`."""
    async with transaction(pool) as db:
        before = next((rollout for rollout in (await _all(db)).values() if rollout.feature == name), None)
        if before is None:
            raise UnknownFeature()
        if (before.is_on, before.share) == (is_on, share):
            return before
        await queries.decide(db, before.feature, is_on, share, admin_id)
        await note(
            db,
            actor_id=admin_id,
            action="feature.changed",
            subject=f"feature:{name}",
            before={"on": before.is_on, "share": before.share},
            after={"on": is_on, "share": share},
            request_id=request_id,
        )
        return (await _all(db))[before.feature]
