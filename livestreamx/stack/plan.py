"""Which parts a platform has, and in which order they start: stages, each started when the one before is ready."""

import sys
from pathlib import Path

import msgspec

from livestreamx.settings import PREFIX, Settings
from livestreamx.stack import postgres, redis
from livestreamx.stack.home import Home, StackError, is_free
from livestreamx.stack.parts import Part
from livestreamx.stack.probes import http_ok, opens, reachable

ENGINES = ("postgres", "redis", "clickhouse", "kafka")
URL_FIELDS = {
    "postgres": ("postgres_url", 5432),
    "redis": ("redis_url", 6379),
    "clickhouse": ("clickhouse_url", 8123),
    "kafka": ("kafka_bootstrap", 9092),
}
"""Per engine: the setting that replaces the embedded one, and the port that a URL without one means."""


class Plan(msgspec.Struct, frozen=True):
    """Settings that are complete, and the parts to start by them."""

    settings: Settings
    stages: tuple[tuple[Part, ...], ...]
    external: tuple[str, ...]
    """Engines that run elsewhere."""


def environment(settings: Settings) -> dict[str, str]:
    """The settings as the variables that `Settings.from_env` reads."""
    variables = {}
    for name, value in msgspec.structs.asdict(settings).items():
        variables[PREFIX + name.upper()] = ("on" if value else "off") if isinstance(value, bool) else str(value)
    return variables


def role_environment(settings: Settings) -> dict[str, str]:
    """What every role gets: the settings, unbuffered output, and one thread for arithmetic libraries."""
    return environment(settings) | {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}


def module(name: str, *arguments: str) -> list[str]:
    return [sys.executable, "-m", name, *arguments]


def plan_engines(home: Home, settings: Settings) -> Plan:
    """The engines that no setting replaces, on their remembered ports; `StackError` when another is out of reach."""
    external = tuple(name for name in ENGINES if getattr(settings, URL_FIELDS[name][0]))
    for name in external:
        field, default_port = URL_FIELDS[name]
        if not reachable(getattr(settings, field), default_port):
            raise StackError(
                f"{name} does not answer at {PREFIX}{field.upper()}={without_password(getattr(settings, field))}: "
                f"start it, correct the address, or unset the variable to use the embedded engine"
            )
    own = tuple(name for name in ENGINES if name not in external)
    ports = home.ports(own)
    urls = {URL_FIELDS[name][0]: engine_url(name, ports[name]) for name in own}
    key = settings.signing_key or home.signing_key()
    complete = msgspec.structs.replace(settings, home=home.root, signing_key=key, **urls)
    parts = tuple(engine_part(name, home, ports[name], complete) for name in own)
    return Plan(complete, (parts,) if parts else (), external)


def plan_platform(home: Home, settings: Settings, demo: bool) -> Plan:
    """Everything; `demo` adds the demo content and the audience."""
    if not is_free(settings.host, settings.port):
        raise StackError(
            f"port {settings.port} on {settings.host} is taken by another program: "
            f"choose another one, such as LSX_PORT={settings.port + 1}"
        )
    engines = plan_engines(home, settings)
    roles = role_environment(engines.settings)

    def role(name: str, argv: list[str], *, one_shot: bool = False) -> Part:
        advice = "see the log; `livestreamx doctor` checks what it needs, and `livestreamx up` tries again"
        return Part(name=name, argv=argv, environment=roles, one_shot=one_shot, advice=advice)

    stages = [
        (role("migrate", module("livestreamx.engines.migrate"), one_shot=True),),
        (role("seed", module("domain.seed", *(["--demo"] if demo else [])), one_shot=True),),
        (
            *gateway_parts(role("api", module("api")), settings),
            role("relay", module("livestreamx.engines.outbox")),
            role("commands", module("domain.commands.executor")),
            role("keeper", module("domain.interactions.keeper")),
            role("rewards", module("domain.economy.rewards")),
            msgspec.structs.replace(role("dataflows", module("pipelines.everything", "--standby")), standby=True),
        ),
    ]
    if demo:
        stages.append((role("audience", module("livestreamx.simulate", "--demo")),))
    return Plan(engines.settings, (*engines.stages, *stages), engines.external)


def gateway_parts(api: Part, settings: Settings) -> list[Part]:
    """So many processes of pages, API and sockets as the settings say; each has the time to move its clients away."""
    host = "127.0.0.1" if settings.host in ("0.0.0.0", "") else settings.host  # noqa: S104 compared, not bound
    stop_seconds = 15.0 + settings.drain_notice_seconds + settings.drain_seconds
    first = msgspec.structs.replace(api, stop_seconds=stop_seconds)
    if settings.gateways == 1:
        return [msgspec.structs.replace(first, ready=lambda: http_ok(host, settings.port, "/readyz"))]
    parts = []
    for number in range(settings.gateways):
        port = str(settings.gateway_metrics_port + number if settings.gateway_metrics_port else 0)
        environment = api.environment | {f"{PREFIX}GATEWAY_METRICS_PORT": port}
        name = f"{api.name}-{number + 1}" if number else api.name
        parts.append(msgspec.structs.replace(first, name=name, environment=environment))
    return parts


def engine_url(name: str, port: int) -> str:
    """The address of an embedded engine."""
    match name:
        case "postgres":
            return postgres.url(port)
        case "redis":
            return redis.url(port)
        case "clickhouse":
            return f"http://127.0.0.1:{port}"
        case _:
            return f"127.0.0.1:{port}"


def engine_part(name: str, home: Home, port: int, settings: Settings) -> Part:
    """An embedded engine."""
    match name:
        case "postgres":
            return postgres.part(home, port)
        case "redis":
            return redis.part(home, port)
        case "clickhouse":
            return served("clickhouse", home.root / "clickhouse", port, settings)
        case _:
            return served("kafka", home.root / "kafka", port, settings)


def served(name: str, data: Path, port: int, settings: Settings) -> Part:
    """An engine that is a module of ours, serving the data folder `data`."""
    ready = {"clickhouse": lambda: http_ok("127.0.0.1", port, "/ping"), "kafka": lambda: opens("127.0.0.1", port)}
    return Part(
        name=name,
        argv=module(f"livestreamx.stack.{name}", "--home", str(data), "--port", str(port)),
        environment=role_environment(settings),
        ready=ready[name],
        advice=f"see the log; `livestreamx doctor` checks the wheels, the disk and the ports that {name} needs",
    )


def without_password(address: str) -> str:
    """The address as it may be shown."""
    scheme, mark, rest = address.rpartition("://")
    return f"{scheme}{mark}{rest.rpartition('@')[2]}"
