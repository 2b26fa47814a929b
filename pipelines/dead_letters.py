"""`livestreamx dead-letters list|show|requeue`: what no flow could read, and its way back once it can be read.

A letter is named by where it lay, such as `interactions:2:1041`. Requeuing it twice changes nothing: the second time is
refused, and if a crash hid the first, every flow knows the event by its id.
"""

import argparse
import sys
from collections.abc import Sequence

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from domain.operations.letters import Letter, LetterError, Letters
from livestreamx.engines.clickhouse import connect_plain
from livestreamx.engines.kafka import producer
from livestreamx.settings import Settings
from livestreamx.terminal import screen

SHOWN_BYTES = 2000


def table_of(letters: Sequence[Letter]) -> Table:
    """The letters as a table."""
    table = Table(title="Dead letters")
    for column in ("letter", "logged (UTC)", "reason", "bytes", "requeued"):
        table.add_column(column, no_wrap=column == "letter")
    for letter in letters:
        back = f"{letter.requeued_at:%Y-%m-%d %H:%M:%S}" if letter.requeued_at else ""
        cells = (
            letter.name,
            f"{letter.logged_at:%Y-%m-%d %H:%M:%S}",
            letter.reason[:120],
            str(len(letter.record)),
            back,
        )
        table.add_row(*map(escape, cells))
    return table


def arguments(given: Sequence[str]) -> argparse.Namespace:
    """What the command line asks for."""
    parser = argparse.ArgumentParser(prog="livestreamx dead-letters", description="Records that no flow could read.")
    actions = parser.add_subparsers(dest="action", required=True)
    listing = actions.add_parser("list", help="the newest letters")
    listing.add_argument("--topic", default="", help="only of this topic")
    listing.add_argument("--limit", type=int, default=50, help="how many at most (50)")
    listing.add_argument("--waiting", action="store_true", help="only those that were not requeued")
    showing = actions.add_parser("show", help="one letter whole")
    showing.add_argument("letter", help="topic:partition:offset")
    again = actions.add_parser("requeue", help="put letters back into the log, each once")
    again.add_argument("letter", nargs="*", help="topic:partition:offset")
    again.add_argument("--all", action="store_true", help="every letter that waits and can be read now")
    asked = parser.parse_args(given)
    if asked.action == "requeue" and bool(asked.letter) == asked.all:
        parser.error("requeue: name letters, or say --all")
    if asked.action == "list" and not 1 <= asked.limit <= 10_000:
        parser.error("--limit: takes a number between 1 and 10000")
    return asked


def requeue_some(letters: Letters, asked: argparse.Namespace, out: Console) -> int:
    """Requeue what was asked for, and say what became of each; how many could not be."""
    refused = 0
    for name in asked.letter or [letter.name for letter in letters.find(waiting=True)]:
        try:
            letters.requeue(letters.named(name))
            out.print(f"[green]requeued[/] {escape(name)}")
        except LetterError as error:
            refused += 1
            out.print(f"[red]refused[/] {escape(str(error))}")
    return refused


def main(given: Sequence[str]) -> int:
    """Do what was asked; 0 when all of it could be done."""
    asked = arguments(given)
    settings = Settings.from_env().require("kafka_bootstrap", "clickhouse_url")
    out = screen()
    with connect_plain(settings.clickhouse_url) as clickhouse:
        letters = Letters(clickhouse, producer(settings.kafka_bootstrap))
        if asked.action == "requeue":
            return 1 if requeue_some(letters, asked, out) else 0
        if asked.action == "list":
            found = letters.find(topic=asked.topic, waiting=asked.waiting, limit=asked.limit)
            out.print(table_of(found) if found else "no dead letters")
            return 0
        try:
            letter = letters.named(asked.letter)
        except LetterError as error:
            print(f"livestreamx: {error}", file=sys.stderr)
            return 1
        out.print(table_of([letter]))
        out.print(f"reason: {escape(letter.reason)}\nrequest: {escape(letter.request_id or '-')}\nrecord:")
        out.print(escape(letter.record[:SHOWN_BYTES].decode("utf-8", "backslashreplace")))
        return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
