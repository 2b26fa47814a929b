"""How fresh results are: the time from an event to the write that makes it visible, measured where it is written."""

from collections.abc import Callable, Sequence

from prometheus_client import Histogram

from livestreamx.clock import now
from pipelines.archive import Page

Write = Callable[[Sequence[Page]], None]


def measured(write: Write, seconds: Histogram) -> Write:
    """The same writer, which notes how long each page's oldest event took."""

    def write_and_note(pages: Sequence[Page]) -> None:
        write(pages)
        at = now()
        for page in pages:
            if records := page.chunk.records:
                seconds.observe(max(0.0, (at - records[0].event.occurred_at).total_seconds()))

    return write_and_note
