"""surveys.ballots: signed without being seen, checked by anybody, forged by nobody."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding, rsa

from surveys import ballots
from surveys.ballots import Draft, blind, is_prepared_for, is_signed, receipt_of, unblind
from surveys.errors import ForgedBallot, MalformedBallot
from tests.ballots import modulus, rsa_key, sign_blinded

VECTORS = Path(__file__).parents[3] / "shared" / "data" / "rfc9474_vectors.json"
SEED = bytes(range(32))
MANIFEST = bytes(32)


def begin(**changes):
    wanted = {"wave": "w", "group": "g01", "modulus": modulus(0), "manifest_sha256": MANIFEST}
    return Draft.begin(changes.pop("seed", SEED), **(wanted | changes))


def number(text):
    return int(text.removeprefix("0x"), 16)


@pytest.mark.parametrize("which", range(4))
def test_the_four_vectors_of_the_standard(which):
    """A-1: blinding, unblinding and verifying agree with RFC 9474, appendix A."""
    if not VECTORS.exists():
        pytest.skip(f"NOT CHECKED against RFC 9474: {VECTORS} is absent.")
    given = json.loads(VECTORS.read_text())["vectors"][which]
    n, e, prepared = number(given["n"]), number(given["e"]), bytes.fromhex(given["prepared_msg"])
    salt, inverse = bytes.fromhex(given["salt"]), number(given["inv"])

    blinded, found = blind(prepared, modulus=n, salt=salt, factor=pow(inverse, -1, n), exponent=e)
    signature = unblind(bytes.fromhex(given["blind_sig"]), modulus=n, inverse=inverse)

    assert blinded.hex() == given["blinded_msg"]
    assert found == inverse
    assert signature.hex() == given["sig"]
    key = rsa.RSAPublicNumbers(e, n).public_key()
    pss = padding.PSS(padding.MGF1(hashes.SHA384()), len(salt))
    key.verify(signature, prepared, pss, hashes.SHA384())


def test_a_ballot_follows_from_its_seed():
    """Who keeps the seed gets the same ballot again; another seed, wave or group another one."""
    again = begin()

    assert begin() == again
    assert len({begin(**c).blinded for c in ({}, {"seed": bytes(32)}, {"wave": "v"})}) == 3
    assert begin(group="g02").prepared != again.prepared


def test_a_signed_ballot_verifies_and_carries_its_manifest():
    """What comes back unblinded is a plain RSASSA-PSS signature over the prepared message."""
    draft = begin()
    ballot = draft.finish(sign_blinded(0, draft.blinded))

    assert is_signed(rsa_key(0).public_key(), ballot.prepared, ballot.signature)
    assert is_prepared_for(ballot.prepared, MANIFEST)
    assert not is_prepared_for(ballot.prepared, bytes(31) + b"\1")
    assert not is_prepared_for(ballot.prepared + b"\0", MANIFEST)
    assert len(ballot.prepared) == ballots.PREPARED_LENGTH
    assert len(receipt_of(ballot.prepared)) == 32


def test_a_signature_by_another_key_stops_the_ballot():
    """A-10: a server that signs with a key of its own for one person is found out at once."""
    draft = begin()

    with pytest.raises(ForgedBallot):
        draft.finish(sign_blinded(1, draft.blinded))


@pytest.mark.parametrize("signature", [b"", bytes(255), bytes(257)])
def test_a_blind_signature_of_another_length_is_refused(signature):
    """Half an answer is no signature."""
    with pytest.raises(MalformedBallot):
        begin().finish(signature)


def test_a_ballot_of_one_key_is_none_of_another():
    """Each group has its key, so a ballot cannot change sides."""
    draft = begin()
    ballot = draft.finish(sign_blinded(0, draft.blinded))

    assert not is_signed(rsa_key(1).public_key(), ballot.prepared, ballot.signature)
    assert not is_signed(rsa_key(0).public_key(), ballot.prepared[:-1], ballot.signature)
    assert not is_signed(rsa_key(0).public_key(), ballot.prepared, ballot.signature[:-1])
    assert not is_signed(rsa_key(0).public_key(), ballot.prepared, b"")


def test_a_message_that_shares_a_factor_with_the_modulus_is_refused():
    """Nothing is blinded where blinding could not be undone."""
    private = rsa_key(0).private_numbers()

    with pytest.raises(MalformedBallot):
        blind(b"x", modulus=private.public_numbers.n, salt=bytes(48), factor=private.p)


def test_a_modulus_too_short_for_the_signature_is_refused():
    """A key of 512 bits has no room for SHA-384 and its salt."""
    with pytest.raises(MalformedBallot):
        blind(b"x", modulus=(1 << 511) + 1, salt=bytes(48), factor=3)
