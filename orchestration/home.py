"""Dagster's own folder under the platform's home: its run history, and a configuration that talks to nobody outside."""

from pathlib import Path

from livestreamx.settings import Settings

CONFIGURATION = """\
telemetry:
  enabled: false
nux:
  enabled: false
"""


def prepare_home(settings: Settings) -> Path:
    """The folder for `DAGSTER_HOME`, with its configuration."""
    folder = settings.home / "dagster"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dagster.yaml").write_text(CONFIGURATION)
    return folder
