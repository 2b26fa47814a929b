"""Answers are compressed for whoever takes gzip: pages, JSON, scripts and sheets; pictures are small as they are."""

from litestar.config.compression import CompressionConfig

LEVEL = 5
"""Nearly the smallest, in a third of the time of the highest."""
SMALLEST = 1024
"""Bytes below which a packet is not saved."""


def compress_answers() -> CompressionConfig:
    """How the application compresses; sockets are not concerned."""
    return CompressionConfig(
        backend="gzip",
        gzip_compress_level=LEVEL,
        minimum_size=SMALLEST,
        exclude=[r"^/posters/.*\.png$", "^/vods/", "^/metrics"],
    )
