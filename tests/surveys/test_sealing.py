"""surveys.sealing, signing and encoding: seals that only one key opens, one spelling each."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from surveys.encoding import decode, encode
from surveys.errors import BadDocument, MalformedBallot, SealBroken
from surveys.sealing import (
    OVERHEAD,
    derive_private_key,
    new_private_key,
    pad_fields,
    public_key_of,
    seal,
    unpad_fields,
    unseal,
)
from surveys.signing import is_signed, sign

KEY = derive_private_key(b"tests", b"one")
OTHER = derive_private_key(b"tests", b"two")
FIELDS = {"tools": ["4"], "comment": ["Grüße, “all” of you\n\N{LEDGER}"], "why": ["pay", "team"]}


@given(st.binary(max_size=80))
def test_bytes_come_back_from_text(raw):
    """Encoding loses nothing."""
    assert decode(encode(raw), length=len(raw)) == raw


@pytest.mark.parametrize(
    "text",
    ["AA==", "A", "AB", "AA\n", "A+", "A/", "AAAAA", "Ää", " AA", None, 7, ["AA"], b"AA"],
)
def test_only_one_spelling_is_accepted(text):
    """Padding, spare bits, other alphabets and other types are refused."""
    with pytest.raises(MalformedBallot):
        decode(text)


def test_a_part_of_another_length_is_refused():
    """Lengths are fixed, and said."""
    with pytest.raises(MalformedBallot, match="2 bytes instead of 3"):
        decode("AAA", length=3)


def test_a_seal_opens_with_its_key_and_its_binding_only():
    """Another key, another binding, or one changed bit opens nothing."""
    sealed = seal(public_key_of(KEY), b"answers", bound_to=b"receipt")

    assert unseal(KEY, sealed, bound_to=b"receipt") == b"answers"
    assert len(sealed) == OVERHEAD + len(b"answers")
    flipped = [sealed[:i] + bytes([sealed[i] ^ 1]) + sealed[i + 1 :] for i in (0, 5, 70, -1)]
    cut = [sealed[:-1], sealed[:64], b""]
    for broken in (*flipped, *cut):
        with pytest.raises(SealBroken):
            unseal(KEY, broken, bound_to=b"receipt")
    with pytest.raises(SealBroken):
        unseal(OTHER, sealed, bound_to=b"receipt")
    with pytest.raises(SealBroken):
        unseal(KEY, sealed, bound_to=b"another")


def test_a_seal_differs_each_time_unless_its_key_is_given():
    """Two seals of the same answers look unrelated; a given ephemeral key repeats one."""
    public = public_key_of(KEY)

    assert seal(public, b"x", bound_to=b"") != seal(public, b"x", bound_to=b"")
    again = [seal(public, b"x", bound_to=b"", ephemeral=OTHER) for _ in range(2)]
    assert again[0] == again[1]


def test_fields_come_back_from_a_fixed_length():
    """However much was answered, what is sealed has one length."""
    full, empty = pad_fields(FIELDS, pad=400), pad_fields({}, pad=400)

    assert len(full) == len(empty) == 400
    assert unpad_fields(full) == FIELDS
    assert unpad_fields(empty) == {}


def test_fields_too_long_are_refused():
    """Nothing is cut off silently."""
    with pytest.raises(BadDocument, match="longer than the questionnaire allows"):
        pad_fields({"comment": ["x" * 400]}, pad=400)


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"7", b'{"a": 1}', b'{"a": [1]}', b'{"a": "b"}', b"\xff", b"{", b"[" * 9000],
)
def test_what_is_no_form_is_refused(content):
    """Whoever holds a ballot may seal anything; it must not break the counting."""
    padded = (len(content).to_bytes(4, "big") + content).ljust(10_000, b"\0")

    with pytest.raises(SealBroken):
        unpad_fields(padded)


def test_keys_differ_by_purpose_and_are_keys():
    """Derived keys are repeatable, drawn ones are not; what is no key is refused."""
    assert derive_private_key(b"s", b"a") == derive_private_key(b"s", b"a")
    assert derive_private_key(b"s", b"a") != derive_private_key(b"s", b"b")
    assert new_private_key() != new_private_key()
    for wrong in (b"", bytes(32), b"\xff" * 32):
        with pytest.raises(BadDocument):
            public_key_of(wrong)
    for wrong in (b"", bytes(65), b"\4" + bytes(64), public_key_of(KEY)[:64]):
        with pytest.raises(BadDocument):
            seal(wrong, b"x", bound_to=b"")


def test_signatures_are_repeatable_and_fit_one_message_and_key():
    """The same message gets the same signature, so a repeated receipt is the same receipt."""
    signature = sign(KEY, b"message")

    assert sign(KEY, b"message") == signature
    assert is_signed(public_key_of(KEY), b"message", signature)
    assert not is_signed(public_key_of(KEY), b"another", signature)
    assert not is_signed(public_key_of(OTHER), b"message", signature)
    assert not is_signed(public_key_of(KEY), b"message", signature[:-1])
    assert not is_signed(public_key_of(KEY), b"message", bytes(64))
    assert not is_signed(b"no key", b"message", signature)
