"""All SQL of assets."""

from uuid import UUID

from domain.assets.model import Asset, AssetKind
from livestreamx.engines.postgres import Db, struct_row

ASSET = "SELECT id, owner_id, kind, name, bytes, created_at FROM assets "


async def lock_owner(db: Db, owner_id: UUID) -> None:
    """Puts the changes of one person's files in a row."""
    await db.execute("SELECT FROM users WHERE id = %s FOR NO KEY UPDATE", (owner_id,))


async def count(db: Db, owner_id: UUID) -> int:
    done = await db.execute("SELECT count(*) FROM assets WHERE owner_id = %s", (owner_id,))
    number: int = (await done.fetchall())[0][0]
    return number


async def insert(db: Db, asset_id: UUID, owner_id: UUID, *, kind: AssetKind, name: str, size: int) -> Asset:
    async with db.cursor(row_factory=struct_row(Asset)) as cursor:
        await cursor.execute(
            "INSERT INTO assets (id, owner_id, kind, name, bytes) VALUES (%s, %s, %s, %s, %s) "
            "RETURNING id, owner_id, kind, name, bytes, created_at",
            (asset_id, owner_id, kind, name, size),
        )
        return (await cursor.fetchall())[0]


async def of_owner(db: Db, owner_id: UUID) -> list[Asset]:
    """The latest first."""
    async with db.cursor(row_factory=struct_row(Asset)) as cursor:
        await cursor.execute(ASSET + "WHERE owner_id = %s ORDER BY id DESC", (owner_id,))
        return await cursor.fetchall()


async def find_own(db: Db, owner_id: UUID, asset_id: UUID) -> Asset | None:
    async with db.cursor(row_factory=struct_row(Asset)) as cursor:
        await cursor.execute(ASSET + "WHERE owner_id = %s AND id = %s", (owner_id, asset_id))
        return await cursor.fetchone()


async def find_own_held(db: Db, owner_id: UUID, asset_id: UUID) -> Asset | None:
    """The file, which is not removed before this transaction ends."""
    async with db.cursor(row_factory=struct_row(Asset)) as cursor:
        await cursor.execute(ASSET + "WHERE owner_id = %s AND id = %s FOR KEY SHARE", (owner_id, asset_id))
        return await cursor.fetchone()


async def delete(db: Db, asset: Asset) -> None:
    """Also from where it is somebody's picture."""
    await db.execute(
        "UPDATE users SET avatar_url = NULL WHERE id = %s AND avatar_url = %s", (asset.owner_id, asset.path)
    )
    await db.execute("DELETE FROM assets WHERE id = %s", (asset.id,))
