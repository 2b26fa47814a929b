"""A partition's log on a real disk: order, durability, recovery, idempotence, retention, a full disk."""

import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.stack.kafka.batch import BatchHeader, walk
from livestreamx.stack.kafka.config import TopicConfig
from livestreamx.stack.kafka.log import PartitionLog, RecoveryPoint
from livestreamx.stack.kafka.protocol import ErrorCode, KafkaError
from tests.unit.stack.kafka_batches import make_batch

SMALL_SEGMENTS = TopicConfig(segment_bytes=4096, retention_ms=-1)
DAY_MS = 24 * 3600 * 1000
NOW = 1_700_000_000_000

OpenLog = Callable[..., PartitionLog]


@pytest.fixture
def open_log(tmp_path: Path) -> Iterator[OpenLog]:
    """Opens the log in the test's folder; a second call is the restart after a crash."""
    opened: list[PartitionLog] = []

    def open_it(config: TopicConfig = SMALL_SEGMENTS, point: RecoveryPoint | None = None) -> PartitionLog:
        log = PartitionLog(tmp_path, config, point)
        opened.append(log)
        return log

    yield open_it
    for log in opened:
        log.close()


def sync(log: PartitionLog) -> None:
    _, complete = log.begin_sync()
    complete()


def fill(log: PartitionLog, batches: int, *, timestamp: int = NOW) -> None:
    for _ in range(batches):
        log.append(make_batch(bytes(1000), timestamp=timestamp))
    sync(log)


def held(log: PartitionLog) -> list[BatchHeader]:
    """Headers of all durable batches, read as a consumer would."""
    headers: list[BatchHeader] = []
    offset = log.start_offset
    while data := log.read(offset, 10_000):
        headers += [header for _, header in walk(data)]
        offset = headers[-1].next_offset
    return headers


def append_idempotent(log: PartitionLog, sequence: int, *, epoch: int = 0, count: int = 1) -> int:
    return log.append(make_batch(producer_id=7, epoch=epoch, sequence=sequence, count=count))


def refusal(attempt: Callable[[], object]) -> ErrorCode:
    with pytest.raises(KafkaError) as refused:
        attempt()
    return refused.value.code


def test_offsets_count_records(open_log: OpenLog) -> None:
    log = open_log()
    assert [log.append(make_batch(count=count)) for count in (1, 5, 2)] == [0, 1, 6]
    sync(log)
    assert log.durable_offset == log.next_offset == 8
    assert [header.base_offset for header in held(log)] == [0, 1, 6]


def test_a_read_starts_with_the_batch_that_holds_the_offset(open_log: OpenLog) -> None:
    log = open_log()
    for count in (1, 5, 2):
        log.append(make_batch(count=count))
    sync(log)
    assert [header.base_offset for _, header in walk(log.read(3, 10_000))] == [1, 6]
    assert [header.base_offset for _, header in walk(log.read(3, 1))] == [1]
    assert log.read(8, 10_000) == b""


def test_only_what_is_synced_is_readable(open_log: OpenLog) -> None:
    log = open_log()
    log.append(make_batch())
    sync(log)
    log.append(make_batch())
    assert (log.durable_offset, log.next_offset) == (1, 2)
    assert len(held(log)) == 1
    sync(log)
    assert len(held(log)) == 2


@given(sizes=st.lists(st.integers(0, 3000), min_size=1, max_size=60), max_bytes=st.integers(1, 9000))
def test_every_batch_is_found_from_every_offset(
    tmp_path_factory: pytest.TempPathFactory, sizes: list[int], max_bytes: int
) -> None:
    log = PartitionLog(tmp_path_factory.mktemp("log"), SMALL_SEGMENTS)
    try:
        for size in sizes:
            log.append(make_batch(bytes(size)))
        sync(log)
        for offset in range(len(sizes)):
            batches = [header for _, header in walk(log.read(offset, max_bytes))]
            assert batches[0].base_offset == offset
            assert len(batches) == 1 or sum(header.size for header in batches) <= max_bytes
    finally:
        log.close()


@pytest.mark.parametrize(
    ("batch", "code"),
    [
        (make_batch(magic=1), ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT),
        (make_batch(attributes=0x10), ErrorCode.INVALID_RECORD),
        (make_batch(producer_id=1, epoch=0, sequence=-1), ErrorCode.INVALID_RECORD),
        (make_batch(count=0), ErrorCode.CORRUPT_MESSAGE),
        (make_batch(bytes(5000)), ErrorCode.MESSAGE_TOO_LARGE),
        (make_batch()[:-1], ErrorCode.CORRUPT_MESSAGE),
        (memoryview(bytes(make_batch()[:-1]) + b"\0"), ErrorCode.CORRUPT_MESSAGE),
        (memoryview(b""), ErrorCode.CORRUPT_MESSAGE),
        (memoryview(b"\xff" * 500), ErrorCode.UNSUPPORTED_FOR_MESSAGE_FORMAT),
    ],
)
def test_bad_batches_are_refused_whole(open_log: OpenLog, batch: memoryview, code: ErrorCode) -> None:
    log = open_log(TopicConfig(max_message_bytes=4096))
    assert refusal(lambda: log.append(batch)) == code
    good_then_bad = memoryview(bytes(make_batch()) + bytes(batch))
    if len(batch):
        refusal(lambda: log.append(good_then_bad))
    assert log.next_offset == 0


def test_a_repeated_batch_is_acknowledged_and_not_stored_twice(open_log: OpenLog) -> None:
    log = open_log()
    offsets = [append_idempotent(log, sequence) for sequence in range(8)]
    assert [append_idempotent(log, sequence) for sequence in range(3, 8)] == offsets[3:]
    assert log.next_offset == 8


def test_sequences_with_gaps_or_long_stored_are_told_apart(open_log: OpenLog) -> None:
    log = open_log()
    for sequence in range(8):
        append_idempotent(log, sequence)
    assert refusal(lambda: append_idempotent(log, 2)) == ErrorCode.DUPLICATE_SEQUENCE_NUMBER
    assert refusal(lambda: append_idempotent(log, 9)) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append_idempotent(log, 8) == 8


def test_a_new_epoch_starts_over_and_shuts_the_old_one_out(open_log: OpenLog) -> None:
    log = open_log()
    append_idempotent(log, 0)
    assert refusal(lambda: append_idempotent(log, 5, epoch=1)) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    append_idempotent(log, 0, epoch=1)
    assert refusal(lambda: append_idempotent(log, 1, epoch=0)) == ErrorCode.INVALID_PRODUCER_EPOCH


def test_sequences_wrap_around(open_log: OpenLog) -> None:
    log = open_log()
    append_idempotent(log, 2**31 - 3, count=4)
    assert append_idempotent(log, 1) == 4
    assert append_idempotent(log, 2**31 - 3, count=4) == 0


@pytest.mark.parametrize("batches_after", [0, 1, 12])
def test_idempotence_survives_a_restart(open_log: OpenLog, batches_after: int) -> None:
    """Also when segments were rolled since: then the last batches lie in no segment that recovery scans."""
    log = open_log()
    offsets = [append_idempotent(log, sequence) for sequence in range(6)]
    fill(log, batches_after)
    log.close()
    log = open_log()
    assert [append_idempotent(log, sequence) for sequence in range(1, 6)] == offsets[1:]
    assert refusal(lambda: append_idempotent(log, 7)) == ErrorCode.OUT_OF_ORDER_SEQUENCE_NUMBER
    assert append_idempotent(log, 6) == log.next_offset - 1


def test_restart_keeps_everything_across_segments(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    fill(log, 20)
    before = held(log)
    log.close()
    assert len(list(tmp_path.glob("*.log"))) > 4
    log = open_log()
    assert held(log) == before
    assert log.append(make_batch()) == 20


def test_a_torn_tail_is_cut_off(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(TopicConfig())
    fill(log, 3)
    log.close()
    path = next(tmp_path.glob("*.log"))
    whole = path.read_bytes()
    batch = len(whole) // 3
    for torn in (1, 17, batch - 1):
        path.write_bytes(whole[: 2 * batch + torn])
        log = open_log(TopicConfig())
        assert log.next_offset == log.durable_offset == 2
        assert path.stat().st_size == 2 * batch
        assert log.append(make_batch(bytes(1000))) == 2
        log.close()


def test_a_damaged_batch_and_what_follows_it_is_cut_off(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(TopicConfig())
    fill(log, 3)
    log.close()
    path = next(tmp_path.glob("*.log"))
    damaged = bytearray(path.read_bytes())
    damaged[len(damaged) // 2] ^= 1
    path.write_bytes(damaged)
    assert open_log(TopicConfig()).next_offset == 1


def test_zeros_after_a_power_cut_are_cut_off(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(TopicConfig())
    fill(log, 3)
    log.close()
    with next(tmp_path.glob("*.log")).open("ab") as file:
        file.write(bytes(5000))
    assert open_log(TopicConfig()).next_offset == 3


def test_what_was_synced_is_not_verified_again(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(TopicConfig())
    fill(log, 2)
    point = log.recovery_point()
    fill(log, 1)
    log.close()
    path = next(tmp_path.glob("*.log"))
    for position, kept in ((200, 3), (point.size + 200, 2)):
        damaged = bytearray(path.read_bytes())
        damaged[position] ^= 1
        path.write_bytes(damaged)
        log = open_log(TopicConfig(), point)
        assert log.next_offset == kept
        log.close()


def test_a_lost_index_is_rebuilt(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log()
    fill(log, 12)
    before = held(log)
    log.close()
    indexes = sorted(tmp_path.glob("*.index"))
    indexes[0].unlink()
    indexes[1].write_bytes(b"not an index")
    assert held(open_log()) == before
    assert sorted(tmp_path.glob("*.index")) == indexes


def test_old_segments_go_and_readers_are_told(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(msgspec.structs.replace(SMALL_SEGMENTS, retention_ms=DAY_MS))
    fill(log, 10, timestamp=NOW)
    fill(log, 2, timestamp=NOW + DAY_MS)
    assert log.apply_retention(NOW + DAY_MS) == 0
    assert log.apply_retention(NOW + DAY_MS + 1) > 0
    assert 0 < log.start_offset <= 10
    assert refusal(lambda: log.read(0, 1000)) == ErrorCode.OFFSET_OUT_OF_RANGE
    assert held(log)[0].base_offset == log.start_offset
    assert held(log)[-1].next_offset == 12
    assert min(int(path.stem) for path in tmp_path.iterdir()) == log.start_offset


def test_a_log_whose_records_are_all_old_is_emptied_and_goes_on(open_log: OpenLog) -> None:
    config = msgspec.structs.replace(SMALL_SEGMENTS, retention_ms=DAY_MS)
    log = open_log(config)
    fill(log, 5)
    append_idempotent(log, 0)
    log.apply_retention(NOW + 2 * DAY_MS)
    assert log.start_offset == log.durable_offset == log.next_offset == 6
    log.close()
    log = open_log(config)
    assert (log.start_offset, log.next_offset) == (6, 6)
    assert append_idempotent(log, 0) == 5
    assert append_idempotent(log, 1) == 6


def test_size_is_kept_near_the_limit(open_log: OpenLog) -> None:
    log = open_log(msgspec.structs.replace(SMALL_SEGMENTS, retention_bytes=10_000))
    fill(log, 40)
    log.apply_retention(NOW)
    assert 10_000 <= log.size < 10_000 + 4096
    assert log.start_offset > 0
    assert held(log)[-1].next_offset == 40


def test_offsets_by_time(open_log: OpenLog) -> None:
    log = open_log()
    for minute in range(30):
        log.append(make_batch(bytes(700), timestamp=NOW + minute * 60_000))
    sync(log)
    assert log.offset_since(0) == (0, NOW)
    assert log.offset_since(NOW + 7 * 60_000) == (7, NOW + 7 * 60_000)
    assert log.offset_since(NOW + 7 * 60_000 + 1) == (8, NOW + 8 * 60_000)
    assert log.offset_since(NOW + 29 * 60_000 + 1) is None


@contextmanager
def largest_file(size: int) -> Iterator[None]:
    """A disk that is full: no file may grow beyond `size` bytes."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_a_full_disk_leaves_the_log_as_it_was(open_log: OpenLog, tmp_path: Path) -> None:
    log = open_log(TopicConfig())
    fill(log, 2)
    append_idempotent(log, 0)
    size = log.size
    with largest_file(size + 30), pytest.raises(OSError, match="File too large"):
        append_idempotent(log, 1)
    assert (log.size, log.next_offset) == (size, 3)
    assert next(tmp_path.glob("*.log")).stat().st_size == size
    assert append_idempotent(log, 1) == 3
    log.close()
    assert open_log(TopicConfig()).next_offset == 4
