"""`python -m domain.vods.probe FILE`: how long the clip in a file is.

The file comes from outside and is read by native code: in a process of its own, what it breaks is that.
"""

import asyncio
import sys
from pathlib import Path

from pymediainfo import MediaInfo

SECONDS = 30
UNREADABLE = 1


async def duration_of(file: Path) -> int | None:
    """How long the clip in a file is (ms); None when it has no picture, no length, or cannot be read."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "domain.vods.probe", str(file), stdout=asyncio.subprocess.PIPE
    )
    try:
        told, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    except TimeoutError:
        return None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    return int(told) if process.returncode == 0 else None


def read_duration(file: str) -> int | None:
    """The length (ms) that the file's container tells of, if it holds a picture."""
    read = MediaInfo.parse(file)
    if isinstance(read, str) or not read.video_tracks:
        return None
    lengths = [float(track.duration) for track in (*read.general_tracks, *read.video_tracks) if track.duration]
    return round(lengths[0]) if lengths else None


def main() -> int:
    duration_ms = read_duration(sys.argv[1])
    if not duration_ms:
        return UNREADABLE
    sys.stdout.write(str(duration_ms))
    return 0


if __name__ == "__main__":
    sys.exit(main())
