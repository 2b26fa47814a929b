"""The two subprotocols: the same frames in JSON and in MessagePack, from the same Structs."""

import re
from typing import Any, ClassVar

import msgspec

from livestreamx import frames
from livestreamx.clock import now
from livestreamx.errors import DomainError, Invalid
from livestreamx.frames import ClientFrame, Request
from realtime.wire import Op, seal

FrameId = str | int | None
WHERE = re.compile(r"^(?P<what>.*?)(?: - at `\$\.?(?P<field>.*)`)?$", re.DOTALL)


class Malformed(Invalid):
    """A message that is not JSON, or not MessagePack."""

    code, title, status = "malformed", "The message could not be read", 400


class _Identified(msgspec.Struct):
    """As much of a frame as it takes to answer it."""

    id: FrameId = None


def explain(error: msgspec.ValidationError) -> str:
    """What is wrong and with which field, such as `text: Expected `str` of length >= 1`."""
    found = WHERE.match(str(error))
    assert found is not None
    return f"{found['field']}: {found['what']}" if found["field"] else found["what"]


class Codec:
    """JSON in text frames; the base of the other."""

    subprotocol: ClassVar[str] = frames.JSON
    op: ClassVar[Op] = Op.TEXT

    def __init__(self) -> None:
        self._encode = msgspec.json.Encoder().encode
        self._frame = self._decoder(ClientFrame)
        self._identified = self._decoder(_Identified)
        self._data = {name: self._decoder(kind.data) for name, kind in frames.CLIENT_FRAMES.items()}

    def _decoder(self, kind: Any) -> Any:
        return msgspec.json.Decoder(kind)

    def read(self, message: bytes) -> ClientFrame:
        """A client's frame; `Malformed` or `Invalid` when it is none."""
        try:
            frame: ClientFrame = self._frame.decode(message)
        except msgspec.ValidationError as error:
            raise Invalid(explain(error)) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise Malformed from error
        return frame

    def read_id(self, message: bytes) -> FrameId:
        """The id of a frame that is not valid otherwise, None when it has none that could be answered."""
        try:
            frame: _Identified = self._identified.decode(message)
        except (msgspec.DecodeError, RecursionError, UnicodeError):
            return None
        usable = len(frame.id) <= 64 if isinstance(frame.id, str) else frame.id is None or 0 <= frame.id <= 2**53
        return frame.id if usable else None

    def read_data(self, frame: ClientFrame) -> Request:
        """The frame's data as its event demands; `Invalid` names the field that does not fit."""
        try:
            data: Request = self._data[frame.event].decode(frame.data)
        except msgspec.ValidationError as error:
            raise Invalid(explain(error)) from error
        except (msgspec.DecodeError, RecursionError, UnicodeError) as error:
            raise Malformed from error
        return data

    def seal(self, frame: Any) -> bytes:
        """One frame of one connection, ready to be written."""
        return seal(self._encode(frame))

    def seal_shared(self, event: str, seq: int, ts: str, data: bytes) -> bytes:
        """One frame of a room; `data` is its JSON text."""
        return seal(b'{"event":"%b","seq":%d,"ts":"%b","data":%b}' % (event.encode(), seq, ts.encode(), data))

    def ack(self, frame_id: FrameId, data: Any) -> bytes:
        return self.seal({"event": "ack", "id": frame_id, "data": data})

    def refusal(self, frame_id: FrameId, error: DomainError) -> bytes:
        """An `error` frame with the refusal's code, its message, and `retryAfterMs` where it has one."""
        data = {"code": error.given_code, "message": error.detail, **error.extra}
        return self.seal({"event": "error", "id": frame_id, "data": data})

    def private(self, event: str, data: Any) -> bytes:
        """A frame for this connection only: it has no `seq`."""
        return self.seal({"event": event, "ts": now(), "data": data})


class PackCodec(Codec):
    """MessagePack in binary frames: ids and times are the same texts as in JSON."""

    subprotocol = frames.MSGPACK
    op = Op.BINARY

    def __init__(self) -> None:
        super().__init__()
        self._pack = msgspec.msgpack.Encoder().encode

    def _decoder(self, kind: Any) -> Any:
        return msgspec.msgpack.Decoder(kind)

    def read(self, message: bytes) -> ClientFrame:
        frame = super().read(message)
        # The default of `data` is JSON's empty object.
        return msgspec.structs.replace(frame, data=msgspec.Raw(b"\x80")) if bytes(frame.data) == b"{}" else frame

    def seal(self, frame: Any) -> bytes:
        return seal(self._pack(msgspec.json.decode(self._encode(frame))), Op.BINARY)

    def seal_shared(self, event: str, seq: int, ts: str, data: bytes) -> bytes:
        frame = {"event": event, "seq": seq, "ts": ts, "data": msgspec.json.decode(data)}
        return seal(self._pack(frame), Op.BINARY)


class Codecs:
    """One codec of each subprotocol a process."""

    def __init__(self) -> None:
        self.default = Codec()
        self._by_name = {codec.subprotocol: codec for codec in (self.default, PackCodec())}

    def choose(self, offered: list[str]) -> tuple[Codec, str | None]:
        """The first offered subprotocol that we speak, and its name for the handshake; JSON when none is offered."""
        for name in offered:
            if codec := self._by_name.get(name):
                return codec, name
        return self.default, None
