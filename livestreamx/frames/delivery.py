"""What the gateway tells a connection about its delivery."""

import msgspec


class FramesDropped(msgspec.Struct, frozen=True, kw_only=True):
    """You read too slowly: `count` frames of `channel` between these seqs, both included, were left out."""

    channel: str
    count: int
    fromSeq: int
    toSeq: int


class Drain(msgspec.Struct, frozen=True, kw_only=True):
    """This gateway stops: come back after so many ms, with this place, and nothing is missed. Close 1012 follows."""

    epoch: str
    seq: int
    reconnectInMs: int
