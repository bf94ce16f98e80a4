"""Code letters: what is printed once and kept nowhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from app.models import CountingGroup, Wave
from app.services.errors import Unusable
from surveys import codes
from surveys.errors import MalformedCode


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupLetters:
    """The codes of one counting group; their order tells nothing, and no repr shows them."""

    group: str
    label: str
    n_eligible: int
    codes: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Letters:
    """All letters of one wave, in memory between their making and their printing."""

    wave_id: int
    wave: str
    title: str
    organisation: str
    address: str
    opens_on: date
    closes_on: date
    k: int
    k_comment: int
    groups: tuple[GroupLetters, ...]

    @property
    def n(self) -> int:
        """Number of letters."""
        return sum(len(group.codes) for group in self.groups)


def draw(groups: Sequence[CountingGroup]) -> tuple[GroupLetters, ...]:
    """Draw as many codes for each group that answers by letter as it has eligible people."""
    return tuple(
        GroupLetters(
            group=group.key,
            label=group.label,
            n_eligible=group.n_eligible,
            codes=codes.new_codes(group.n_eligible),
        )
        for group in groups
        if group.right == "letter"
    )


def of_wave(
    wave: Wave, groups: Sequence[GroupLetters], *, organisation: str, collector_url: str
) -> Letters:
    """Put a wave's words around its codes."""
    return Letters(
        wave_id=wave.id,
        wave=wave.key,
        title=wave.title,
        organisation=organisation,
        address=answer_address(wave.key, collector_url=collector_url),
        opens_on=wave.opens_on,
        closes_on=wave.closes_on,
        k=wave.k,
        k_comment=wave.k_comment,
        groups=tuple(groups),
    )


def answer_address(wave_key: str, *, collector_url: str) -> str:
    """Give the address at which a wave is answered."""
    return f"{collector_url.rstrip('/')}/w/{wave_key}"


def reprint(
    wave: Wave,
    codes_by_group: Mapping[str, Sequence[str]],
    *,
    organisation: str,
    collector_url: str,
) -> Letters:
    """Put a wave's words around codes that a page hands back; nothing of them is kept."""
    groups = [
        GroupLetters(
            group=group.key,
            label=group.label,
            n_eligible=group.n_eligible,
            codes=tuple(map(_read, codes_by_group.get(group.key, ()))),
        )
        for group in wave.groups
        if group.right == "letter"
    ]
    return of_wave(wave, groups, organisation=organisation, collector_url=collector_url)


def paragraphs(letters: Letters, group: GroupLetters) -> tuple[tuple[str, str], ...]:
    """Say on every letter how to answer, what is stored and who reads what; heading and text."""
    return (
        (
            "How to answer",
            "Open the address, or scan the picture, on any device, and type the code if it is "
            f"not filled in. You can answer from {letters.opens_on:%-d %B} until "
            f"{letters.closes_on:%-d %B %Y}. One code brings one answer; a code that gets lost "
            "cannot be replaced.",
        ),
        (
            "Why a letter",
            "All letters of your group look alike. Draw one from the box; nobody notes who draws "
            "which. So the code shows that somebody of the group answers, and not who.",
        ),
        (
            "What is stored",
            f"Your answers and your group: {group.label}, {group.n_eligible} people. No name, "
            "no time, no address of your device, no cookie. The list of employees and the "
            "answers are kept by two separate programs.",
        ),
        (
            "Who reads what",
            f"Nobody sees single answers; results are counts of {letters.k} answers or more. "
            "Comments are read word for word, without score or date, in lists for "
            f"{letters.k_comment} answers or more.",
        ),
    )


def _read(text: str) -> str:
    try:
        return codes.normalise(text)
    except MalformedCode as refusal:
        raise Unusable(
            "One of the codes handed back is not whole. Print the page of letters instead."
        ) from refusal
