"""The command `livestreamx`: starts the whole platform, or one role or job of it by its module's name.

Nothing heavy is imported here, so that a command starts at once. Jobs find a running platform by its `running.env`.
"""

import os
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import App, Parameter

from livestreamx.settings import PREFIX, Settings, SettingsError

app = App(
    name="livestreamx",
    help="The interaction platform behind live streams. Start with `livestreamx up`.",
    version_flags=[],
)
Rest = Annotated[str, Parameter(allow_leading_hyphen=True)]

ENGINE_VARIABLES = ("POSTGRES_URL", "REDIS_URL", "KAFKA_BOOTSTRAP", "CLICKHOUSE_URL", "SIGNING_KEY")


class CommandError(RuntimeError):
    """A command that cannot run; the message says what to do."""


def main() -> int:
    """Run the command line; the exit code."""
    from livestreamx.stack.home import StackError

    try:
        code = app(result_action="return_value")
    except (CommandError, SettingsError, StackError) as error:
        print(f"livestreamx: {error}", file=sys.stderr)
        return 1
    return code if isinstance(code, int) else 0


@app.command
def up(*, demo: bool = False, port: int | None = None, home: Path | None = None, gateways: int | None = None) -> int:
    """Start the whole platform on this machine and run it until Ctrl-C.

    Parameters
    ----------
    demo
        Fill an empty platform with a demo account, streams and a synthetic audience. Everybody comes from this
        machine then, so limits per address are off unless LSX_RATE_LIMITS says otherwise.
    port
        Where pages, API and sockets answer (LSX_PORT, 4000).
    home
        Folder that keeps all data (LSX_HOME).
    gateways
        How many processes share the port of pages, API and sockets (LSX_GATEWAYS, 1).
    """
    from livestreamx.stack.up import up as run

    settings = Settings.from_env()
    limited = settings.rate_limits and not (demo and f"{PREFIX}RATE_LIMITS" not in os.environ)
    return run(
        msgspec.structs.replace(
            settings,
            rate_limits=limited,
            port=checked_port(settings.port if port is None else port),
            home=settings.home if home is None else home.expanduser(),
            gateways=settings.gateways if gateways is None else checked_gateways(gateways),
        ),
        demo=demo,
    )


@app.command
def doctor(*, home: Path | None = None) -> int:
    """Say what is wrong with this machine or with the running platform, and what to do about it."""
    from livestreamx.doctor import examine

    settings = Settings.from_env()
    return examine(settings if home is None else msgspec.structs.replace(settings, home=home.expanduser()))


@app.command
def migrate() -> None:
    """Bring PostgreSQL, ClickHouse and the Kafka topics up to date."""
    run_module("livestreamx.engines.migrate", (), engine_environment())


@app.command
def seed(*, demo: bool = False) -> None:
    """Put what every platform needs into the database, such as the gift catalogue.

    Parameters
    ----------
    demo
        Also a demo account and streams.
    """
    run_module("domain.seed", ("--demo",) if demo else (), engine_environment())


def role(name: str, module: str, text: str) -> None:
    """A command that becomes one long-lived role, for a machine where the engines run elsewhere."""

    def start() -> None:
        run_module(module, (), engine_environment())

    start.__doc__ = text
    app.command(start, name=name)


role("api", "api", "Run pages, API and websocket gateway.")
role("relay", "livestreamx.engines.outbox", "Run the relay that brings recorded acts from PostgreSQL to Kafka.")
role("commands", "domain.commands.executor", "Run the commands that gifts carry, and the mini-games.")
role("keeper", "domain.interactions.keeper", "End polls, challenges and raids when their time has come.")
role("rewards", "domain.economy.rewards", "Give bonus tokens for levels.")


def job(name: str, module: str, text: str, *, needs: str = "", alone: bool = False) -> None:
    """A command that hands everything to a module; `needs` is a package of the extra `train`.

    Help, a platform elsewhere given by `--url`, and what works `alone` need no platform on this machine.
    """

    def start(*arguments: Rest) -> None:
        if needs and find_spec(needs) is None:
            raise CommandError(f"`{name}` needs packages that are not installed: pip install 'livestreamx[train]'")
        elsewhere = any(argument.partition("=")[0] in {"--help", "-h", "--url"} for argument in arguments)
        run_module(module, arguments, dict(os.environ) if alone or elsewhere else engine_environment())

    start.__doc__ = text
    app.command(App(name=name, help=text, help_flags=[], version_flags=[], default_command=start))


job("dataflows", "pipelines.everything", "Run the dataflows, or some of them: [FLOW...] [--workers N | --part I/N].")
job("admin", "domain.administration", "Name somebody an admin: HANDLE.")
job("simulate", "livestreamx.simulate", "Send a synthetic audience into the live streams.")
job("replay", "livestreamx.replay", "Replay a recorded chat log: FILE --stream ID --speed N.")
job("ingest", "livestreamx.ingest", "Bring interactions that happened elsewhere into the log: FILE...")
job("backfill", "pipelines.backfill", "Make the results of a past range anew: --from DAY --to DAY [--flow NAME].")
job("dead-letters", "pipelines.dead_letters", "List, show and requeue the records that no flow could read.")
job("verify-draw", "features.verify_draw", "Check the draw of a mini-game: FILE-or-JSON [--hash HASH].", alone=True)
job(
    "evaluate",
    "ranking.evaluate",
    "Measure the recommender on a log of visits made elsewhere: --interactions FILE.csv.",
    alone=True,
)
job("train", "orchestration.train", "Train, evaluate and promote the recommendation models.", needs="dagster")
job(
    "experiment",
    "orchestration.experiment",
    "Serve another version of the recommendations to a part of the viewers: start, status, stop.",
)


@app.command
def dagster(*, port: int = 3070) -> None:
    """Open Dagster's own pages on the training assets.

    Parameters
    ----------
    port
        Where they answer on this machine.
    """
    if find_spec("dagster_webserver") is None:
        raise CommandError("`dagster` needs packages that are not installed: pip install 'livestreamx[train]'")
    run_module("orchestration.ui", ("--port", str(checked_port(port))), engine_environment())


def checked_port(port: int) -> int:
    """The port, if it can be one."""
    if not 0 < port < 65536:
        raise CommandError(f"port {port}: takes a number between 1 and 65535")
    return port


def checked_gateways(count: int) -> int:
    """The count, if so many processes can share a port."""
    if not 1 <= count <= 64:
        raise CommandError(f"gateways {count}: takes a number between 1 and 64")
    return count


def engine_environment() -> dict[str, str]:
    """This environment, completed by the running platform's addresses unless it names all engines itself."""
    from livestreamx.stack.home import Home

    environment = dict(os.environ)
    if all(environment.get(PREFIX + name) for name in ENGINE_VARIABLES):
        return environment
    settings = Settings.from_env()
    home = Home(settings.home)
    running = home.announced()
    environment = {**running, **{name: value for name, value in environment.items() if value}}
    return {**environment, PREFIX + "SIGNING_KEY": settings.signing_key or home.signing_key()}


def run_module(name: str, arguments: tuple[str, ...], environment: Mapping[str, str]) -> None:
    """Become `python -m name`; signals and the exit code are then its own."""
    sys.stdout.flush()
    os.execve(sys.executable, [sys.executable, "-m", name, *arguments], dict(environment))
