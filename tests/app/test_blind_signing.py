"""Blind signing: the vectors of RFC 9474, both ways of signing, and faults that must not leave."""

import ctypes.util
import json
import math
import threading

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from app import blind_signing
from app.blind_signing import SigningFailed, backend, in_openssl, in_python, sign
from surveys.errors import MalformedBallot
from tests.conftest import ROOT

ANOTHER_KIND = ec.generate_private_key(ec.SECP256R1())
VECTORS = ROOT.parent / "shared" / "data" / "rfc9474_vectors.json"


def vectors():
    return json.loads(VECTORS.read_text(encoding="utf-8"))["vectors"] if VECTORS.exists() else []


def der(key) -> bytearray:
    return bytearray(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()))


def key_of(vector) -> bytearray:
    """Put the private key of a vector together."""
    p, q, n, e, d = (int(vector[name], 16) for name in ("p", "q", "n", "e", "d"))
    assert p * q == n
    numbers = rsa.RSAPrivateNumbers(
        p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), rsa.RSAPublicNumbers(e, n)
    )
    return der(numbers.private_key())


@pytest.fixture(scope="module")
def key() -> bytearray:
    """One key of the size that waves use."""
    return der(rsa.generate_private_key(65_537, 2048))


@pytest.fixture
def modulus(key) -> int:
    return blind_signing.modulus_of(key)


@pytest.fixture(params=[in_openssl, in_python], ids=["OpenSSL", "Python"])
def power(request):
    """Each way of doing the private operation."""
    if request.param is in_openssl and backend() == "Python":
        pytest.skip("There is no OpenSSL on this machine, so that way cannot be tested.")
    return request.param


def test_the_vectors_are_there():
    """The reference data lie beside the project; without them the next test shows nothing."""
    if not VECTORS.exists():
        pytest.skip("The vectors of RFC 9474 are not beside the project; nothing was compared.")
    assert len(vectors()) == 4


@pytest.mark.parametrize("vector", vectors(), ids=lambda v: v["name"])
def test_vectors_of_rfc_9474(vector, power):
    """Each of the four vectors, with keys of 4096 bits, gives the blind signature printed."""
    signature = sign(key_of(vector), bytes.fromhex(vector["blinded_msg"]), power=power)

    assert signature.hex() == vector["blind_sig"]


def test_both_ways_agree(key, modulus):
    """OpenSSL and Python sign a value alike, and the same value always alike."""
    if backend() == "Python":
        pytest.skip("There is no OpenSSL on this machine, so nothing can be compared.")
    values = [(modulus // 3 + i).to_bytes(256, "big") for i in range(5)]

    for value in values:
        (once,) = {sign(key, value, power=p) for p in (in_openssl, in_python, in_openssl)}
        assert pow(int.from_bytes(once, "big"), 65_537, modulus) == int.from_bytes(value, "big")


def test_signing_does_not_change_the_key(key, modulus, power):
    """The bytes of the key are only read."""
    before = bytes(key)

    sign(key, (2).to_bytes(256, "big"), power=power)

    assert bytes(key) == before


@pytest.mark.parametrize(
    "value_of",
    [
        lambda n: b"",
        lambda n: bytes(255),
        lambda n: bytes(256),
        lambda n: (5).to_bytes(257, "big"),
        lambda n: n.to_bytes(256, "big"),
        lambda n: (n + 1).to_bytes(256, "big"),
        lambda n: b"\xff" * 256,
    ],
    ids=["empty", "short", "zero", "long", "n", "n + 1", "largest"],
)
def test_values_out_of_range_are_refused(key, modulus, power, value_of):
    """Nothing but a number from 1 to n - 1, written in as many bytes as n, is signed."""
    with pytest.raises(MalformedBallot):
        sign(key, value_of(modulus), power=power)


def test_values_that_share_a_factor_with_the_modulus_are_refused(key, power):
    """A multiple of one prime is refused: nobody honest can have found one."""
    prime = blind_signing._load(key).private_numbers().p

    with pytest.raises(MalformedBallot):
        sign(key, (prime * 3).to_bytes(256, "big"), power=power)


def test_a_false_half_never_leaves(key, modulus, monkeypatch):
    """One wrong half would give the key away; the check stops it and nothing is returned."""
    value = 12_345
    true_half = blind_signing._half
    q = blind_signing._load(key).private_numbers().q

    def faulty(hidden, exponent, prime):
        return true_half(hidden, exponent, prime) ^ (prime == q)

    monkeypatch.setattr(blind_signing, "_half", faulty)
    leaked = int.from_bytes(in_python(key, value.to_bytes(256, "big")), "big")
    found = math.gcd(pow(leaked, 65_537, modulus) - value, modulus)

    assert 1 < found < modulus, "the planted fault must be one that gives the key away"
    with pytest.raises(SigningFailed):
        sign(key, value.to_bytes(256, "big"), power=in_python)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda s: bytes([s[0] ^ 1]) + s[1:],
        lambda s: s[1:],
        lambda s: b"\0" + s,
        lambda s: bytes(len(s)),
    ],
    ids=["one bit", "short", "long", "zero"],
)
def test_a_wrong_result_of_the_library_never_leaves(key, power, spoil):
    """Whatever comes back from the private operation is verified before it is returned."""
    with pytest.raises(SigningFailed):
        sign(key, (7).to_bytes(256, "big"), power=lambda k, b: spoil(power(k, b)))


@pytest.mark.parametrize(
    "broken",
    [bytearray(), bytearray(b"nonsense"), bytearray(1217), der(ANOTHER_KIND)],
    ids=["empty", "nonsense", "zeros", "another kind"],
)
def test_a_key_that_cannot_be_read_signs_nothing(broken, power):
    """An overwritten or foreign key is a failure to sign, and no crash."""
    with pytest.raises(SigningFailed):
        sign(broken, bytes(255) + b"\2", power=power)
    with pytest.raises(SigningFailed):
        power(broken, bytes(255) + b"\2")


def test_openssl_refuses_values_of_another_length(key):
    """Even without the checks before it, the library reports a failure, which is raised."""
    if backend() == "Python":
        pytest.skip("There is no OpenSSL on this machine, so that way cannot be tested.")
    with pytest.raises(SigningFailed):
        in_openssl(key, b"\xff" * 256)
    with pytest.raises(SigningFailed):
        in_openssl(key, bytes(300))


def test_threads_do_not_disturb_each_other(key, modulus):
    """Eight threads sign different values at once and each gets its own signature."""
    values = [n.to_bytes(256, "big") for n in range(2, 10)]
    wanted = [sign(key, value, power=in_python) for value in values]
    got: dict[int, set[bytes]] = {i: set() for i in range(len(values))}

    def work(i):
        for _ in range(20):
            got[i].add(sign(key, values[i]))

    threads = [threading.Thread(target=work, args=(i,)) for i in got]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert [got[i] for i in got] == [{signature} for signature in wanted]


@pytest.mark.parametrize("found", [None, "libnothing-of-the-kind.so.0", "libc.so.6"])
def test_without_openssl_python_signs(key, monkeypatch, found):
    """Where there is no libcrypto, or something else under its name, Python takes over."""
    blind_signing._libcrypto.cache_clear()
    monkeypatch.setattr(ctypes.util, "find_library", lambda name: found)
    try:
        assert backend() == "Python"
        assert blind_signing._private_power() is in_python
        assert sign(key, (2).to_bytes(256, "big")) == sign(
            key, (2).to_bytes(256, "big"), power=in_python
        )
        with pytest.raises(SigningFailed):
            in_openssl(key, (2).to_bytes(256, "big"))
    finally:
        blind_signing._libcrypto.cache_clear()


@pytest.mark.parametrize(
    ("version", "is_used"),
    [(0x1000215F, False), (0x1010101F, True), (0x20000000, False), (0x30000130, True)],
    ids=["1.0.2", "1.1.1", "LibreSSL", "3.0"],
)
def test_which_versions_are_used(monkeypatch, version, is_used):
    """OpenSSL from 1.1.1 on is used; what is older, or only alike, is not."""

    class Library:
        def __getattr__(self, name):
            return lambda: version

    monkeypatch.setattr(ctypes.util, "find_library", lambda name: "libcrypto")
    monkeypatch.setattr(ctypes, "CDLL", lambda name: Library())
    monkeypatch.setattr(blind_signing, "_declare", lambda library: None)
    blind_signing._libcrypto.cache_clear()
    try:
        assert (blind_signing._libcrypto() is not None) == is_used
    finally:
        blind_signing._libcrypto.cache_clear()
