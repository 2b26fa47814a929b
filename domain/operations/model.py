"""How far the flows have come, and how the roles are."""

import msgspec


class FlowLag(msgspec.Struct, frozen=True, kw_only=True):
    """How many records of the log a flow has not counted yet."""

    name: str
    lag: int


class Role(msgspec.Struct, frozen=True, kw_only=True):
    """A process of the platform: `ready`, `starting` or `elsewhere`, and how often it was started again of late."""

    name: str
    state: str
    deaths: int
