"""
Everything the statistics can refuse; each message may be shown to a reader.

* AnalysisError
  - BadFrame          a table lacks a column or contradicts itself
  - NotEnoughTeams    fewer teams, rows or answers than the figure needs
  - NotIdentified     the data do not move in the direction that is asked about
    - TooNoisy        the surveys tell teams apart too poorly for the figure
"""


class AnalysisError(Exception):
    """Base of every refusal of the statistics."""


class BadFrame(AnalysisError):
    """A table does not have the shape that its contract asks for."""


class NotEnoughTeams(AnalysisError):
    """There are fewer teams, rows or answers than the figure needs."""


class NotIdentified(AnalysisError):
    """The figure is not determined by these data."""


class TooNoisy(NotIdentified):
    """Team scores are too unreliable for the figure to mean anything."""
