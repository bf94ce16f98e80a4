"""The states of a wave, computed from facts, and the moves between them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from surveys.errors import ReleaseFrozen, WaveCancelled, WaveClosed, WaveNotOpen, WrongState


class State(StrEnum):
    """Where a wave stands."""

    DRAFT = "draft"
    OPEN = "open"
    CLOSED = "closed"
    RELEASED = "released"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What may be done to a wave."""

    OPEN = "open"
    EXTEND = "extend"
    CLOSE = "close"
    RELEASE = "release"
    CANCEL = "cancel"


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """What has happened to a wave so far; the state follows from it."""

    is_opened: bool = False
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
        return State.OPEN if self.is_opened else State.DRAFT


# Where each move leads; a pair that is not listed is refused.
MOVES: dict[tuple[State, Move], State] = {
    (State.DRAFT, Move.OPEN): State.OPEN,
    (State.DRAFT, Move.CANCEL): State.CANCELLED,
    (State.OPEN, Move.EXTEND): State.OPEN,
    (State.OPEN, Move.CLOSE): State.CLOSED,
    (State.OPEN, Move.CANCEL): State.CANCELLED,
    (State.CLOSED, Move.RELEASE): State.RELEASED,
}

_REFUSALS: dict[tuple[State, Move], str] = {
    (State.DRAFT, Move.EXTEND): "This wave is a draft: change its closing day there.",
    (State.DRAFT, Move.CLOSE): "This wave is a draft: open it first, or cancel it.",
    (State.DRAFT, Move.RELEASE): "This wave is a draft: open it first.",
    (State.OPEN, Move.OPEN): "This wave is open already.",
    (State.OPEN, Move.RELEASE): "This wave still takes answers: close it first.",
    (State.CLOSED, Move.OPEN): "This wave is closed; plan a new wave instead.",
    (State.CLOSED, Move.EXTEND): "This wave is closed; plan a new wave instead.",
    (State.CLOSED, Move.CLOSE): "This wave is closed already: import its release.",
    (State.CLOSED, Move.CANCEL): (
        "This wave is closed and its answers are counted: import its release."
    ),
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
    if state is State.DRAFT or (state is State.OPEN and today < opens_on):
        raise WaveNotOpen(f"This survey opens on {opens_on.isoformat()}. Please come back then.")
    if state is not State.OPEN or today > closes_on:
        raise WaveClosed("This survey is closed and takes no more answers.")
