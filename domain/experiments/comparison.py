"""Whether one version is better than the other, or how much longer to wait.

Viewers are what was drawn, not impressions: the variance of a ratio of sums over viewers is that of Deng, Knoblich and
Lu, "Applying the Delta Method in Metric Analytics", KDD 2018.
"""

import math
from typing import Literal

import msgspec

from domain.experiments.model import SURE_Z, Estimate, Experiment, Outcome

ALPHA, POWER_Z = 0.05, 0.8416212
"""An effect that is there is found in 80 % of experiments, one that is not in 5 %."""
HARM_Z = 4.0
"""Long before its end an experiment is given up only where the harm is beyond doubt."""
FEWEST_VIEWERS = 30
"""With fewer viewers an arm has no variance to speak of."""

Verdict = Literal["ship", "keep", "wait"]


class Difference(msgspec.Struct, frozen=True):
    """Treatment less control; `p` of the two-sided z test that there is none."""

    value: float
    low: float
    high: float
    z: float
    p: float


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Click rate and minutes watched after a click, both by impression, of each version and between them."""

    control: Outcome
    treatment: Outcome
    clicks: tuple[Estimate, Estimate]
    minutes: tuple[Estimate, Estimate]
    click_difference: Difference
    minute_difference: Difference
    missing: int
    """How many impressions are still needed in all."""
    verdict: Verdict
    why: str

    @property
    def worse(self) -> bool:
        """Whether the candidate is known to be worse."""
        return self.verdict == "keep" and min(self.click_difference.z, self.minute_difference.z) < -SURE_Z


def compare(experiment: Experiment, control: Outcome, treatment: Outcome) -> Comparison:
    """What the outcomes say once enough is known; until then `wait`, unless the harm is plain."""
    clicks = (_clicks(control), _clicks(treatment))
    minutes = (_minutes(control), _minutes(treatment))
    clicked, watched = _difference(*clicks), _difference(*minutes)
    missing = _missing(experiment, control, treatment, clicks)
    verdict, why = _decide(clicked, watched, missing, clicks)
    return Comparison(
        control=control,
        treatment=treatment,
        clicks=clicks,
        minutes=minutes,
        click_difference=clicked,
        minute_difference=watched,
        missing=missing,
        verdict=verdict,
        why=why,
    )


def _clicks(told: Outcome) -> Estimate:
    return _ratio(told, told.clicked, told.clicked_clicked, told.shown_clicked)


def _minutes(told: Outcome) -> Estimate:
    return _ratio(told, told.minutes, told.minutes_minutes, told.shown_minutes)


def _ratio(told: Outcome, above: float, above_above: float, shown_above: float) -> Estimate:
    """A sum by impression; the variance is of the mean over viewers, by the delta method."""
    n = told.viewers
    if n < 2 or not told.shown:
        return Estimate(0.0, math.inf)
    value, shown = above / told.shown, told.shown / n
    spread = above_above - 2 * value * shown_above + value**2 * told.shown_shown
    return Estimate(value, max(spread, 0.0) / (n - 1) / n / shown**2)


def _difference(control: Estimate, treatment: Estimate) -> Difference:
    value, error = treatment.value - control.value, math.sqrt(treatment.variance + control.variance)
    if not math.isfinite(error):
        return Difference(value, -math.inf, math.inf, 0.0, 1.0)
    z = value / error if error else 0.0
    return Difference(value, value - SURE_Z * error, value + SURE_Z * error, z, math.erfc(abs(z) / math.sqrt(2)))


def _missing(experiment: Experiment, control: Outcome, treatment: Outcome, clicks: tuple[Estimate, Estimate]) -> int:
    """Impressions still to come before an effect of the size sought would be found: error shrinks with their root."""
    there = control.shown + treatment.shown
    sought = experiment.effect * clicks[0].value
    error = clicks[0].variance + clicks[1].variance
    if min(control.viewers, treatment.viewers) < FEWEST_VIEWERS or not sought or not error:
        seen = max(min(control.viewers, treatment.viewers), 1)
        return math.ceil(max(there, 1.0) * max(FEWEST_VIEWERS / seen - 1, 1.0))
    needed = there * error * ((SURE_Z + POWER_Z) / sought) ** 2
    return max(0, math.ceil(needed - there))


def _decide(
    clicked: Difference, watched: Difference, missing: int, clicks: tuple[Estimate, Estimate]
) -> tuple[Verdict, str]:
    told = f"click rate {clicks[1].value:.4f} against {clicks[0].value:.4f}, p = {clicked.p:.3g}"
    if clicked.z <= -HARM_Z:
        return "keep", f"keep what serves: the candidate is plainly worse ({told})"
    if missing:
        return "wait", f"wait: needs {missing:,} more impressions ({told})"
    if clicked.p < ALPHA and clicked.value < 0:
        return "keep", f"keep what serves: the candidate is worse ({told})"
    if watched.p < ALPHA and watched.value < 0:
        return "keep", f"keep what serves: fewer minutes are watched after a click (p = {watched.p:.3g}; {told})"
    if clicked.p < ALPHA:
        return "ship", f"ship the candidate: {told}"
    return "keep", f"keep what serves: no difference of the size sought ({told})"
