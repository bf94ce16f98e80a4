"""The states of a wave, computed from facts, and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from surveys.errors import ReleaseFrozen, WaveCancelled, WaveClosed, WaveNotOpen, WrongState


class State(StrEnum):
    """Where a wave stands."""

    DRAFT = "draft"
    PREPARED = "prepared"
    OPEN = "open"
    CLOSING = "closing"
    CLOSED = "closed"
    RELEASED = "released"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What may be done to a wave."""

    PREPARE = "prepare"
    REPLAN = "replan"
    OPEN = "open"
    EXTEND = "extend"
    CLOSE = "close"
    COUNT = "count"
    RELEASE = "release"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """
    What has happened to a wave so far; the state follows from it.

    Prepared: groups, rights and keys are frozen in a manifest.  Ended: no ballot is
    signed any more.  Closed: the figures are here.  Released: the answers are deleted.
    """

    is_prepared: bool = False
    is_opened: bool = False
    is_ended: bool = False
    is_closed: bool = False
    is_released: bool = False
    is_cancelled: bool = False

    @property
    def state(self) -> State:
        """The furthest state that the facts reach; cancelled is final, and so is released."""
        if self.is_released:
            return State.RELEASED
        if self.is_cancelled:
            return State.CANCELLED
        if self.is_closed:
            return State.CLOSED
        if self.is_ended:
            return State.CLOSING
        if self.is_opened:
            return State.OPEN
        return State.PREPARED if self.is_prepared else State.DRAFT


# Where each move leads; a pair that is not listed is refused.
MOVES: dict[tuple[State, Move], State] = {
    (State.DRAFT, Move.PREPARE): State.PREPARED,
    (State.DRAFT, Move.CANCEL): State.CANCELLED,
    (State.PREPARED, Move.PREPARE): State.PREPARED,
    (State.PREPARED, Move.REPLAN): State.DRAFT,
    (State.PREPARED, Move.OPEN): State.OPEN,
    (State.PREPARED, Move.CANCEL): State.CANCELLED,
    (State.OPEN, Move.EXTEND): State.OPEN,
    (State.OPEN, Move.CLOSE): State.CLOSING,
    (State.OPEN, Move.CANCEL): State.CANCELLED,
    (State.CLOSING, Move.CLOSE): State.CLOSING,
    (State.CLOSING, Move.COUNT): State.CLOSED,
    (State.CLOSING, Move.CANCEL): State.CANCELLED,
    (State.CLOSED, Move.RELEASE): State.RELEASED,
}

_NOT_OPENED = "This wave is {state} and not open: open it first."
_OPENED = "This wave is open already."
_ENDING = "This wave is being closed and takes no more answers; plan a new wave instead."
_COUNTED = "This wave is closed and its answers are counted."

_REFUSALS: dict[tuple[State, Move], str] = {
    (State.DRAFT, Move.OPEN): "This wave is a draft: prepare it first.",
    (State.DRAFT, Move.REPLAN): "This wave is a draft already: change its plan.",
    (State.DRAFT, Move.EXTEND): "This wave is a draft: change its closing day there.",
    (State.DRAFT, Move.CLOSE): "This wave is a draft: open it first, or cancel it.",
    (State.PREPARED, Move.EXTEND): (
        "This wave is prepared and its days stand in the manifest: go back to the plan to "
        "change them."
    ),
    (State.PREPARED, Move.CLOSE): "This wave is not open yet: open it first, or cancel it.",
    **{
        (state, move): _NOT_OPENED.format(state=words)
        for state, words in ((State.DRAFT, "a draft"), (State.PREPARED, "prepared"))
        for move in (Move.COUNT, Move.RELEASE)
    },
    **{(State.OPEN, move): _OPENED for move in (Move.PREPARE, Move.REPLAN, Move.OPEN)},
    (State.OPEN, Move.COUNT): "This wave still takes answers: close it first.",
    (State.OPEN, Move.RELEASE): "This wave still takes answers: close it first.",
    **{
        (State.CLOSING, move): _ENDING
        for move in (Move.PREPARE, Move.REPLAN, Move.OPEN, Move.EXTEND)
    },
    (State.CLOSING, Move.RELEASE): "This wave is being closed: its release is not here yet.",
    **{
        (State.CLOSED, move): f"{_COUNTED} Plan a new wave instead."
        for move in (Move.PREPARE, Move.REPLAN, Move.OPEN, Move.EXTEND)
    },
    **{
        (State.CLOSED, move): f"{_COUNTED} The collector has still to delete them."
        for move in (Move.CLOSE, Move.COUNT, Move.CANCEL)
    },
}

_ENDED = {
    State.RELEASED: "This wave is released and nothing of it changes any more.",
    State.CANCELLED: "This wave was cancelled and its answers were destroyed unread.",
}


def moved(state: State, move: Move) -> State:
    """Tell where a move leads, or raise `WrongState` with what to do instead."""
    if (state, move) in MOVES:
        return MOVES[state, move]
    if state is State.RELEASED:
        raise ReleaseFrozen(f"{_ENDED[state]} Plan a new wave instead.")
    if state is State.CANCELLED:
        raise WrongState(f"{_ENDED[state]} Plan a new wave instead.")
    raise WrongState(_REFUSALS[state, move])


def moves_from(state: State) -> tuple[Move, ...]:
    """List the moves that a state allows."""
    return tuple(move for move in Move if (state, move) in MOVES)


def check_days(*, opens_on: date, closes_on: date) -> None:
    """Refuse a wave that closes before it opens."""
    if closes_on < opens_on:
        raise WrongState("Choose a closing day that is not before the opening day.")


def check_extension(*, closes_on: date, until: date, today: date) -> None:
    """Refuse a new closing day that is not later than the old one, or has passed."""
    if until <= closes_on:
        raise WrongState(
            f"Choose a day after {closes_on.isoformat()}: a wave can only be made longer."
        )
    if until < today:
        raise WrongState("Choose a closing day that has not passed.")


def is_due_to_close(state: State, *, closes_on: date, today: date) -> bool:
    """Tell whether the last day of an open wave has passed."""
    return state is State.OPEN and today > closes_on


def check_takes_answers(state: State, *, opens_on: date, closes_on: date, today: date) -> None:
    """Refuse an answer outside the days of an open wave; the closing day itself still counts."""
    if state is State.CANCELLED:
        raise WaveCancelled(_ENDED[state])
    not_yet = state is State.OPEN and today < opens_on
    if state in {State.DRAFT, State.PREPARED} or not_yet:
        raise WaveNotOpen(f"This survey opens on {opens_on.isoformat()}. Please come back then.")
    if state is not State.OPEN or today > closes_on:
        raise WaveClosed("This survey is closed and takes no more answers.")
