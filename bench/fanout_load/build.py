"""Builds the load client and the C loop with `cc`, installs Socket.IO with `npm`: in a cache outside the project."""

import os
import shutil
import subprocess
from pathlib import Path

import msgspec

HERE = Path(__file__).parent
PEER = HERE / "socketio"


class Tools(msgspec.Struct, frozen=True):
    """The programs of the comparison: the load client, and the commands of its peers without their port."""

    load: Path
    loop: list[str]
    socketio: list[str]


class ToolMissing(RuntimeError):
    """What the comparison needs and this machine does not have."""


def cache() -> Path:
    """`$XDG_CACHE_HOME/livestreamx/fanout`, else below `~/.cache`."""
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "livestreamx" / "fanout"


def build(folder: Path) -> Tools:
    """Everything, newly built where its source has changed; `ToolMissing` names what is not installed."""
    for program, package in (("cc", "gcc"), ("node", "nodejs"), ("npm", "npm"), ("taskset", "util-linux")):
        if not shutil.which(program):
            raise ToolMissing(f"{program} was not found: install it (Debian: apt install {package}) and try again")
    folder.mkdir(parents=True, exist_ok=True)
    load = compile_c(folder / "load", "load.c", "viewers.c")
    loop = compile_c(folder / "loop", "loop.c")
    return Tools(load, [str(loop)], ["node", str(install_peer(folder / "socketio") / "server.js")])


def compile_c(target: Path, *names: str) -> Path:
    sources = [HERE / name for name in names]
    newest = max(path.stat().st_mtime for path in HERE.glob("*.[ch]"))
    if not target.exists() or target.stat().st_mtime < newest:
        subprocess.run(["cc", "-O2", "-Wall", "-Wextra", "-Werror", "-o", target, *sources], check=True)
    return target


def install_peer(folder: Path) -> Path:
    """Socket.IO in the exact version of package.json."""
    folder.mkdir(exist_ok=True)
    wanted = (PEER / "package.json").read_bytes()
    shutil.copy(PEER / "server.js", folder)
    installed = folder / "installed.json"
    if not installed.exists() or installed.read_bytes() != wanted:
        shutil.copy(PEER / "package.json", folder)
        subprocess.run(["npm", "install", "--no-package-lock", "--no-audit", "--no-fund"], cwd=folder, check=True)
        installed.write_bytes(wanted)
    return folder
