"""What can be seen from outside: metrics of the dataflows, a process' signals, request and trace in the event log."""

import re
import signal
import subprocess
import sys
from uuid import uuid4

import httpx
import pytest
from confluent_kafka import Consumer, TopicPartition
from opentelemetry import trace
from opentelemetry.context import attach, detach

from livestreamx.engines.kafka import Emitter
from livestreamx.events import ChatMessage, encode
from livestreamx.observe.tracing import make_tracer_provider
from livestreamx.settings import Settings
from pipelines.catalogue import every_flow
from tests.builders import eventually
from tests.conftest import environment, free_port
from tests.integration.flows import Dataflows
from tests.integration.served import api_process

FLOWS = set(every_flow())


def message() -> ChatMessage:
    stream, user = uuid4(), uuid4()
    return ChatMessage(stream_id=stream, user_id=user, message_id=uuid4(), handle="ada", text="hello", length=5)


async def test_dataflows_tell_their_lag_and_how_fresh_they_are(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    port = free_port()
    monkeypatch.setenv("LSX_METRICS_PORT", str(port))
    flows, emitter = Dataflows(settings), Emitter(settings.kafka_bootstrap)
    try:
        await emitter.emit(message())
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:

            async def metrics() -> str:
                return (await client.get("/metrics")).text

            def settled(text: str) -> bool:
                lags = dict(re.findall(r'consumer_lag_records\{flow="(\w+)"\} (\S+)', text))
                fresh = re.search(r"event_to_dashboard_seconds_count ([\d.]+)", text)
                return lags == dict.fromkeys(FLOWS, "0.0") and fresh is not None and float(fresh[1]) > 0

            await eventually(metrics, settled, 240)
    finally:
        emitter.close()
        flows.stop()


async def test_request_and_trace_reach_the_event_log(settings: Settings) -> None:
    provider, emitter, event = make_tracer_provider("test", ""), Emitter(settings.kafka_bootstrap), message()
    span = provider.get_tracer("test").start_span("said")
    token = attach(trace.set_span_in_context(span))
    try:
        await emitter.emit(event, request_id="request-0123")
    finally:
        detach(token)
        emitter.close()
        provider.shutdown()
    consumer = Consumer({"bootstrap.servers": settings.kafka_bootstrap, "group.id": uuid4().hex})
    topic = event.topic
    consumer.assign([TopicPartition(topic.name, number, 0) for number in range(topic.partitions)])
    try:
        found = None
        while found is None:
            record = consumer.poll(60)
            assert record is not None, "the event is not in the log"
            found = record if record.value() == encode(event) else None
        headers = dict(found.headers() or [])
    finally:
        consumer.close()
    assert headers["request-id"] == b"request-0123"
    assert headers["traceparent"].split(b"-")[1] == f"{span.get_span_context().trace_id:032x}".encode()


def test_the_api_stops_when_told_and_leaves_nobody_waiting(settings: Settings) -> None:
    for number in (signal.SIGTERM, signal.SIGINT):
        with api_process(settings) as (base, process):
            assert httpx.get(f"{base}/healthz", timeout=60).status_code == 200
            with httpx.Client(base_url=base, timeout=60) as idle:
                idle.get("/healthz")
                process.send_signal(number)
                process.wait(60)
            assert process.returncode in {0, -number}


def test_an_unusable_setting_is_named(settings: Settings) -> None:
    env = {**environment(settings), "LSX_SIGNING_KEY": "short"}
    done = subprocess.run([sys.executable, "-m", "api"], check=False, env=env, capture_output=True, text=True)
    assert done.returncode != 0
    assert "LSX_SIGNING_KEY" in done.stderr
    assert "Traceback" not in done.stderr
