"""surveys.lifecycle: states computed from facts, and the moves between them."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from surveys.errors import ReleaseFrozen, WaveCancelled, WaveClosed, WaveNotOpen, WrongState
from surveys.lifecycle import (
    MOVES,
    Facts,
    Move,
    State,
    check_days,
    check_extension,
    check_takes_answers,
    is_due_to_close,
    moved,
    moves_from,
)

FIRST, LAST = date(2026, 3, 2), date(2026, 3, 13)
DAY = timedelta(days=1)


@pytest.mark.parametrize(
    ("facts", "state"),
    [
        (Facts(), State.DRAFT),
        (Facts(is_prepared=True), State.PREPARED),
        (Facts(is_prepared=True, is_opened=True), State.OPEN),
        (Facts(is_prepared=True, is_opened=True, is_ended=True), State.CLOSING),
        (Facts(is_opened=True, is_ended=True, is_closed=True), State.CLOSED),
        (Facts(is_ended=True, is_closed=True, is_released=True), State.RELEASED),
        (Facts(is_cancelled=True), State.CANCELLED),
        (Facts(is_prepared=True, is_cancelled=True), State.CANCELLED),
        (Facts(is_opened=True, is_ended=True, is_cancelled=True), State.CANCELLED),
    ],
)
def test_the_state_follows_from_facts(facts, state):
    """A state is read off what happened, and stored nowhere."""
    assert facts.state is state


def test_the_whole_life_of_a_wave():
    """Draft, prepared, open, extended, being closed, closed, released."""
    state, passed = State.DRAFT, []
    for move in (Move.PREPARE, Move.OPEN, Move.EXTEND, Move.CLOSE, Move.COUNT, Move.RELEASE):
        state = moved(state, move)
        passed.append(state)

    assert passed == [
        State.PREPARED,
        State.OPEN,
        State.OPEN,
        State.CLOSING,
        State.CLOSED,
        State.RELEASED,
    ]


def test_a_prepared_wave_goes_back_to_its_plan_and_an_open_one_does_not():
    """What people were told cannot be planned anew; what nobody was told can."""
    assert moved(State.PREPARED, Move.REPLAN) is State.DRAFT
    assert moved(State.PREPARED, Move.PREPARE) is State.PREPARED
    with pytest.raises(WrongState, match="open already"):
        moved(State.OPEN, Move.REPLAN)


def test_a_wave_whose_closing_waits_can_be_closed_again_or_cancelled():
    """A closing that broke off goes on; one whose count key is lost is not stuck for ever."""
    assert moved(State.CLOSING, Move.CLOSE) is State.CLOSING
    assert moved(State.CLOSING, Move.CANCEL) is State.CANCELLED
    with pytest.raises(WrongState, match="takes no more answers"):
        moved(State.CLOSING, Move.EXTEND)


@pytest.mark.parametrize("state", State)
@pytest.mark.parametrize("move", Move)
def test_every_pair_is_allowed_or_refused_with_a_sentence(state, move):
    """No pair of state and move is forgotten."""
    if (state, move) in MOVES:
        assert moved(state, move) is MOVES[state, move]
        assert move in moves_from(state)
    else:
        with pytest.raises(WrongState, match=r"^This wave .+\.$"):
            moved(state, move)
        assert move not in moves_from(state)


@pytest.mark.parametrize("move", Move)
def test_a_released_wave_is_frozen(move):
    """S-4: nothing moves a released wave."""
    with pytest.raises(ReleaseFrozen, match="nothing of it changes"):
        moved(State.RELEASED, move)


def test_answers_are_taken_from_the_first_day_to_the_last():
    """Both days count; before and after, each refusal is its own."""
    for today in (FIRST, LAST):
        check_takes_answers(State.OPEN, opens_on=FIRST, closes_on=LAST, today=today)
    for state, today, refusal in (
        (State.OPEN, FIRST - DAY, WaveNotOpen),
        (State.DRAFT, FIRST, WaveNotOpen),
        (State.PREPARED, FIRST, WaveNotOpen),
        (State.OPEN, LAST + DAY, WaveClosed),
        (State.CLOSING, LAST, WaveClosed),
        (State.CLOSED, LAST, WaveClosed),
        (State.RELEASED, LAST, WaveClosed),
        (State.CANCELLED, LAST, WaveCancelled),
    ):
        with pytest.raises(refusal):
            check_takes_answers(state, opens_on=FIRST, closes_on=LAST, today=today)


def test_a_wave_is_due_the_day_after_its_last():
    """The closing day itself is still a day for answers."""
    assert not is_due_to_close(State.OPEN, closes_on=LAST, today=LAST)
    assert is_due_to_close(State.OPEN, closes_on=LAST, today=LAST + DAY)
    assert not is_due_to_close(State.CLOSED, closes_on=LAST, today=LAST + DAY)


def test_a_wave_is_only_made_longer():
    """An extension is later than the closing day and not in the past."""
    check_extension(closes_on=LAST, until=LAST + DAY, today=LAST)
    with pytest.raises(WrongState, match="only be made longer"):
        check_extension(closes_on=LAST, until=LAST, today=FIRST)
    with pytest.raises(WrongState, match="has not passed"):
        check_extension(closes_on=LAST, until=LAST + DAY, today=LAST + 2 * DAY)


def test_a_wave_does_not_close_before_it_opens():
    """One day is enough; less is refused."""
    check_days(opens_on=FIRST, closes_on=FIRST)
    with pytest.raises(WrongState):
        check_days(opens_on=FIRST, closes_on=FIRST - DAY)
