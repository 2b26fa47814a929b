"""Client frames in both encodings: what is valid, what is said about the rest, and that no input escapes."""

from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from livestreamx.errors import Invalid, TooMany
from livestreamx.examples import example_of
from livestreamx.frames import CLIENT_FRAMES, JSON, MSGPACK, SERVER_FRAMES, ClientFrame
from realtime.codec import Codec, Codecs, Malformed, PackCodec
from realtime.wire import Op

BOTH = pytest.mark.parametrize("codec", [Codec(), PackCodec()], ids=["json", "msgpack"])
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner, max_size=4),
    max_leaves=10,
)


def encode(codec: Codec, value: Any) -> bytes:
    return msgspec.msgpack.encode(value) if isinstance(codec, PackCodec) else msgspec.json.encode(value)


@BOTH
def test_a_frame_is_read_with_its_data(codec: Codec) -> None:
    frame = codec.read(encode(codec, {"event": "chat:message", "id": "c1", "data": {"text": "hi"}}))
    assert (frame.event, frame.id, codec.read_data(frame)) == (
        "chat:message",
        "c1",
        CLIENT_FRAMES["chat:message"].data(text="hi"),
    )


@BOTH
def test_data_may_be_left_out(codec: Codec) -> None:
    frame = codec.read(encode(codec, {"event": "viewer:heartbeat"}))
    assert codec.read_data(frame) == CLIENT_FRAMES["viewer:heartbeat"].data()


@BOTH
@pytest.mark.parametrize(
    ("event", "data", "named"),
    [
        ("chat:message", {"text": ""}, "text"),
        ("chat:message", {"text": "x" * 301}, "text"),
        ("chat:message", {}, "text"),
        ("chat:message", {"text": "x", "sneaky": 1}, "sneaky"),
        ("chat:message", {"text": "x", "replyTo": "no"}, "replyTo"),
        ("gift:send", {"code": "HEART", "qty": -1}, "qty"),
        ("gift:send", {"code": "HEART", "qty": True}, "qty"),
        ("mood:react", {"mood": "bored"}, "mood"),
        ("resume", {"epoch": "e", "seq": -1}, "seq"),
        ("auth", None, "object"),
        ("auth", [], "object"),
    ],
)
def test_data_that_does_not_fit_is_refused_by_field(codec: Codec, event: str, data: Any, named: str) -> None:
    frame = codec.read(encode(codec, {"event": event, "data": data}))
    with pytest.raises(Invalid, match=named) as refusal:
        codec.read_data(frame)
    assert refusal.value.given_code == "invalid"


@BOTH
@pytest.mark.parametrize(
    ("frame", "answered"),
    [
        ({"event": "auth", "id": "c1", "sneaky": 1}, "c1"),
        ({"id": 7}, 7),
        ({"event": 5, "id": "x"}, "x"),
        ({"event": "", "id": "x"}, "x"),
        ({"event": "auth", "id": "x" * 65}, None),
        ({"event": "auth", "id": -1}, None),
        ({"event": "auth", "id": 2**60}, None),
        ({"event": "auth", "id": [1]}, None),
        ([1, 2], None),
        ("text", None),
    ],
)
def test_an_envelope_that_does_not_fit_is_answered_by_its_id_if_it_has_one(
    codec: Codec, frame: Any, answered: str | int | None
) -> None:
    message = encode(codec, frame)
    with pytest.raises(Invalid):
        codec.read(message)
    assert codec.read_id(message) == answered


@pytest.mark.parametrize(
    "message",
    [b"", b"{not json", b"\x00", b'{"event":"auth"', b'{"event":"a","data":' + b"[" * 7000, b"\xff\xfe"],
)
def test_what_is_no_json_is_malformed(message: bytes) -> None:
    with pytest.raises(Malformed):
        Codec().read(message)
    assert Codec().read_id(message) is None


@given(st.binary(max_size=300))
def test_no_bytes_escape_the_codecs(message: bytes) -> None:
    for codec in (Codec(), PackCodec()):
        codec.read_id(message)
        try:
            codec.read(message)
        except Invalid:
            continue


@given(st.sampled_from(sorted(CLIENT_FRAMES)), VALUES)
def test_no_data_escapes_the_codecs(event: str, data: Any) -> None:
    for codec in (Codec(), PackCodec()):
        try:
            message = encode(codec, {"event": event, "data": data})
        except OverflowError:
            continue
        try:
            codec.read_data(codec.read(message))
        except Invalid:
            continue


def test_an_answer_says_which_frame_it_answers() -> None:
    codec = Codec()
    assert msgspec.json.decode(codec.ack(5, {"a": 1})[2:]) == {"event": "ack", "id": 5, "data": {"a": 1}}
    refusal = msgspec.json.decode(codec.refusal(None, TooMany("slow", retry_after_ms=40))[2:])
    assert refusal["id"] is None
    assert refusal["data"] == {"code": "rate_limited", "message": "slow", "retryAfterMs": 40}


def test_a_private_frame_has_no_seq_in_either_encoding() -> None:
    text, packed = Codec().private("room:state", {"a": 1}), PackCodec().private("room:state", {"a": 1})
    assert msgspec.json.decode(text[2:]).keys() == {"event", "ts", "data"}
    unpacked = msgspec.msgpack.decode(packed[2:])
    assert unpacked.keys() == {"event", "ts", "data"}
    assert isinstance(unpacked["ts"], str)
    assert packed[0] & 15 == Op.BINARY


def test_the_first_subprotocol_that_is_spoken_is_chosen() -> None:
    codecs = Codecs()
    assert codecs.choose([]) == (codecs.default, None)
    assert codecs.choose(["chat.v9"]) == (codecs.default, None)
    assert codecs.choose(["chat.v9", MSGPACK, JSON])[1] == MSGPACK
    assert codecs.choose([JSON])[0] is codecs.default


def test_the_default_of_data_is_an_empty_object_in_both() -> None:
    assert bytes(PackCodec().read(msgspec.msgpack.encode({"event": "x"})).data) == b"\x80"
    assert bytes(ClientFrame(event="x").data) == b"{}"


def payload(sealed: bytes) -> bytes:
    """What an unmasked frame carries."""
    return sealed[{126: 4, 127: 10}.get(sealed[1], 2) :]


@pytest.mark.parametrize("event", sorted(SERVER_FRAMES))
def test_every_server_frame_is_the_same_in_both_encodings(event: str) -> None:
    kind = SERVER_FRAMES[event].data
    data = example_of(kind)
    packed, text = PackCodec(), Codec()
    for seal in (
        lambda codec: codec.seal_shared(event, 7, "2027-01-30T20:15:00Z", msgspec.json.encode(data)),
        lambda codec: codec.private(event, data),
    ):
        frames = msgspec.json.decode(payload(seal(text))), msgspec.msgpack.decode(payload(seal(packed)))
        assert frames[0]["data"] == frames[1]["data"]
        assert frames[0].keys() == frames[1].keys()
        for frame in frames:
            assert msgspec.convert(frame["data"], kind) == data


@BOTH
@pytest.mark.parametrize("event", sorted(CLIENT_FRAMES))
def test_every_client_frame_is_read_in_both_encodings(codec: Codec, event: str) -> None:
    data = example_of(CLIENT_FRAMES[event].data)
    sent = msgspec.json.decode(msgspec.json.encode({"event": event, "id": "c1", "data": data}))
    assert codec.read_data(codec.read(encode(codec, sent))) == data
