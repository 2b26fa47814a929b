"""The examples of docs/clients.md do what they say, as they stand on the page."""

import asyncio
import os
import re
import shutil
import sys
from pathlib import Path

import pytest
from httpx import AsyncClient

from tests.builders import go_live
from tests.integration.gateways import GatewayProcess
from tests.integration.visitors import CLIENT

PAGE = Path(__file__).parents[2] / "docs" / "clients.md"
RUNNERS = {
    "sh": ("sh", ["bash", "-eu"]),
    "python": ("py", [sys.executable]),
    "js": ("mjs", ["node", "--no-warnings", "--experimental-websocket"]),
}
SAYS = {
    "sh": ('"status":"live"', '"code":"illegal_transition"'),
    "python": ("fan_", "hello from Python", "95 tokens left", "invalid"),
    "js": ("0 messages so far", "hello from JavaScript", "95 tokens left", "invalid 0"),
}


def example(language: str) -> str:
    """The page's only block in a language."""
    (block,) = re.findall(rf"^```{language}\n(.*?)^```$", PAGE.read_text(), re.DOTALL | re.MULTILINE)
    return str(block)


@pytest.mark.parametrize("language", RUNNERS)
async def test_an_example_runs(language: str, tmp_path: Path, pair: list[GatewayProcess], web: AsyncClient) -> None:
    suffix, command = RUNNERS[language]
    assert shutil.which(command[0]), f"{command[0]} is missing: install it to run the example"
    shutil.copy(CLIENT, tmp_path)
    script = tmp_path / f"example.{suffix}"
    script.write_text(example(language))
    _, stream = await go_live(web)
    environment = {**os.environ, "LSX_URL": pair[0].url, "STREAM": stream}
    process = await asyncio.create_subprocess_exec(
        *command, str(script), env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    out, _ = await asyncio.wait_for(process.communicate(), 60)
    said = out.decode()
    assert process.returncode == 0, said
    for words in SAYS[language]:
        assert words in said
