"""The panels by name: what their numbers mean, and the statements that count them."""

from collections.abc import Callable
from typing import Literal

import msgspec

from domain.analytics import audience, queries
from domain.analytics.model import PanelName
from domain.analytics.relations import Relations

Statement = Callable[[Relations], str]


class PanelSql(msgspec.Struct, frozen=True, kw_only=True):
    """`totals` gives one row, `series` the course, `lists` what else the totals hold, by name.

    Without `totals` they are the series itself: its steps and their people.

    `of` is whose acts are counted: those in the streams, or those about the creator.
    """

    definition: str
    totals: Statement | None
    series: Statement
    lists: dict[str, Statement] = {}
    of: Literal["streams", "creator", "both"] = "streams"


PANELS: dict[PanelName, PanelSql] = {
    "viewers": PanelSql(
        definition=(
            "A session is a viewer's heartbeats until 45 s of silence and ends with the last of them; a viewer on "
            "several devices counts once, the creator never; only what lies between the stream's start and its end "
            "counts. Minutes watched: the sum of session minutes within the time shown. Average concurrent viewers "
            "(acv): minutes watched divided by the minutes live. Peak: most open sessions at samples every 10 s; "
            "`ofPeak` is the share of it. Unique: viewers of at least 10 s; engaged: signed-in viewers of at least "
            "5 min; anonymous viewers are told apart by cookie. Average watch: watch time divided by unique viewers."
        ),
        totals=audience.viewers_totals,
        series=audience.viewers_series,
    ),
    "chat": PanelSql(
        definition="Accepted messages, and the distinct people who sent them.",
        totals=queries.chat_totals,
        series=queries.chat_series,
    ),
    "gifts": PanelSql(
        definition=(
            "Tokens of gifts charged and not taken back, paid and bonus tokens apart, each gift counted once whatever "
            "its combo. Net: 70 % of a US cent for each paid token."
        ),
        totals=queries.gifts_totals,
        series=queries.gifts_series,
        lists={"byGift": queries.gifts_by_code},
    ),
    "mood": PanelSql(
        definition=(
            "Seconds in each mood, decided every 5 s from the reactions and emotes of the last 30 s; neutral is the "
            "rest of the time live, and what was told after the end does not count. Transitions: how often another "
            "mood took over. Shares and intensity are averages."
        ),
        totals=audience.mood_totals,
        series=audience.mood_series,
    ),
    "retention": PanelSql(
        definition=(
            "Share of viewers still watching k minutes after they joined; viewers whose stream ended first, or who "
            "are still there, leave the denominator then (Kaplan-Meier)."
        ),
        totals=audience.retention_totals,
        series=audience.retention_series,
    ),
    "engagement": PanelSql(
        definition=(
            "Messages, reactions, votes, questions and gifts. Engaged: viewers of at least 10 s with at least one of "
            "them; the rate is engaged divided by all viewers of at least 10 s."
        ),
        totals=queries.engagement_totals,
        series=queries.engagement_series,
    ),
    "density": PanelSql(
        definition="Comment density: accepted messages divided by viewer-minutes.",
        totals=queries.density_totals,
        series=queries.density_series,
    ),
    "velocity": PanelSql(
        definition=(
            "Reactions a second; `fastest` is the busiest ten seconds, and z how many standard deviations they lie "
            "above the mean of the five minutes before (in steps of a minute or less)."
        ),
        totals=queries.velocity_totals,
        series=queries.velocity_series,
    ),
    "funnel": PanelSql(
        definition=(
            "Of the viewers to whom a stream was recommended: who then watched it 10 s, then 1 min, then took part "
            "(chat, reaction, vote, question or gift), then followed, then gave; in this order, each viewer once, by "
            "the first and last time of each step in a stream. Always of whole streams."
        ),
        totals=None,
        series=audience.funnel_series,
        of="both",
    ),
    "supporters": PanelSql(
        definition="Who gave the most tokens in these streams, less what was taken back; the first hundred.",
        totals=queries.supporters_totals,
        series=queries.supporters_series,
    ),
    "returning": PanelSql(
        definition=(
            "Viewers of at least a minute: new when that was their first such visit to this creator ever, returning "
            "when there was an earlier one."
        ),
        totals=audience.returning_totals,
        series=audience.returning_series,
    ),
    "followers": PanelSql(
        definition="Follows, and follows taken back, in the minute they happened; growth is the difference.",
        totals=queries.followers_totals,
        series=queries.followers_series,
        lists={"bySource": queries.followers_by_source},
        of="creator",
    ),
    "polls": PanelSql(
        definition=(
            "Polls that ended, with their results; turnout is voters divided by those who watched when the poll "
            "opened. Questions asked, and the share of them that was answered."
        ),
        totals=queries.polls_totals,
        series=queries.polls_series,
    ),
    "highlights": PanelSql(
        definition=(
            "Moments that stand out: 0.4 z of messages, 0.4 z of reactions and 0.2 z of gift tokens against the ten "
            "minutes before come to at least 3; at most one a minute."
        ),
        totals=queries.highlights_totals,
        series=queries.highlights_series,
    ),
    "segments": PanelSql(
        definition=(
            "Clips that slid into the show: when each came on air and left, and whether it was played to its end, "
            "skipped or failed. One that is on air lasts until now."
        ),
        totals=queries.segments_totals,
        series=queries.segments_series,
    ),
}
