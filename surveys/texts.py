"""Texts that people typed, made fit to stand beside others: nothing hidden, nothing turned."""

from __future__ import annotations

import re
import unicodedata

# Marks that some scripts need between letters, and emoji between their parts.
JOINERS = "\u200c\u200d"
# These are written as signs, although they are classed with the marks that nobody sees.
WRITTEN = frozenset("\u0600\u0601\u0602\u0603\u0604\u0605\u06dd\u070f\u08e2")
SEPARATORS = str.maketrans({"\u2028": "\n", "\u2029": "\n", "\u0085": "\n"})
UNSEEN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u3164\uffa0")
HIDDEN = {"Cc", "Cf", "Cs", "Co"}
STACK = re.compile("([\u0300-\u036f]{4})[\u0300-\u036f]+")

# Letters that differ from others by more than an accent, and are typed alike all the same.
ALIKE = str.maketrans(
    {"ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "æ": "ae", "œ": "oe", "ı": "i", "’": "'"}
)


def without_hidden_marks(text: str) -> str:
    """
    Leave out what nobody sees, or what changes how the text beside it is seen.

    These are marks that turn the direction of writing, spaces without width, control
    characters but line ends and tabs, and letters that are blank; of accents heaped on one
    letter four stay.  Letters, signs and emoji of all scripts stay as they are.
    """
    if text.isascii() and text.isprintable():
        return text
    lines = text.replace("\r\n", "\n").replace("\r", "\n").translate(SEPARATORS)
    return STACK.sub(r"\1", "".join(filter(_is_seen, lines)))


def _is_seen(character: str) -> bool:
    if character in UNSEEN:
        return False
    if unicodedata.category(character) not in HIDDEN:
        return True
    return character in "\n\t" or character in JOINERS or character in WRITTEN


def folded(text: str) -> str:
    """Write a text in the one way in which texts are compared: small letters without accents."""
    plain = text.casefold()
    if plain.isascii():
        return plain
    parts = unicodedata.normalize("NFKD", without_hidden_marks(plain)).casefold()
    letters = (c for c in parts if not unicodedata.combining(c) and c not in JOINERS)
    return "".join(letters).translate(ALIKE)
