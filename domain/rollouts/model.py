"""Features that can be turned off, or be there for a share of people only, without a new version of the platform."""

from datetime import datetime
from typing import Literal, get_args
from uuid import UUID

import msgspec

from domain.lots import LOTS, lot_of
from livestreamx.errors import NotFound

Feature = Literal["upcoming", "moments"]
FEATURES: tuple[Feature, ...] = get_args(Feature)
WORDS: dict[Feature, str] = {
    "upcoming": "Announced streams on the home page",
    "moments": "Moments on the page of a stream that is over",
}
EVERYBODY = 100


class UnknownFeature(NotFound):
    code, title = "feature_not_found", "There is no such feature"


class Rollout(msgspec.Struct, frozen=True, kw_only=True):
    """Who has a feature; `share` is in per cent of the signed-in people, `changed_by` a handle."""

    feature: Feature
    is_on: bool = True
    share: int = EVERYBODY
    changed_by: str | None = None
    changed_at: datetime | None = None

    @property
    def what(self) -> str:
        """What it is, for admins."""
        return WORDS[self.feature]

    def reaches(self, user: UUID | None) -> bool:
        """Whether this person has it: the same answer each time, and a larger share keeps who had it before.

        Somebody who is not signed in has it once everybody has.
        """
        if not self.is_on or user is None:
            return self.is_on and self.share == EVERYBODY
        return lot_of(self.feature, user) * EVERYBODY < self.share * LOTS
