"""
Everything the survey domain can refuse.

* SurveyError
  - InvalidAnswer
  - BadQuestionnaire
  - BadDocument
    - BadPromise
  - BadHierarchy
  - BelowFloor
  - NotEnoughPeople
  - RightRefused
    - MalformedCode
    - UnknownCode
    - SpentCode
    - MalformedBallot
    - ForgedBallot
    - SpentBallot
  - SealBroken
  - WaveUnavailable
    - UnknownWave
    - WaveNotOpen
    - WaveClosed
    - WaveCancelled
  - WrongState
    - ReleaseFrozen
    - CountKeyNeeded
    - GuardianNeeded
    - RepliesWait
  - DifferentDocument
  - UnknownThread
"""


class SurveyError(Exception):
    """Base of every refusal; its message may be shown to the person concerned."""


class InvalidAnswer(SurveyError):
    """What was typed is not an answer to this question."""


class BadQuestionnaire(SurveyError):
    """A questionnaire contradicts itself or lacks something."""


class BadDocument(SurveyError):
    """An opening or a release does not have the promised shape."""


class BadPromise(BadDocument):
    """A promise that says too little, too much, or keeps something too long."""


class BadHierarchy(SurveyError):
    """Teams that do not form one tree."""


class BelowFloor(SurveyError):
    """A threshold below what the product promises everybody."""


class NotEnoughPeople(SurveyError):
    """Too few people to count anybody's answer among others."""


class RightRefused(SurveyError):
    """Base of refusals that concern the right to answer."""


class MalformedCode(RightRefused):
    """What was typed cannot be a code, whatever the wave."""


class UnknownCode(RightRefused):
    """A well-formed code that this wave does not know."""


class SpentCode(RightRefused):
    """The code has brought a different answer already."""


class MalformedBallot(RightRefused):
    """What was sent cannot be a ballot, whatever the wave."""


class ForgedBallot(RightRefused):
    """A ballot whose signature does not fit the key of its group."""


class SpentBallot(RightRefused):
    """The ballot has brought a different answer already."""


class SealBroken(SurveyError):
    """Sealed bytes that the key at hand does not open."""


class WaveUnavailable(SurveyError):
    """Base of refusals because the wave takes no answers."""


class UnknownWave(WaveUnavailable):
    """There is no such wave here."""


class WaveNotOpen(WaveUnavailable):
    """The wave takes no answers yet."""


class WaveClosed(WaveUnavailable):
    """The wave takes no more answers."""


class WaveCancelled(WaveUnavailable):
    """The wave was cancelled and its answers were destroyed unread."""


class WrongState(SurveyError):
    """A deed that the state of the wave does not allow."""


class ReleaseFrozen(WrongState):
    """A released wave, of which nothing may change any more."""


class CountKeyNeeded(WrongState):
    """A closed wave whose answers wait for the key that the guardian holds."""


class GuardianNeeded(WrongState):
    """A wave that may not open before the guardian has signed its manifest."""


class RepliesWait(WrongState):
    """A thread with as many replies as may wait to be read."""


class UnknownThread(SurveyError):
    """A code of a comment to which there is no answer, yet or any more."""


class DifferentDocument(SurveyError):
    """Another document is on file under the same name."""
