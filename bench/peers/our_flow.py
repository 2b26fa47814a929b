"""Our pulse flow as it runs live, from Kafka to Redis with fences and every act once; then the windows of its seconds.

BOOTSTRAP TOPIC COUNT END REDIS_URL
"""

import sys
import threading
import time
from typing import cast

import msgspec
from confluent_kafka import TopicPartition
from redis import Redis

from bench.peers.tally import Tally
from features.pulse import sums_of, windows
from livestreamx import keys
from livestreamx.engines.redis import connect_plain
from livestreamx.observe.metrics import Metrics
from livestreamx.settings import Settings
from livestreamx.topics import Topic
from pipelines.catalogue import every_flow
from pipelines.everything import settle_interpreter
from pipelines.feed import find_partitions, make_consumer
from pipelines.pulse import NAME
from pipelines.runner import Runner


def main() -> None:
    settle_interpreter()
    tally = Tally()
    redis = connect_plain(sys.argv[5])
    redis.flushdb()
    settings = Settings(kafka_bootstrap=tally.bootstrap, redis_url=sys.argv[5])
    flow = msgspec.structs.replace(every_flow()[NAME], topics=[Topic(tally.topic, 4, 0, "the bench's own")])
    consumer = make_consumer(tally.bootstrap, "ends")
    parts = find_partitions(consumer, flow.topics)
    ends = {f"{topic}:{n}".encode(): consumer.get_watermark_offsets(TopicPartition(topic, n))[1] for topic, n in parts}
    consumer.close()
    used = redis_cpu(redis)
    stopping = threading.Event()
    runner = Runner(flow, settings, stopping, Metrics())
    tally.begin()
    runner.thread.start()
    while True:
        stands = cast(dict[bytes, bytes], redis.hgetall(keys.flow_offsets(NAME)))
        if all(int(stands.get(place, 0)) >= end for place, end in ends.items()):
            break
        time.sleep(0.025)
    written = time.perf_counter() - tally.began
    for stream, seconds in read_back(redis).items():
        for start, sums in windows(seconds):
            tally.take(stream, start, sums)
    tally.answer(written=written, redis_cpu=redis_cpu(redis) - used)
    stopping.set()
    runner.thread.join(5)


def redis_cpu(redis: Redis) -> float:
    """The processor time that Redis has used (s)."""
    used = cast(dict[str, float], redis.info("cpu"))
    return used["used_cpu_user"] + used["used_cpu_sys"]


def read_back(redis: Redis) -> dict[str, dict[int, list[int]]]:
    """The seconds of every stream."""
    found: dict[str, dict[int, list[int]]] = {}
    names = list(redis.scan_iter("stream:*:seconds:*", count=5000))
    with redis.pipeline(transaction=False) as pipe:
        for name in names:
            pipe.hgetall(name)
        for name, rows in zip(names, pipe.execute(), strict=True):
            stream = name.decode().split("{")[1].split("}")[0]
            seconds = {int(at): sums_of(row) for at, row in rows.items()}
            found.setdefault(stream, {}).update(seconds)
    return found


if __name__ == "__main__":
    main()
