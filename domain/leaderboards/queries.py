"""All SQL of leaderboards: the people behind the ids. The scores themselves are in Redis."""

from collections.abc import Sequence
from uuid import UUID

from domain.leaderboards.model import Person
from livestreamx.engines.postgres import Db, struct_row


async def people(db: Db, ids: Sequence[UUID]) -> dict[UUID, Person]:
    """The people with these ids; those who are gone are left out."""
    async with db.cursor(row_factory=struct_row(Person)) as cursor:
        await cursor.execute("SELECT id, handle, avatar_url, level FROM users WHERE id = ANY(%s)", (list(ids),))
        return {person.id: person for person in await cursor.fetchall()}
