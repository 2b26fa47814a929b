"""Dagster's own pages and its scheduler on these definitions: `python -m orchestration.ui [--port 3070]`."""

import os
import signal
import sys
from typing import Annotated

from cyclopts import App, Parameter, validators

from livestreamx.settings import Settings
from orchestration.home import prepare_home

app = App(name="python -m orchestration.ui", help=__doc__, version_flags=[])


@app.default
def serve(*, port: Annotated[int, Parameter(validator=validators.Number(gte=1, lte=65535))] = 3070) -> None:
    """Answer on 127.0.0.1 until interrupted; this process becomes Dagster.

    Parameters
    ----------
    port
        Where the pages answer on this machine.
    """
    settings = Settings.from_env().require("clickhouse_url", "redis_url")
    environment = os.environ | {"DAGSTER_HOME": str(prepare_home(settings)), "DAGSTER_DISABLE_TELEMETRY": "yes"}
    command = [sys.executable, "-m", "dagster", "dev", "-m", "orchestration.definitions", "-h", "127.0.0.1"]
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # a shell's background job ignores it, and Dagster would never stop
    os.execve(sys.executable, [*command, "-p", str(port)], environment)  # noqa: S606 - our own interpreter


if __name__ == "__main__":
    app()
