"""Finding files of one's own for what is made of them."""

from uuid import UUID

from domain.assets import queries
from domain.assets.model import Asset, NotAPicture, UnknownAsset
from livestreamx.engines.postgres import Db


async def find_own(db: Db, owner_id: UUID, asset_id: UUID) -> Asset:
    """A file of one's own, which stays until the transaction ends; `UnknownAsset` for those of others too."""
    asset = await queries.find_own_held(db, owner_id, asset_id)
    if asset is None:
        raise UnknownAsset()
    return asset


async def find_picture(db: Db, owner_id: UUID, asset_id: UUID) -> Asset:
    """A picture of one's own; `UnknownAsset`, `NotAPicture`."""
    asset = await find_own(db, owner_id, asset_id)
    if not asset.is_picture:
        raise NotAPicture()
    return asset
