"""Topic settings under Kafka's own names: which we know, their limits, how they are stored and described."""

from collections.abc import Iterator
from typing import Final, NamedTuple

import msgspec

from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError

_INT64_MAX: Final = 2**63 - 1
_INT32_MAX: Final = 2**31 - 1


class _IntegerSetting(NamedTuple):
    field: str
    minimum: int
    maximum: int


_INTEGERS: Final = {
    "retention.ms": _IntegerSetting("retention_ms", -1, _INT64_MAX),
    "retention.bytes": _IntegerSetting("retention_bytes", -1, _INT64_MAX),
    "segment.bytes": _IntegerSetting("segment_bytes", 4096, 1 << 30),
    "max.message.bytes": _IntegerSetting("max_message_bytes", 1, _INT32_MAX),
}
_FIXED: Final = {
    "cleanup.policy": "delete",
    "compression.type": "producer",
    "message.timestamp.type": "CreateTime",
    "min.insync.replicas": "1",
}


class TopicConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How long a topic keeps records and how large its files and batches may be; -1 is without limit."""

    retention_ms: int = 7 * 24 * 3600 * 1000
    retention_bytes: int = -1
    segment_bytes: int = 16 << 20
    max_message_bytes: int = 1_048_588

    def with_settings(self, settings: dict[str, str | None]) -> "TopicConfig":
        """A copy with some settings changed, None meaning back to the default.

        Raises KafkaError(INVALID_CONFIG) for an unknown name and for a value that is not supported.
        """
        changes: dict[str, int] = {}
        for name, value in settings.items():
            if name in _INTEGERS:
                changes[_INTEGERS[name].field] = _parse(name, value)
            elif name not in _FIXED:
                raise KafkaError(ErrorCode.INVALID_CONFIG, f"unknown setting {name}")
            elif value not in (None, _FIXED[name]):
                raise KafkaError(ErrorCode.INVALID_CONFIG, f"{name} can only be {_FIXED[name]}")
        return msgspec.structs.replace(self, **changes)

    def described(self) -> Iterator[tuple[str, str, bool]]:
        """Name, value and whether that is the default, of every setting."""
        defaults = TopicConfig()
        for name, setting in _INTEGERS.items():
            value = getattr(self, setting.field)
            yield name, str(value), value == getattr(defaults, setting.field)
        for name, fixed in _FIXED.items():
            yield name, fixed, True


def _parse(name: str, value: str | None) -> int:
    setting = _INTEGERS[name]
    if value is None:
        return int(getattr(TopicConfig(), setting.field))
    try:
        number = int(value)
    except ValueError as error:
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"{name} must be an integer, not {value!r}") from error
    if not setting.minimum <= number <= setting.maximum:
        raise KafkaError(ErrorCode.INVALID_CONFIG, f"{name} must be in {setting.minimum}..{setting.maximum}")
    return number
