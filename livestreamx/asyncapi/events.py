"""The topics in Kafka and their events, as the platform produces them."""

from livestreamx import events
from livestreamx.asyncapi.parts import RELEASE, SCHEMAS, VERSION, Json, as_json, message, schemas_of
from livestreamx.examples import example_of
from livestreamx.topics import ALL, Topic

DESCRIPTION = """One flat JSON object a record, at least once, in order for each key; `event_id` is for telling
repetitions. Fields are only ever added."""


def _event_message(event: type[events.Event]) -> Json:
    tag = events.tag_of(event)
    payload = {"$ref": SCHEMAS.format(name=event.__name__)}
    return message(tag, event, payload, as_json(example_of(event)), event.topic.name) | {
        "bindings": {"kafka": {"key": {"type": "string", "description": "stream, else creator, else user"}}},
    }


def _topic(topic: Topic, members: list[str]) -> Json:
    kept = {"retention.ms": topic.retention_ms}
    return {
        "address": topic.name,
        "description": topic.purpose,
        "messages": {tag: {"$ref": f"#/components/messages/{tag}"} for tag in members},
        "bindings": {
            "kafka": {
                "topic": topic.name,
                "partitions": topic.partitions,
                "topicConfiguration": kept,
                "bindingVersion": "0.5.0",
            }
        },
    }


def event_document(bootstrap: str = "localhost:9092") -> Json:
    """The topics and their events, as the platform produces them."""
    members = {topic: [events.tag_of(event) for event in events.EVENTS if event.topic is topic] for topic in ALL}
    return {
        "asyncapi": VERSION,
        "info": {"title": "LiveStreamX events", "version": RELEASE, "description": DESCRIPTION},
        "defaultContentType": "application/json",
        "servers": {"log": {"host": bootstrap, "protocol": "kafka"}},
        "channels": {topic.name: _topic(topic, tags) for topic, tags in members.items() if tags},
        "operations": {
            f"produce.{topic.name}": {"action": "send", "channel": {"$ref": f"#/channels/{topic.name}"}}
            for topic, tags in members.items()
            if tags
        },
        "components": {
            "schemas": schemas_of(list(events.EVENTS)),
            "messages": {events.tag_of(event): _event_message(event) for event in events.EVENTS},
        },
    }
