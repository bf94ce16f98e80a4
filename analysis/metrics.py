"""What customers say, from histograms of their answers: recommendation, top box, effort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from analysis.errors import BadFrame
from analysis.scores import (
    ScoreEstimate,
    favourable_share,
    histogram_of,
    item_mean,
    recommendation_score,
)
from analysis.summary import Summary, count, fixed, interval, percent


def net_promoter_score(
    counts: Mapping[str, int], *, promoters_from: float = 9, detractors_to: float = 6
) -> ScoreEstimate:
    """
    Compute NPS or eNPS from how often each answer was given.

    Parameters
    ----------
    counts : mapping of str to int
        How often each point was chosen: ``{"0": 1, ..., "10": 7}``.
    promoters_from, detractors_to : float, optional
        The lowest answer of a promoter and the highest of a detractor.

    Returns
    -------
    ScoreEstimate
        From -100 to 100, as `recommendation_score` gives it.

    Raises
    ------
    BadFrame
        If a point is no number, a count is below zero, or the two kinds overlap.
    NotEnoughTeams
        If there are no answers.

    Notes
    -----
    For display.  Three kinds tell less than eleven points, so the noise of a team's NPS is
    large; link with the mean answer.

    Examples
    --------
    >>> score = net_promoter_score({"3": 15, "8": 25, "10": 60})
    >>> score.estimate, round(score.ci_low, 4), round(score.ci_high, 4)
    (45.0, 29.3431, 58.0355)
    """
    if detractors_to >= promoters_from:
        raise BadFrame("An answer cannot be a promoter's and a detractor's.")
    points, number = histogram_of(counts)
    promoters = float(number[points >= promoters_from].sum())
    detractors = float(number[points <= detractors_to].sum())
    passives = float(number.sum()) - promoters - detractors
    return recommendation_score(promoters=promoters, passives=passives, detractors=detractors)


def top_box_share(counts: Mapping[str, int], *, top_from: float) -> ScoreEstimate:
    """
    Compute the share of answers in the highest boxes.

    Parameters
    ----------
    counts : mapping of str to int
        How often each point was chosen.
    top_from : float
        The lowest answer that counts: 4 for the top two of five points, and for the
        favourable share of an item.

    Returns
    -------
    ScoreEstimate
        From 0 to 1, with Wilson's interval.

    Raises
    ------
    BadFrame
        If a point is no number or a count is below zero.
    NotEnoughTeams
        If there are no answers.

    Examples
    --------
    >>> share = top_box_share({"1": 1, "3": 1, "4": 3, "5": 5}, top_from=4)
    >>> share.estimate, round(share.ci_low, 6), round(share.ci_high, 6)
    (0.8, 0.490162, 0.943318)
    """
    points, number = histogram_of(counts)
    return favourable_share(int(number[points >= top_from].sum()), int(number.sum()))


@dataclass(frozen=True, slots=True, kw_only=True)
class EffortScore:
    """
    How easy customers found it.

    Attributes
    ----------
    mean : ScoreEstimate
        In points of the scale.
    easy : ScoreEstimate
        Share of answers that say it was easy, from 0 to 1.
    """

    mean: ScoreEstimate
    easy: ScoreEstimate

    def summary(self) -> Summary:
        """Lay both out for reading."""
        mean, easy = self.mean, self.easy
        limits = f"{percent(easy.ci_low)} to {percent(easy.ci_high)}"
        return Summary(
            title="How easy it was",
            columns=("", "Estimate", "95% interval"),
            rows=(
                ("Mean answer", fixed(mean.estimate), interval(mean.ci_low, mean.ci_high)),
                ("Found it easy", percent(easy.estimate), limits),
            ),
            notes=(f"{count(mean.n)} answers.",),
        )


def effort_score(counts: Mapping[str, int], *, easy_from: float) -> EffortScore:
    """
    Compute the customer effort score: the mean answer, and the share that found it easy.

    Parameters
    ----------
    counts : mapping of str to int
        How often each point was chosen; high points mean easy.
    easy_from : float
        The lowest answer that means easy: 5 on seven points.

    Returns
    -------
    EffortScore

    Raises
    ------
    BadFrame, NotEnoughTeams, NotIdentified
        As `item_mean`.

    Examples
    --------
    >>> effort = effort_score({"2": 1, "4": 2, "6": 4, "7": 3}, easy_from=5)
    >>> round(effort.mean.estimate, 4), effort.easy.estimate
    (5.5, 0.7)
    """
    return EffortScore(mean=item_mean(counts), easy=top_box_share(counts, top_from=easy_from))
