"""Changing what people show of themselves: words, links, a theme, a picture of their own."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import msgspec

from domain.accounts import service as accounts
from domain.accounts.model import User
from domain.assets import queries as assets
from domain.assets.owning import find_picture
from domain.profiles import queries
from domain.profiles.model import MOST_BIO_CHARACTERS, MOST_LINK_CHARACTERS, Place, ProfileWish
from domain.text import clean_text
from livestreamx.engines.postgres import Pool, transaction
from livestreamx.errors import Invalid


async def customize(pool: Pool, user_id: UUID, wish: ProfileWish) -> User:
    """Change what the wish names; the account afterwards.

    `Invalid` with code `bad_link` or `bio_too_long`, `UnknownAsset`, `NotAPicture`.
    """
    async with transaction(pool) as db:
        await assets.lock_owner(db, user_id)
        before = await accounts.find(db, user_id)
        after: dict[str, Any] = {
            "bio": before.bio if wish.bio is msgspec.UNSET else clean_bio(wish.bio),
            "socials": before.socials if wish.socials is msgspec.UNSET else clean_links(wish.socials),
            "theme": before.theme if wish.theme is msgspec.UNSET else wish.theme,
            "avatar_url": before.avatar_url,
        }
        if wish.avatar is not msgspec.UNSET:
            after["avatar_url"] = (await find_picture(db, user_id, wish.avatar)).path if wish.avatar else None
        await queries.set_profile(db, user_id, **after)
        return await accounts.find(db, user_id)


def clean_bio(text: str) -> str:
    """One line of plain text; `Invalid` when it is too long."""
    text = clean_text(text)
    if len(text) > MOST_BIO_CHARACTERS:
        raise Invalid(f"At most {MOST_BIO_CHARACTERS} characters", code="bio_too_long")
    return text


def clean_links(links: Mapping[Place, str]) -> dict[str, str]:
    """Links without those that were emptied; `Invalid` for what is no https address of another site."""
    kept = {str(place): link.strip() for place, link in links.items() if link.strip()}
    for place, link in kept.items():
        if not is_public_link(link):
            raise Invalid(f"{place}: an address that begins with https://", code="bad_link", field=place)
    return kept


def is_public_link(link: str) -> bool:
    """Whether it is an https address without a password, control or space in it."""
    if len(link) > MOST_LINK_CHARACTERS or not link.isprintable() or " " in link:
        return False
    try:
        parts = urlsplit(link)
    except ValueError:
        return False
    return parts.scheme == "https" and "." in (parts.hostname or "") and "@" not in parts.netloc
