"""Which partition a key belongs to: the producers' `murmur2`, for whoever gathers records of one partition."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import lru_cache

from livestreamx.events import Event
from livestreamx.events.packed import pack
from livestreamx.topics import Topic

MULTIPLIER, SEED, MASK = 0x5BD1E995, 0x9747B28C, 0xFFFFFFFF


def murmur2(key: bytes) -> int:
    """The 32-bit hash that Kafka's own clients take of a key."""
    value = SEED ^ len(key)
    whole = len(key) & ~3
    for start in range(0, whole, 4):
        word = int.from_bytes(key[start : start + 4], "little") * MULTIPLIER & MASK
        word = (word ^ (word >> 24)) * MULTIPLIER & MASK
        value = (value * MULTIPLIER & MASK) ^ word
    if whole < len(key):
        value = (value ^ int.from_bytes(key[whole:], "little")) * MULTIPLIER & MASK
    value = (value ^ (value >> 13)) * MULTIPLIER & MASK
    return value ^ (value >> 15)


@lru_cache(maxsize=65_536)
def partition_of(key: str, partitions: int) -> int:
    """The partition that a key belongs to."""
    return (murmur2(key.encode()) & 0x7FFFFFFF) % partitions


def packed_by_partition(acts: Iterable[Event], most: int = 1000) -> Iterator[tuple[Topic, int, bytes]]:
    """Topic, partition and bytes of packed records of at most `most` acts; the acts of a stream keep their order."""
    gathered: defaultdict[tuple[Topic, int], list[Event]] = defaultdict(list)
    for act in acts:
        where = (act.topic, partition_of(act.key, act.topic.partitions))
        some = gathered[where]
        some.append(act)
        if len(some) >= most:
            yield *where, pack(gathered.pop(where))
    for where, some in gathered.items():
        yield *where, pack(some)
