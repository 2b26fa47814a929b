"""Redis: the async client of the API and gateway, the plain client of the dataflows."""

from redis import Redis
from redis.asyncio import BlockingConnectionPool
from redis.asyncio import Redis as AsyncRedis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff
from redis.exceptions import ConnectionError as ConnectionLostError

MOST_CONNECTIONS = 50
WAIT_SECONDS = 5
RETRIES = 3
"""Within about half a second: a connection that died in the pool is replaced, a Redis that is away is said."""


def connect(url: str) -> AsyncRedis:
    """An async client over a pool; answers are bytes. A burst waits for a connection instead of being refused."""
    pool = BlockingConnectionPool.from_url(
        url,
        max_connections=MOST_CONNECTIONS,
        timeout=WAIT_SECONDS,
        socket_timeout=10,
        socket_connect_timeout=5,
        health_check_interval=30,
        retry=Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05), RETRIES, (ConnectionLostError,)),
    )
    return AsyncRedis.from_pool(pool)


def connect_once(url: str) -> AsyncRedis:
    """An async client that reports a lost connection instead of hiding it by a retry, for whoever must notice."""
    never = Retry(NoBackoff(), 0)
    return AsyncRedis.from_url(url, protocol=3, socket_timeout=10, socket_connect_timeout=5, retry=never)


def connect_plain(url: str) -> Redis:
    """A blocking client for dataflows and commands; answers are bytes."""
    return Redis.from_url(url, socket_timeout=10, socket_connect_timeout=5, health_check_interval=30)
