"""How the C library's allocator keeps memory: a process that swaps models gives back what the old one took."""

import ctypes
import sys

TRIM_THRESHOLD, MMAP_THRESHOLD, ARENA_MAX = -1, -3, -8
"""Parameters of glibc's `mallopt(3)`."""
LARGE_BYTES, SPARE_BYTES, ARENAS = 1 << 20, 8 << 20, 2


def give_back_large_blocks() -> bool:
    """Map blocks of a megabyte and more each on its own, so that they go back when they are freed; True where it took.

    glibc learns by itself to keep what was freed once, up to 32 MB a block, and an arena for each thread; other
    libraries are left as they are.
    """
    if not sys.platform.startswith("linux"):
        return False
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    wanted = ((MMAP_THRESHOLD, LARGE_BYTES), (TRIM_THRESHOLD, SPARE_BYTES), (ARENA_MAX, ARENAS))
    return option is not None and all(option(parameter, value) == 1 for parameter, value in wanted)
