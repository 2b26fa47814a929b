"""How commands print, and which platform they talk to."""

import sys
from urllib.parse import urlsplit

from rich.console import Console

from livestreamx.settings import Settings

PIPED_COLUMNS = 200
"""How wide a table may grow in a file or another program, which have no width of their own."""


def screen(*, errors: bool = False, quiet: bool = False) -> Console:
    """What a command prints to, in the width of the terminal; no name in a table is cut short where there is none."""
    console = Console(stderr=errors, quiet=quiet, highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = max(console.width, PIPED_COLUMNS)
    return console


def platform_address(url: str) -> str:
    """`url`, or where the platform of the settings answers; what is no address ends the command."""
    base = (url or Settings.from_env().url).rstrip("/")
    parts = urlsplit(base)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        sys.exit(f"--url {url}: takes an address such as http://localhost:4000")
    return base
