"""An experiment: which two versions are compared, who sees which, and what has come of it so far."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec

from domain.lots import LOTS, lot_of

CONTROL: Literal["control"] = "control"
TREATMENT: Literal["treatment"] = "treatment"
Arm = Literal["control", "treatment"]
SURE_Z = 1.959964
"""Standard errors to either side of an estimate that hold its value in 95 % of cases."""


class Experiment(msgspec.Struct, frozen=True, kw_only=True):
    """`treatment` is served to `share` of the signed-in viewers, `control`, the promoted version, to all others.

    `effect` is the relative change of the click rate that is worth finding.
    """

    name: str
    control: str
    treatment: str
    share: float = 0.5
    effect: float = 0.1
    started_at: datetime

    @property
    def versions(self) -> tuple[str, str]:
        return self.control, self.treatment

    def arm_of(self, user: UUID) -> Arm:
        """Which version this viewer sees: the same one throughout, and drawn anew in every experiment."""
        return TREATMENT if lot_of(self.name, user) < self.share * LOTS else CONTROL


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one version, added up over viewers: first the sums, then the sums of products of two numbers."""

    viewers: int = 0
    shown: float = 0.0
    clicked: float = 0.0
    minutes: float = 0.0
    shown_shown: float = 0.0
    clicked_clicked: float = 0.0
    minutes_minutes: float = 0.0
    shown_clicked: float = 0.0
    shown_minutes: float = 0.0


class Estimate(msgspec.Struct, frozen=True):
    """A value with the variance of its error."""

    value: float
    variance: float

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % confidence interval."""
        half = SURE_Z * self.variance**0.5
        return self.value - half, self.value + half
