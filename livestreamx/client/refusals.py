"""Why an act has no good answer."""

from typing import Any, Self


class Refused(Exception):
    """The platform said no: a stable `code`, a sentence, and when to try again (ms) if it said so."""

    def __init__(self, code: str, message: str, retry_after_ms: int | None = None) -> None:
        self.code, self.message, self.retry_after_ms = code, message, retry_after_ms
        super().__init__(f"{code}: {message}")

    @classmethod
    def of(cls, problem: dict[str, Any]) -> Self:
        """From the data of an `error` frame."""
        return cls(problem["code"], problem.get("message", ""), problem.get("retryAfterMs"))


class Unanswered(Exception):
    """The connection broke before the answer came: the act may or may not have been accepted."""


class NotConnected(Exception):
    """Nothing was sent: the room was not entered, or has been left."""
