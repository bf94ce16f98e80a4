"""The E-value: a hidden cause measured in risk ratios, for readers who ask for it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from analysis.errors import BadFrame
from analysis.summary import Summary, fixed, interval

PER_SD = 0.91
PER_ERROR = 1.78


@dataclass(frozen=True, slots=True, kw_only=True)
class EValue:
    """
    How strong a hidden cause must be, as risk ratios.

    Attributes
    ----------
    risk_ratio, ci_low, ci_high : float
        The link as a risk ratio, with its 95% interval.
    e_value : float
        Least risk ratio that the hidden cause must have with both sides to explain the link
        away; 1 where there is none.
    e_value_limit : float
        The same for the limit next to no link; 1 where the interval holds it.
    """

    risk_ratio: float
    ci_low: float
    ci_high: float
    e_value: float
    e_value_limit: float

    def summary(self) -> Summary:
        """Lay the E-value out for reading."""
        limits = interval(self.ci_low, self.ci_high)
        return Summary(
            title="How strong a hidden cause would have to be, as risk ratios",
            columns=("", "Estimate", "95% interval"),
            rows=(
                ("Risk ratio", fixed(self.risk_ratio), limits),
                ("E-value", fixed(self.e_value), ""),
                ("E-value of the limit next to no link", fixed(self.e_value_limit), ""),
            ),
            notes=(
                "A hidden cause must go with both sides by risk ratios of this size or more to "
                "explain the link, or its limit, away.",
            ),
        )


def e_value(risk_ratio: float, *, ci_low: float, ci_high: float) -> EValue:
    """
    Compute the E-value of a risk ratio.

    Parameters
    ----------
    risk_ratio, ci_low, ci_high : float
        Above 0.

    Returns
    -------
    EValue

    Raises
    ------
    BadFrame
        If a ratio is not above zero, or lies outside its limits.

    Notes
    -----
    ``RR + sqrt(RR (RR - 1))`` for a ratio above 1, and for ``1 / RR`` otherwise [1]_.

    References
    ----------
    .. [1] VanderWeele, T. J. and Ding, P. (2017), "Sensitivity analysis in observational
       research: introducing the E-value", Annals of Internal Medicine 167(4), 268-274.

    Examples
    --------
    >>> found = e_value(3.9, ci_low=1.8, ci_high=8.7)
    >>> round(found.e_value, 4), round(found.e_value_limit, 4)
    (7.263, 3.0)
    """
    if not 0 < ci_low <= risk_ratio <= ci_high < np.inf:
        raise BadFrame("A risk ratio must be above zero and lie within its limits.")
    near = max(1.0, ci_low) if risk_ratio >= 1 else min(1.0, ci_high)
    return EValue(
        risk_ratio=risk_ratio,
        ci_low=ci_low,
        ci_high=ci_high,
        e_value=_e_value(risk_ratio),
        e_value_limit=_e_value(near),
    )


def e_value_of_slope(
    estimate: float, *, std_error: float, sd_outcome: float, gap: float
) -> EValue:
    """
    Compute the E-value of a slope between points of two scales.

    Parameters
    ----------
    estimate, std_error : float
        Points of the outcome per point of the predictor.
    sd_outcome : float
        Standard deviation of the outcome.
    gap : float
        Difference of the predictor that is asked about, in its points.

    Returns
    -------
    EValue

    Notes
    -----
    With ``d = estimate * gap / sd_outcome`` the risk ratio is about ``exp(0.91 d)``, with
    limits ``exp(0.91 d -+ 1.78 se)``; an approximation, so `sensitivity` is to be preferred.

    Examples
    --------
    >>> found = e_value_of_slope(0.3, std_error=0.1, sd_outcome=1.0, gap=1.0)
    >>> round(found.e_value, 4), round(found.e_value_limit, 4)
    (1.9561, 1.4307)
    """
    if sd_outcome <= 0 or std_error < 0:
        raise BadFrame("A standard deviation or an error is not above zero.")
    d, error = estimate * gap / sd_outcome, std_error * abs(gap) / sd_outcome
    return e_value(
        float(np.exp(PER_SD * d)),
        ci_low=float(np.exp(PER_SD * d - PER_ERROR * error)),
        ci_high=float(np.exp(PER_SD * d + PER_ERROR * error)),
    )


def _e_value(ratio: float) -> float:
    above = ratio if ratio >= 1 else 1 / ratio
    return above + float(np.sqrt(above * (above - 1)))
