"""Every metric that the platform exports, typed and in one catalogue (Prometheus names and units)."""

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest, start_http_server
from prometheus_client.exposition import CONTENT_TYPE_LATEST

CONTENT_TYPE = CONTENT_TYPE_LATEST
FAST_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10)
LAG_SECONDS = (0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60)


class Metrics:
    """The catalogue; one a process, made by its composition root."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.requests = Counter(
            "http_requests", "HTTP requests answered", ["method", "route", "status"], registry=self.registry
        )
        self.request_seconds = Histogram(
            "http_request_seconds",
            "Time to answer an HTTP request",
            ["method", "route"],
            buckets=FAST_SECONDS,
            registry=self.registry,
        )
        self.sockets = Gauge("ws_connections", "Open websocket connections", registry=self.registry)
        self.frames = Counter("ws_frames", "Client frames answered", ["event", "outcome"], registry=self.registry)
        self.drops = Counter("ws_drops", "Connections that were closed by us", ["reason"], registry=self.registry)
        self.deliveries = Counter("ws_deliveries", "Server frames written to sockets", registry=self.registry)
        self.dropped_frames = Counter(
            "ws_frames_dropped", "Frames left out for readers that were too slow", ["channel"], registry=self.registry
        )
        self.behind = Gauge("ws_readers_behind", "Connections fed from the history", registry=self.registry)
        self.bus_lag = Histogram(
            "ws_bus_lag_seconds",
            "Age of a room's frame when this gateway has read it, one of each batch",
            buckets=FAST_SECONDS,
            registry=self.registry,
        )
        self.produce_failures = Counter(
            "producer_errors", "Events that the event log did not take", ["topic"], registry=self.registry
        )
        self.throttled = Counter("throttled", "Acts refused by a rate limit", ["scope"], registry=self.registry)
        self.consumer_lag = Gauge(
            "consumer_lag_records", "Records a dataflow has yet to process", ["flow"], registry=self.registry
        )
        self.outbox_events = Gauge(
            "outbox_events", "Events that the relay has yet to bring to Kafka, at most", registry=self.registry
        )
        self.outbox_seconds = Gauge(
            "outbox_lag_seconds",
            "How long the oldest of them waits; NaN while PostgreSQL is away",
            registry=self.registry,
        )
        self.event_to_dashboard = Histogram(
            "event_to_dashboard_seconds",
            "From an event to the creator's numbers that count it",
            buckets=LAG_SECONDS,
            registry=self.registry,
        )

    def serve(self, host: str, port: int) -> None:
        """Serve them over HTTP from a thread, for a role without an address of its own."""
        start_http_server(port, addr=host, registry=self.registry)

    def render(self) -> bytes:
        """All of them in Prometheus' text format."""
        return generate_latest(self.registry)
