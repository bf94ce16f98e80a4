"""
Blind signing: the RSA private operation on a value whose content the signer never sees.

The work is done by the system's OpenSSL, in constant time and with its own blinding.
The `cryptography` package has no raw private operation, so OpenSSL is called directly.
Where it is missing, Python does the sum instead: its arithmetic is not constant in time,
so the value is blinded and the exponents are randomised before each power.  A signature
leaves only if it verifies (RFC 9474, section 4.3): one false half of the computation
would hand the key to whoever asked.
"""

from __future__ import annotations

import ctypes
import ctypes.util
import math
import secrets
from collections.abc import Callable
from functools import lru_cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import load_der_private_key

from surveys.errors import MalformedBallot

# What raises a value to the private exponent: key in DER and value in, value out.
PrivatePower = Callable[[bytearray, bytes], bytes]

_RSA = 6  # EVP_PKEY_RSA
_PADDING = 0x1001  # EVP_PKEY_CTRL_RSA_PADDING
_NO_PADDING = 3  # RSA_NO_PADDING
_OLDEST = 0x10101000  # 1.1.1; LibreSSL counts otherwise and is left out
_LIBRESSL = 0x20000000


class SigningFailed(Exception):
    """The private operation failed or gave a wrong result, so nothing was signed."""


def sign(key: bytearray, blinded: bytes, *, power: PrivatePower | None = None) -> bytes:
    """
    Sign a blinded value with a private key (PKCS #8 in DER), or raise.

    Raises `MalformedBallot` for a value that is none of the key's, `SigningFailed`
    where the result does not verify; then nothing of it leaves.
    """
    public = _load(key).public_key().public_numbers()
    n, length = public.n, (public.n.bit_length() + 7) // 8
    if len(blinded) != length:
        raise MalformedBallot(f"A blinded value has {length} bytes, this one {len(blinded)}.")
    value = int.from_bytes(blinded, "big")
    if not 0 < value < n or math.gcd(value, n) != 1:
        raise MalformedBallot("This is no blinded value under the key of its group.")
    signature = (power or _private_power())(key, blinded)
    if len(signature) != length or pow(int.from_bytes(signature, "big"), public.e, n) != value:
        raise SigningFailed("The ballot could not be signed. Try again in a moment.")
    return signature


def modulus_of(key: bytearray) -> int:
    """Read the modulus, which is public, off a private key."""
    return _load(key).public_key().public_numbers().n


def backend() -> str:
    """Say what does the private operation here: the version of OpenSSL, or Python."""
    library = _libcrypto()
    return "Python" if library is None else str(library.OpenSSL_version(0).decode())


def in_openssl(key: bytearray, blinded: bytes) -> bytes:
    """Raise a value to the private exponent by OpenSSL: constant in time, blinded."""
    library = _libcrypto()
    if library is None:
        raise SigningFailed("OpenSSL 1.1.1 or newer was not found on this machine.")
    held = (ctypes.c_ubyte * len(key)).from_buffer(key)
    start = ctypes.cast(held, ctypes.c_void_p)
    private = library.d2i_AutoPrivateKey(None, ctypes.byref(start), len(key))
    del held
    context = library.EVP_PKEY_CTX_new(private, None) if private else None
    try:
        return _decrypt(library, context, blinded)
    finally:
        library.EVP_PKEY_CTX_free(context)
        library.EVP_PKEY_free(private)
        library.ERR_clear_error()


def in_python(key: bytearray, blinded: bytes) -> bytes:
    """Raise a value to the private exponent by Python, by way of a random other value."""
    private = _load(key).private_numbers()
    public, p, q = private.public_numbers, private.p, private.q
    n, value = public.n, int.from_bytes(blinded, "big")
    factor = secrets.randbelow(n - 1) + 1
    while math.gcd(factor, n) != 1:
        factor = secrets.randbelow(n - 1) + 1
    hidden = value * pow(factor, public.e, n) % n
    at_p, at_q = _half(hidden, private.dmp1, p), _half(hidden, private.dmq1, q)
    result = at_q + q * (private.iqmp * (at_p - at_q) % p)
    return (result * pow(factor, -1, n) % n).to_bytes((n.bit_length() + 7) // 8, "big")


def _half(value: int, exponent: int, prime: int) -> int:
    """Compute one half of the Chinese remainder, under an exponent that differs each time."""
    return pow(value % prime, exponent + secrets.randbits(64) * (prime - 1), prime)


def _private_power() -> PrivatePower:
    return in_python if _libcrypto() is None else in_openssl


def _load(key: bytearray) -> rsa.RSAPrivateKey:
    try:
        # The keys are our own, and each signature is verified; testing primes takes longer.
        loaded = load_der_private_key(key, None, unsafe_skip_rsa_key_validation=True)
    except ValueError as error:
        raise SigningFailed("The key of this group cannot be read.") from error
    if not isinstance(loaded, rsa.RSAPrivateKey):
        raise SigningFailed("The key of this group is no RSA key.")
    return loaded


def _decrypt(library: ctypes.CDLL, context: int | None, blinded: bytes) -> bytes:
    size = ctypes.c_size_t(0)
    is_ready = (
        context is not None
        and library.EVP_PKEY_decrypt_init(context) == 1
        and library.EVP_PKEY_CTX_ctrl(context, _RSA, -1, _PADDING, _NO_PADDING, None) == 1
        and library.EVP_PKEY_decrypt(
            context, None, ctypes.byref(size), blinded, len(blinded)
        ) == 1
    )  # fmt: skip
    if not is_ready:
        raise SigningFailed("OpenSSL does not take the key of this group.")
    out = ctypes.create_string_buffer(size.value)
    done = library.EVP_PKEY_decrypt(context, out, ctypes.byref(size), blinded, len(blinded))
    if done != 1:
        raise SigningFailed("OpenSSL did not sign this value.")
    return out.raw[: size.value]


@lru_cache(maxsize=1)
def _libcrypto() -> ctypes.CDLL | None:
    """Load the system's libcrypto once, if it is there and new enough."""
    name = ctypes.util.find_library("crypto")
    if name is None:
        return None
    try:
        library = ctypes.CDLL(name)
        _declare(library)
    except (OSError, AttributeError):
        return None
    version = library.OpenSSL_version_num()
    is_known = version >= _OLDEST and version & 0xF0000000 != _LIBRESSL
    return library if is_known else None


def _declare(library: ctypes.CDLL) -> None:
    pointer, number, size = ctypes.c_void_p, ctypes.c_int, ctypes.c_size_t
    to_size, to_pointer = ctypes.POINTER(size), ctypes.POINTER(pointer)
    signatures = {
        "OpenSSL_version_num": (ctypes.c_ulong, ()),
        "OpenSSL_version": (ctypes.c_char_p, (number,)),
        "ERR_clear_error": (None, ()),
        "d2i_AutoPrivateKey": (pointer, (to_pointer, to_pointer, ctypes.c_long)),
        "EVP_PKEY_free": (None, (pointer,)),
        "EVP_PKEY_CTX_new": (pointer, (pointer, pointer)),
        "EVP_PKEY_CTX_free": (None, (pointer,)),
        "EVP_PKEY_decrypt_init": (number, (pointer,)),
        "EVP_PKEY_CTX_ctrl": (number, (pointer, number, number, number, number, pointer)),
        "EVP_PKEY_decrypt": (number, (pointer, pointer, to_size, ctypes.c_char_p, size)),
    }
    for name, (result, arguments) in signatures.items():
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
