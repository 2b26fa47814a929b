"""Traces (OpenTelemetry): spans are exported when an OTLP endpoint is set; their context travels in Kafka headers."""

from typing import TYPE_CHECKING

from opentelemetry import propagate

if TYPE_CHECKING:  # only who makes spans needs it; others start sooner
    from opentelemetry.sdk.trace import TracerProvider

TRACEPARENT = "traceparent"


def make_tracer_provider(role: str, otlp_endpoint: str) -> "TracerProvider":
    """Spans of one role; `provider.shutdown()` flushes them. Without an endpoint they stay in process."""
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    provider = TracerProvider(resource=Resource.create({SERVICE_NAME: f"livestreamx-{role}"}))
    if otlp_endpoint:
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter

        endpoint = f"{otlp_endpoint.rstrip('/')}/v1/traces"
        provider.add_span_processor(BatchSpanProcessor(OTLPSpanExporter(endpoint=endpoint)))
    return provider


def trace_headers() -> list[tuple[str, bytes]]:
    """The current trace as Kafka headers (W3C `traceparent`); empty outside a trace."""
    carrier: dict[str, str] = {}
    propagate.inject(carrier)
    return [(name, value.encode()) for name, value in carrier.items()]


def origin_of(request_id: str) -> str:
    """Where a recorded act comes from, as the outbox keeps it: the request's id, then the `traceparent` of its trace.

    The relay makes headers of it again: it runs later, in another process.
    """
    traceparent = dict(trace_headers()).get(TRACEPARENT, b"").decode()
    return f"{request_id} {traceparent}" if traceparent else request_id
