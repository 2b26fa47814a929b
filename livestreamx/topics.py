"""Kafka topics: few, by consumer need. Records of one stream share a key, so they stay in order."""

import msgspec

DAY_MS = 24 * 3600 * 1000


class Topic(msgspec.Struct, frozen=True):
    """A topic's name, its number of partitions and how long it keeps records (ms)."""

    name: str
    partitions: int
    retention_ms: int
    purpose: str


INTERACTIONS = Topic(
    "interactions", 4, 7 * DAY_MS, "chat, reactions, presence: ephemeral acts, straight from the gateway"
)
ECONOMY = Topic("economy", 4, 7 * DAY_MS, "gifts and top-ups: recorded acts, from the outbox")
LIFECYCLE = Topic(
    "lifecycle",
    4,
    7 * DAY_MS,
    "accounts, streams, follows, polls, questions, challenges, raids, clips, segments: recorded acts, from the outbox",
)
DISCOVERY = Topic("discovery", 4, 7 * DAY_MS, "recommendations shown and chosen")
SIGNALS = Topic("signals", 4, 7 * DAY_MS, "results of the dataflows that others consume: moods")
DEAD_LETTERS = Topic("dead-letters", 1, 7 * DAY_MS, "records that could not be processed, with the reason")

ALL = (INTERACTIONS, ECONOMY, LIFECYCLE, DISCOVERY, SIGNALS, DEAD_LETTERS)
EVENT_TOPICS = (INTERACTIONS, ECONOMY, LIFECYCLE, DISCOVERY, SIGNALS)
