"""What counts in a boss or a tug: reactions and gifts, per second and person, for whoever settles a game to add up.

Whether a game is on is not asked here: the sums of each second are kept for a while, and do not depend on any order.
"""

from collections.abc import Sequence

from livestreamx import keys, topics
from livestreamx.events import GiftSent, ReactionSent
from pipelines.effects import Effects
from pipelines.records import Record

NAME = "games"
TOPICS = (topics.INTERACTIONS, topics.ECONOMY)
KEPT_SECONDS = 600


def count(records: Sequence[Record]) -> Effects:
    """Reactions by mood and tokens given, per second and person."""
    effects = Effects()
    touched: set[str] = set()
    for record in records:
        event = record.event
        if event.stream_id is None or event.user_id is None:
            continue
        key = keys.game_acts(event.stream_id, int(event.occurred_at.timestamp()))
        match event:
            case ReactionSent():
                effects.add(key, f"{event.user_id}:{event.mood}", 1)
            case GiftSent():
                effects.add(key, f"{event.user_id}:gift", event.tokens)
            case _:
                continue
        touched.add(key)
    for key in touched:
        effects.expire(key, KEPT_SECONDS)
    return effects
