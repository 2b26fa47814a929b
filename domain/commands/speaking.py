"""What a gift has read out passes the filters of the channel's chat: nobody buys what they could not write."""

from uuid import UUID

from domain.chat import listing, queries
from domain.chat.filters import ALLOWED, Verdict
from domain.moderation import service as moderation
from livestreamx.engines.postgres import Db


async def judge_spoken(db: Db, *, creator_id: UUID, stream_id: UUID, speaker: UUID, text: str) -> Verdict:
    """The chat's verdict on these words; moderators say what they like, as they write what they like."""
    if await moderation.may_moderate(db, speaker, creator_id):
        return ALLOWED
    shield = (await queries.chat(db, stream_id)).mode.shield
    return (await listing.filter_of(db, creator_id)).judge(text, shield=shield)
