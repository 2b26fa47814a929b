"""`python -m livestreamx.stack.kafka --home DIR --port N`: run the embedded Kafka until SIGTERM.

Standard output carries one line, `ready <host:port>`; the log goes to standard error.
"""

import argparse
import logging
import resource
import sys
from pathlib import Path

import structlog
import uvloop

from livestreamx.durable import DurabilityLostError
from livestreamx.stack.kafka.broker import Broker, BrokerSettings
from livestreamx.stack.kafka.storage import HomeInUseError


def main() -> int:
    structlog.configure(
        wrapper_class=structlog.make_filtering_bound_logger(logging.INFO),
        logger_factory=structlog.PrintLoggerFactory(sys.stderr),
    )
    _allow_many_files()
    try:
        uvloop.run(Broker(_settings()).run(on_ready=lambda address: print(f"ready {address}", flush=True)))
    except (HomeInUseError, OSError) as error:
        structlog.get_logger().error("kafka cannot run", reason=str(error))
        return 1
    except DurabilityLostError as error:
        structlog.get_logger().critical("fsync failed; restart to recover from disk", reason=str(error))
        return 2
    return 0


def _settings() -> BrokerSettings:
    defaults = BrokerSettings(home=Path())
    parser = argparse.ArgumentParser(prog="python -m livestreamx.stack.kafka", description=__doc__)
    parser.add_argument("--home", type=Path, required=True, help="folder that keeps everything")
    parser.add_argument("--port", type=int, default=defaults.port, help="0 picks a free port")
    parser.add_argument("--host", default=defaults.host, help="address to listen on")
    parser.add_argument("--advertised-host", help="address told to clients (default: the one listened on)")
    parser.add_argument("--commit-ms", type=float, default=defaults.commit_interval * 1000, help="between two fsyncs")
    parser.add_argument(
        "--maintenance-s", type=float, default=defaults.maintenance_interval, help="between two upkeeps"
    )
    parser.add_argument("--segment-bytes", type=int, default=defaults.segment_bytes, help="size of a segment file")
    parser.add_argument("--default-partitions", type=int, default=defaults.default_partitions)
    given = parser.parse_args()
    return BrokerSettings(
        home=given.home,
        host=given.host,
        port=given.port,
        advertised_host=given.advertised_host,
        commit_interval=given.commit_ms / 1000,
        maintenance_interval=given.maintenance_s,
        default_partitions=given.default_partitions,
        segment_bytes=given.segment_bytes,
    )


def _allow_many_files() -> None:
    """Every segment that was read keeps a descriptor: raise the soft limit to the hard one."""
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


if __name__ == "__main__":
    sys.exit(main())
