"""Why a websocket was closed, and what its client should do, by close code."""

from typing import NamedTuple


class Closing(NamedTuple):
    """A close code in words."""

    why: str
    what_to_do: str


CLOSINGS: dict[int, Closing] = {
    1000: Closing("you left", "nothing"),
    1002: Closing("illegal frames", "mend the client"),
    1007: Closing("text that is not UTF-8", "mend the client"),
    1008: Closing(
        "more than 50 pings, pongs or fragments in a second, or 500 messages in a row at more than 100 a second",
        "mend the client",
    ),
    1009: Closing("a message over 8 KB", "mend the client"),
    1012: Closing("the server restarts; `gateway:drain` said when to come back", "come back, resume"),
    1013: Closing("an engine does not answer", "come back later"),
    4400: Closing("a parameter of the address is wrong; an error frame names it", "mend the address"),
    4404: Closing("there is no such stream, or it is private and nobody who runs it signed in within 5 s", "stay away"),
    4408: Closing("frames were not read: nothing taken for 5 s, or the history went by", "come back, resume"),
}
