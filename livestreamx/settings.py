"""Everything that can be configured, read once from `LSX_*` environment variables.

Each field is the variable of the same name: `postgres_url` is `LSX_POSTGRES_URL`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import msgspec

PREFIX = "LSX_"
FLAGS = {
    "1": True,
    "on": True,
    "true": True,
    "yes": True,
    "0": False,
    "off": False,
    "false": False,
    "no": False,
    "": False,
}


class SettingsError(ValueError):
    """An `LSX_*` variable that cannot be used; the message names it and says what it takes."""


def default_home() -> Path:
    """The user's data folder: `$XDG_DATA_HOME/livestreamx`, else `~/.local/share/livestreamx`."""
    base = os.environ.get("XDG_DATA_HOME")
    return (Path(base) if base else Path.home() / ".local" / "share") / "livestreamx"


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What one process needs to know; the supervisor passes the same variables to every role."""

    home: Path = msgspec.field(default_factory=default_home)
    """Where the embedded engines, models and keys keep their data."""
    host: str = "127.0.0.1"
    port: int = 4000
    public_url: str = ""
    """The address browsers use; empty means `http://localhost:{port}`."""

    postgres_url: str = ""
    redis_url: str = ""
    kafka_bootstrap: str = ""
    clickhouse_cluster: str = ""
    """The name of a ClickHouse cluster, whose tables are then replicated; empty for a single server."""
    clickhouse_url: str = ""
    """An engine's URL; empty where the supervisor runs the embedded one."""

    signing_key: str = ""
    """32 random bytes, base64url: the Ed25519 seed that signs access tokens, and the source of the other keys."""
    access_minutes: int = 15
    refresh_days: int = 30

    dev_topup: bool = False
    """Whether `POST /api/wallet/topup` gives bonus tokens; never on in production."""
    rate_limits: bool = True
    """Whether limits per address apply; off for tests and demos. Limits per user always apply."""
    trusted_proxies: str = ""
    """Addresses or networks, comma separated, whose `X-Forwarded-For` is believed; empty believes nobody."""
    signup_tokens: int = 100

    chat_burst: int = 3
    chat_refill_seconds: float = 2.0
    room_messages_per_second: int = 50
    chat_repeat_seconds: int = 30
    """How long the same text, or nearly the same, is not taken from one viewer again."""
    chat_alike_bits: int = 8
    """In how many of 64 bits the SimHashes of two texts differ that are nearly the same."""
    chat_crowd: int = 8
    """How many viewers may say nearly the same within that time."""
    chat_undo_seconds: int = 300
    """How long authors may take their own messages back."""
    history_frames: int = 500
    history_seconds: int = 300
    chat_history: int = 200
    heartbeat_seconds: int = 15
    session_gap_seconds: int = 45
    viewer_count_seconds: float = 5.0
    coalesce: bool = True
    """Whether frames of a room that come close together leave in one write a socket; off to measure without."""
    gateways: Annotated[int, msgspec.Meta(ge=1, le=64)] = 1
    """How many processes `livestreamx up` runs for pages, API and sockets, all on the same port."""
    gateway_metrics_port: int = 0
    """Where the first of several serves its own `/metrics`, the next one on the next port; 0 is on `port` only."""
    drain_seconds: float = 5.0
    """How long a gateway that stops takes at most to move its clients away."""
    drain_notice_seconds: float = 0.0
    """How long it says `not_ready` before it stops listening: time for a load balancer to look."""

    gift_sends: int = 10
    gift_window_seconds: float = 10.0
    """One sender's gifts: so many in so many seconds."""
    young_account_days: int = 7
    young_account_tokens: int = 5000
    """What an account younger than that gives in an hour."""

    stripe_key: str = ""
    stripe_webhook_secret: str = ""
    stripe_api_base: str = ""
    """Another address than Stripe's own, such as that of a peer to test with."""
    livekit_url: str = ""
    livekit_key: str = ""
    livekit_secret: str = ""
    livekit_public_url: str = ""
    """Where browsers find the LiveKit server, if not where we do."""
    media_source_url: str = ""
    """Where the LiveKit server finds the files of clips, if not where browsers find us."""
    publisher_loss_seconds: float = 120.0
    """How long a live stream waits for its publisher to come back to the media server before it ends."""

    vod_megabytes: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 200
    """How large a clip's file may be (2^20 bytes)."""

    pipeline_workers: Annotated[int, msgspec.Meta(ge=1, le=4)] = 1
    """How many processes share the partitions of the dataflows."""

    log_level: str = "info"
    log_json: bool = False
    metrics_port: int = 0
    """Where the dataflows serve their `/metrics`; 0 is nowhere. The API serves its own on its port."""
    otlp_endpoint: str = ""
    """Where traces go; empty keeps them in process."""

    @property
    def models(self) -> Path:
        """Folder of versioned recommendation artifacts."""
        return self.home / "models"

    @property
    def url(self) -> str:
        """The address to print and to put into links."""
        return self.public_url or f"http://localhost:{self.port}"

    @property
    def payments_on(self) -> bool:
        """Whether tokens can be bought; it takes both of Stripe's keys."""
        return bool(self.stripe_key and self.stripe_webhook_secret)

    @property
    def media_url(self) -> str:
        """The media server as browsers open it, `ws://` or `wss://`; empty without one."""
        url = (self.livekit_public_url or self.livekit_url) if self.media_on else ""
        return f"ws{url.removeprefix('http')}" if url.startswith("http") else url

    @property
    def media_source(self) -> str:
        """Our address as the media server opens it."""
        return self.media_source_url or self.url

    @property
    def media_on(self) -> bool:
        """Whether streams have a picture; it takes a LiveKit server and both of its keys."""
        return bool(self.livekit_url and self.livekit_key and self.livekit_secret)

    def require(self, *names: str) -> "Settings":
        """Itself, once the named settings are there; `SettingsError` names the first that is not."""
        for name in names:
            if not getattr(self, name):
                raise SettingsError(
                    f"{PREFIX}{name.upper()} is not set: start the platform with `livestreamx up`, which sets it, "
                    f"or give the engine's address yourself"
                )
        return self

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> "Settings":
        """Read the variables; `SettingsError` for a value that does not fit its field."""
        environ = os.environ if environ is None else environ
        given: dict[str, Any] = {}
        for field in msgspec.structs.fields(cls):
            variable = PREFIX + field.name.upper()
            if variable not in environ:
                continue
            text = environ[variable].strip()
            if field.type is bool:
                if text.lower() not in FLAGS:
                    raise SettingsError(f"{variable}={text!r}: takes on or off")
                given[field.name] = FLAGS[text.lower()]
            elif field.type is Path:
                given[field.name] = Path(text).expanduser()
            else:
                given[field.name] = text
        try:
            return msgspec.convert(given, cls, strict=False)
        except msgspec.ValidationError as error:
            raise SettingsError(f"{PREFIX}* settings: {error}") from error
