"""Work that is the same for every application a test makes: done once per process, and kept."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from itertools import count
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from pytest import MonkeyPatch
from sqlalchemy import Engine, create_engine
from werkzeug.routing import Rule

from app import database, key_folder
from app.services import passwords


class KeptTemplates(BytecodeCache):
    """Compiled templates; a changed source or another way of escaping is another template."""

    def __init__(self) -> None:
        self._kept: dict[Hashable, bytes] = {}

    def load_bytecode(self, bucket: Bucket) -> None:
        """Fill a bucket with what was kept for it."""
        if (kept := self._kept.get(self._key(bucket))) is not None:
            bucket.bytecode_from_string(kept)

    def dump_bytecode(self, bucket: Bucket) -> None:
        """Keep what was compiled."""
        self._kept[self._key(bucket)] = bucket.bytecode_to_string()

    def _key(self, bucket: Bucket) -> Hashable:
        escape = bucket.environment.autoescape
        return bucket.key, bucket.checksum, "by name" if callable(escape) else escape


class KeptRule(Rule):
    """A rule whose code for building addresses is made once per process."""

    _kept: dict[Hashable, Callable[..., tuple[str, str]]] = {}

    def _compile_builder(self, append_unknown: bool = True) -> Callable[..., tuple[str, str]]:
        # The code is a function of these four; converters it finds through the rule it is given.
        key = self.rule, tuple(self._trace), repr(self.defaults), append_unknown
        if key not in self._kept:
            self._kept[key] = super()._compile_builder(append_unknown)
        return self._kept[key]


class KeptStatements:
    """Compiled statements: engines of one kind of database share a dialect, and so these."""

    def __init__(self) -> None:
        self._first: dict[str, Engine] = {}

    def create_engine(self, url: str, **options: Any) -> Engine:
        """Make an engine as SQLAlchemy does, but with what the first of its kind has compiled."""
        engine = create_engine(url, **options)
        if (first := self._first.get(engine.dialect.name)) is None:
            engine.connect().close()  # the dialect asks the server what it can do
            self._first[engine.dialect.name] = engine
        else:
            engine.dialect = engine.pool._dialect = first.dialect
            engine._compiled_cache = first._compiled_cache
        return engine


new_key = key_folder._new_key
hasher = passwords._HASHER
N_KEYS = 40  # more than the groups of any wave of the tests, which all need keys of their own


@cache
def _key(number: int) -> bytes:
    return new_key()


def share(patch: MonkeyPatch) -> None:
    """
    Let all applications of this process share compiled templates, statements and RSA keys.

    Keys come in turn, so each differs from the 39 before it; tests/app/test_key_folder.py
    looks at the real ones.  Passwords are hashed in no time; tests/app/test_sign_in.py looks
    at what they are hashed with.
    """
    turns = count()
    patch.setattr(key_folder, "_new_key", lambda: _key(next(turns) % N_KEYS))
    patch.setattr(passwords, "_HASHER", PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    patch.setattr(database, "create_engine", KeptStatements().create_engine)
    options: dict[str, Any] = {**Flask.jinja_options, "bytecode_cache": KeptTemplates()}
    patch.setattr(Flask, "jinja_options", options)
    patch.setattr(Flask, "url_rule_class", KeptRule)
