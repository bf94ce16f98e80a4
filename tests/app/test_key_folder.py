"""The key folder: who may read it, what is destroyed, and a journal that outlives the database."""

import os
import threading
from pathlib import Path

import pytest

from app import durable_files, key_folder
from app.key_folder import KeyFolder, KeyMissing
from surveys.errors import MalformedBallot

WAVE = "w-0123456789"
DIGESTS = [f"{n:064x}" for n in range(1, 60)]
BLINDED = (12_345).to_bytes(256, "big")


@pytest.fixture
def folder(tmp_path) -> Path:
    return tmp_path / "keys" / "application"


@pytest.fixture
def keys(folder) -> KeyFolder:
    return KeyFolder(folder)


def names(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*")}


def test_a_key_is_made_once(keys):
    """Preparing again finds the key that is there; every group and wave has its own."""
    first = keys.make(WAVE, "g01")

    assert len(first) == 256
    assert first[0] >= 0x80
    assert keys.make(WAVE, "g01") == first
    assert len({first, keys.make(WAVE, "g02"), keys.make("w-another", "g01")}) == 3


def test_the_signature_fits_the_modulus_told(keys):
    """What is signed verifies under the modulus that goes into the manifest."""
    n = int.from_bytes(keys.make(WAVE, "g01"), "big")

    signature = keys.sign(WAVE, "g01", BLINDED)

    assert pow(int.from_bytes(signature, "big"), 65_537, n) == 12_345


def test_a_key_made_beforehand_is_taken_once(keys, folder, monkeypatch):
    """A group gets the key itself and no copy of it; the next group has one of its own made."""
    keys.make_spare()
    (folder / "spare_keys" / "broken-off.key.part").write_bytes(b"half a key")
    assert keys.count_spares() == 1
    with monkeypatch.context() as nothing_made:
        nothing_made.setattr(key_folder, "_new_key", None)
        first = keys.make(WAVE, "g01")

    assert keys.count_spares() == 0
    assert keys.make(WAVE, "g02") != first
    n = int.from_bytes(first, "big")
    assert pow(int.from_bytes(keys.sign(WAVE, "g01", BLINDED), "big"), 65_537, n) == 12_345
    keys.destroy_spares()
    assert list((folder / "spare_keys").iterdir()) == []


def test_only_this_user_may_read_it(keys, folder):
    """The folders are 0700 and the files 0600, whatever the umask, and also if they were wider."""
    folder.mkdir(parents=True, mode=0o755)
    before = os.umask(0)
    try:
        keys.make(WAVE, "g01")
        keys.journal(WAVE, "g01").note(1, DIGESTS[0])
    finally:
        os.umask(before)

    modes = {path: path.stat().st_mode & 0o777 for path in [folder, *folder.rglob("*")]}
    assert {modes[path] for path in modes if path.is_dir()} == {0o700}
    assert {modes[path] for path in modes if path.is_file()} == {0o600}


def test_backup_programs_are_told_to_leave_it_out(keys, folder):
    """The tag that tar, borg, restic and others look for is in the folder."""
    keys.make(WAVE, "g01")

    tag = (folder / "CACHEDIR.TAG").read_text("ascii")

    assert tag.startswith("Signature: 8a477f597d28d172789f06886806bc55\n")


def test_destroying_leaves_no_key_and_keeps_the_journal(keys, folder):
    """At the close the keys go, also half-written ones; the counts can still be made."""
    keys.make(WAVE, "g01")
    keys.make("w-another", "g01")
    keys.journal(WAVE, "g01").note(7, DIGESTS[0])
    (folder / WAVE / "g02.key.part").write_bytes(b"half a key")

    keys.destroy(WAVE)
    keys.destroy(WAVE)

    assert not keys.holds(WAVE)
    assert keys.holds("w-another")
    assert names(folder / WAVE) == {"g01.issued"}
    assert keys.journal(WAVE, "g01").read() == {7: DIGESTS[0]}
    with pytest.raises(KeyMissing):
        keys.sign(WAVE, "g01", BLINDED)


def test_a_destroyed_key_is_overwritten(keys, folder, tmp_path):
    """The bytes are zeros before the name goes: another name for them finds no key."""
    keys.make(WAVE, "g01")
    path = folder / WAVE / "g01.key"
    size = path.stat().st_size
    os.link(path, tmp_path / "another name")

    keys.destroy(WAVE)

    assert (tmp_path / "another name").read_bytes() == bytes(size)


def test_forgetting_leaves_nothing(keys, folder):
    """After the release neither key nor journal is left; again, and of nothing, is fine."""
    keys.make(WAVE, "g01")
    keys.journal(WAVE, "g01").note(7, DIGESTS[0])

    keys.forget(WAVE)
    keys.forget(WAVE)
    keys.destroy("w-never-made")

    assert names(folder) == {"CACHEDIR.TAG"}
    assert keys.journal(WAVE, "g01").read() == {}


@pytest.mark.parametrize("wave", ["", "..", "../w", "w/../..", "W-1", "w 1", "w\n"])
def test_names_cannot_leave_the_folder(keys, wave):
    """A wave's key that could be a path is refused by every deed."""
    for deed in (
        lambda: keys.make(wave, "g01"),
        lambda: keys.sign(wave, "g01", BLINDED),
        lambda: keys.sign(WAVE, wave, BLINDED),
        lambda: keys.journal(wave, "g01"),
        lambda: keys.destroy(wave),
        lambda: keys.forget(wave),
    ):
        with pytest.raises(ValueError, match="cannot be the key"):
            deed()


def test_a_value_that_is_none_is_refused(keys):
    """Zero is no blinded value, and the refusal is one about the ballot."""
    keys.make(WAVE, "g01")

    with pytest.raises(MalformedBallot):
        keys.sign(WAVE, "g01", bytes(256))


def test_the_first_value_noted_counts(keys):
    """A second value of the same person does not replace the first."""
    keys.make(WAVE, "g01")
    journal = keys.journal(WAVE, "g01")

    assert journal.note(7, DIGESTS[0]) == DIGESTS[0]
    assert journal.note(7, DIGESTS[0]) == DIGESTS[0]
    assert journal.note(7, DIGESTS[1]) == DIGESTS[0]
    assert journal.note(8, DIGESTS[1]) == DIGESTS[1]
    assert journal.read() == {7: DIGESTS[0], 8: DIGESTS[1]}


def test_the_journal_tells_no_order(keys, folder):
    """Whoever came first, the bytes are the same: they depend on the people alone."""
    people = [3, 1, 22, 10, 2]
    images = set()
    for number, order in enumerate([people, people[::-1], sorted(people)]):
        wave = f"w-{number}"
        keys.make(wave, "g01")
        for person in order:
            keys.journal(wave, "g01").note(person, DIGESTS[person])
        images.add((folder / wave / "g01.issued").read_bytes())

    assert len(images) == 1


def test_the_journal_leaves_no_older_version_and_no_time(keys, folder, tmp_path):
    """What another name for the old bytes finds is zeros; neither file nor folder tells when."""
    keys.make(WAVE, "g01")
    path = folder / WAVE / "g01.issued"
    keys.journal(WAVE, "g01").note(7, DIGESTS[0])
    os.link(path, tmp_path / "older version")
    size = path.stat().st_size

    keys.journal(WAVE, "g01").note(3, DIGESTS[1])

    assert (tmp_path / "older version").read_bytes() == bytes(size)
    assert keys.journal(WAVE, "g01").read() == {7: DIGESTS[0], 3: DIGESTS[1]}
    assert {at.stat().st_mtime for at in (path, path.parent)} == {0}


def test_threads_that_note_at_once_agree(keys):
    """Twenty threads with different values for one person are all told the same one."""
    keys.make(WAVE, "g01")
    told = []

    def note(digest):
        told.append(keys.journal(WAVE, "g01").note(7, digest))
        keys.journal(WAVE, "g01").note(int(digest, 16) + 100, digest)

    threads = [threading.Thread(target=note, args=(d,)) for d in DIGESTS[:20]]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert len(told) == 20
    assert len(set(told)) == 1
    assert len(keys.journal(WAVE, "g01").read()) == 21


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_breaks_off_leaves_the_old_content(keys, monkeypatch, step):
    """Whatever fails while a line is written, what was noted before stays as it was."""
    keys.make(WAVE, "g01")
    journal = keys.journal(WAVE, "g01")
    journal.note(7, DIGESTS[0])

    def fail(*arguments):
        raise OSError("the disk is full")

    with monkeypatch.context() as broken:
        broken.setattr(durable_files.os, step, fail)
        with pytest.raises(OSError, match="disk is full"):
            journal.note(8, DIGESTS[1])

    assert journal.read() == {7: DIGESTS[0]}
    assert journal.note(8, DIGESTS[2]) == DIGESTS[2]


def test_what_is_noted_is_on_the_disk_before_it_is_told(keys, monkeypatch):
    """The file is synchronised before it takes its name, and the name after that."""
    keys.make(WAVE, "g01")
    steps = []
    for name in ("fsync", "replace"):
        real = getattr(os, name)

        def noting(*arguments, name=name, real=real):
            steps.append(name)
            return real(*arguments)

        monkeypatch.setattr(durable_files.os, name, noting)

    keys.journal(WAVE, "g01").note(7, DIGESTS[0])

    assert steps == ["fsync", "replace", "fsync"]
