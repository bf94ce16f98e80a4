"""Every wave of the collector: prepared, opened, answered, closed, or cancelled unread."""

from __future__ import annotations

import random
import secrets
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from collector import closing, conversations, files, preparing, records, rights
from collector.clients import Clients
from collector.config import BadSettings, Settings
from collector.conversations import Conversations
from collector.folders import (
    FINISHED,
    KEPT,
    State,
    WaveFolder,
    folders_in,
    refuse_finished,
)
from collector.guardians import Guardian
from collector.intake import Intake
from collector.keys import Keys, WaveKeys
from collector.openings import Opening
from collector.rights import Accepted, Entry
from surveys.documents import sha256_of
from surveys.errors import (
    BadDocument,
    DifferentDocument,
    ReleaseFrozen,
    SpentBallot,
    SpentCode,
    WaveClosed,
    WaveUnavailable,
    WrongState,
)
from surveys.manifests import receipt_message
from surveys.openings import check_plan
from surveys.sealing import public_key_of
from surveys.signing import SigningKey


@dataclass(frozen=True, slots=True, kw_only=True)
class Running:
    """An open wave as this process knows it."""

    opening: Opening
    keys: WaveKeys
    receipt_key: SigningKey


class Store:
    """
    A folder with one folder per wave, shared by any number of threads and processes.

    Whatever changes a wave holds the lock of that wave.  Each step is either
    done or not done after a crash, and every deed can be run again.
    """

    def __init__(
        self,
        folder: Path,
        *,
        keys: Path,
        address: str = "http://localhost:8001",
        guardian: Guardian | None = None,
    ) -> None:
        if folder.resolve() in (keys.resolve(), *keys.resolve().parents):
            raise BadSettings(
                "HEADWATER_COLLECTOR_KEYS must lie outside HEADWATER_COLLECTOR_STORE: a backup "
                "of the answers must not hold the keys that open them."
            )
        self._folder = folder
        self._address = address.rstrip("/")
        self._guardian = guardian
        self._running: dict[str, Running] = {}
        self._intakes: dict[str, Intake] = {}
        self._clients = Clients(folder)
        self.conversations = Conversations(folder)
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._keys = Keys(keys)

    @classmethod
    def of(cls, settings: Settings) -> Store:
        """Open the store that the settings name."""
        return cls(
            settings.collector_store,
            keys=settings.collector_keys,
            address=settings.collector_url,
            guardian=Guardian.read(settings.guardian_file) if settings.guardian_file else None,
        )

    # What runs once per answer.

    def redeem(
        self, wave: str, group: str, *, prepared: bytes, signature: bytes, sealed: bytes
    ) -> Accepted:
        """Store what came with a ballot, durably, exactly once; forgeries cost no access."""
        running = self.known(wave)
        entry = rights.enter_ballot(
            running.opening, group, prepared=prepared, signature=signature, sealed=sealed
        )
        return self._accept(running, entry)

    def submit(self, wave: str, code: str, fields: Mapping[str, Sequence[str]]) -> Accepted:
        """Store what came with a letter's code, as the fields of a form, exactly once."""
        running = self.known(wave)
        entry = rights.enter_letter(running.opening, code, fields=fields, keys=running.keys)
        try:
            return self._accept(running, entry)
        except SpentBallot as error:
            raise SpentCode(
                "This code was used before, for other answers. It takes one response."
            ) from error

    def _accept(self, running: Running, entry: Entry) -> Accepted:
        folder = self._at(running.opening.wave)
        self._require_open(folder)  # whoever closes the wave holds it until all is counted
        with folder.held():
            try:
                folder.require_open()
            except WaveUnavailable:
                self._forget(folder.wave)
                raise
            self._intake(folder).put(entry.within, entry.receipt, entry.sealed)
        message = receipt_message(
            manifest=running.opening.manifest_sha256, receipt=entry.receipt, sealed=entry.sealed
        )
        return Accepted(
            receipt=entry.receipt,
            acknowledgement=running.receipt_key.sign(message),
            codes=entry.codes,
        )

    # What the application asks for.

    def prepare(self, plan: Mapping[str, Any]) -> dict[str, Any]:
        """Make keys and client of a planned wave; the same plan again gives the same reply."""
        check_plan(plan)
        if self._guardian is not None:
            self._guardian.require(plan)
        folder = self._at(plan["wave"])
        folder.path.mkdir(mode=0o700, exist_ok=True)
        with folder.held():
            state = folder.find_state()
            if state is None:
                preparing.make(folder, self._keys, plan=plan, address=self._address)
            else:
                refuse_finished(state)
                if state.plan_sha256 != sha256_of(plan):
                    raise DifferentDocument("This wave was prepared with another plan.")
                if state.name == "closed":
                    raise WaveClosed("This survey is closed.")
            reply: dict[str, Any] = folder.read(preparing.PREPARATION)
        files.sync_folder(self._folder)
        return reply

    def open_wave(self, document: Mapping[str, Any]) -> bool:
        """Open a prepared wave; False if it was opened before, with the very same opening."""
        opening = Opening.read(document)
        if self._guardian is not None:
            self._guardian.require(document)
        folder = self._at(opening.wave)
        if not folder.path.is_dir():
            raise WrongState("This wave was not prepared here; prepare it first.")
        with folder.held():
            state = folder.find_state()
            if state is None:
                raise WrongState("This wave was not prepared here; prepare it first.")
            if state.name == "prepared":
                preparing.begin(folder, state, opening)
                return True
            if state.opening_sha256 not in ("", opening.sha256):
                raise DifferentDocument("This wave was opened with another opening.")
            refuse_finished(state)
            return False

    def extend(self, wave: str, closes_on: date) -> None:
        """Change the last day that respondents are told."""
        folder = self._at(wave)
        with folder.held():
            state = folder.require_open()
            if closes_on < self._load(folder).opens_on:
                raise WrongState("The last day cannot come before the first.")
            folder.set(replace(state, closes_on=closes_on.isoformat()))

    def close(
        self,
        wave: str,
        *,
        on: date,
        issued: Mapping[str, int],
        rng: random.Random | None = None,
    ) -> bytes:
        """
        Refuse further answers and give the release, the same bytes however often it is run.

        Raises `CountKeyNeeded` until `take_count_key` brought what the guardian holds.
        """
        folder = self._at(wave)
        with folder.held():
            state = folder.state()
            refuse_finished(state)
            if state.name in {"prepared", "open"}:
                folder.require_open()
                closing.refuse_answers(folder, self._load(folder), on=on, issued=issued)
            self._finish(folder, rng=rng)
            return folder.file(closing.RELEASE).read_bytes()

    def take_count_key(self, wave: str, key: bytes, *, rng: random.Random | None = None) -> None:
        """Go on with a close that waits for the guardian's key; the key is never written down."""
        folder = self._at(wave)
        with folder.held():
            state = folder.state()
            if state.name == "cancelled":
                refuse_finished(state)
            if state.name in {"closed", "acknowledged"}:
                return
            if state.name != "closing" or self._keys.read(wave).count is not None:
                raise WrongState("No answers of this survey wait for a key.")
            if public_key_of(key) != self._load(folder).count_key:
                raise BadDocument("This is not the count key that the manifest names.")
            self._finish(folder, count_key=key, rng=rng)

    def _finish(
        self,
        folder: WaveFolder,
        *,
        count_key: bytes | None = None,
        rng: random.Random | None = None,
    ) -> None:
        if folder.state().name == "closing":
            keys = self._keys.read(folder.wave)
            closing.count(
                folder,
                self._load(folder),
                self._intake(folder),
                receipt_key=keys.receipt,
                count_key=keys.count or count_key,
                rng=rng or secrets.SystemRandom(),
            )
        self._forget(folder.wave)
        closing.destroy(folder, self._keys)

    def acknowledge(self, wave: str, release_sha256: str) -> None:
        """Delete the release, now that the application has the one with this digest."""
        folder = self._at(wave)
        with folder.held():
            state = folder.state()
            if state.name == "cancelled":
                refuse_finished(state)
            if state.name not in {"closed", "acknowledged"}:
                raise WrongState("There is no release to acknowledge yet; close the wave first.")
            if release_sha256 != state.release_sha256:
                raise DifferentDocument("The release of this wave has another SHA-256.")
            folder.set(state.moved_to("acknowledged"))
            self._strip(folder)

    def cancel(self, wave: str) -> None:
        """Destroy the answers unread."""
        folder = self._at(wave)
        with folder.held():
            state = folder.state()
            if not closing.is_unread(folder):
                raise ReleaseFrozen("The wave was closed, so its answers were read already.")
            folder.set(state.moved_to("cancelled"))
            self._strip(folder)

    # What the pages ask for.

    def known(self, wave: str) -> Running:
        """Give a wave that this process knows as open, without a look at the disk."""
        return self._running.get(wave) or self.running(wave)

    def running(self, wave: str) -> Running:
        """Give a wave that takes answers, or refuse with the reason."""
        folder = self._at(wave)
        self._require_open(folder)
        if (running := self._running.get(wave)) is not None:
            return running
        with folder.held():
            folder.require_open()
            keys = replace(self._keys.read(wave), count=None)  # the close reads it from its file
            running = Running(
                opening=self._load(folder), keys=keys, receipt_key=SigningKey(keys.receipt)
            )
            self._running[wave] = running
            return running

    def open_waves(self) -> list[Opening]:
        """List the waves that take answers, by title."""
        opened = []
        for folder in folders_in(self._folder):
            with suppress(WaveUnavailable):
                opened.append(self.running(folder.wave).opening)
        return sorted(opened, key=lambda opening: (opening.title, opening.wave))

    def state(self, wave: str) -> State:
        """Say where a wave stands."""
        return self._at(wave).state()

    def envelope(self, wave: str) -> dict[str, Any]:
        """Give the manifest of a wave that was opened, with its signature and its last day."""
        return records.envelope(self._at(wave))

    def closed_list(self, wave: str) -> bytes:
        """Give what anybody may check of a wave that is over."""
        return records.closed_list(self._at(wave), self._keys)

    def client_file(self, client_sha256: str, name: str) -> bytes | None:
        """Give a file of the client with this digest, or nothing if it has no such file."""
        return self._clients.file(client_sha256, name)

    # Housekeeping.

    def tidy(self) -> None:
        """Finish what a crash interrupted: destroy what should be gone, and forget times."""
        for folder in folders_in(self._folder):
            with folder.held():
                state = folder.find_state()
                if state is None or state.name in FINISHED:
                    self._strip(folder)
                elif state.name == "closed":
                    closing.destroy(folder, self._keys)
                elif state.name != "prepared":
                    self._intake(folder)  # opening it rolls back and wipes a journal left behind
        self.blur_times()

    def blur_times(self) -> None:
        """
        Give the files of open waves the change time of this call.

        A file system notes on its own when a file last changed, which nobody
        can set; touching the files now and then makes that the time of the
        touch and not of an answer or a reply.  Keys of waves that another process closed
        leave the memory of this one.
        """
        for folder in folders_in(self._folder):
            for path in (
                *folder.path.glob(f"{preparing.INTAKE}*"),
                *conversations.files_in(folder),
            ):
                with suppress(FileNotFoundError):  # closed this very moment
                    files.forget_times(path, folder.path)
        for wave in {*self._running, *self._intakes}:
            with suppress(WaveUnavailable):
                self.running(wave)

    # The ground under it.

    def _at(self, wave: str) -> WaveFolder:
        return WaveFolder(self._folder, wave)

    def _load(self, folder: WaveFolder) -> Opening:
        if (running := self._running.get(folder.wave)) is not None:
            return running.opening
        return Opening.read(folder.read(preparing.OPENING))

    def _intake(self, folder: WaveFolder) -> Intake:
        if folder.wave not in self._intakes:
            self._intakes[folder.wave] = Intake(folder.file(preparing.INTAKE))
        return self._intakes[folder.wave]

    def _require_open(self, folder: WaveFolder) -> None:
        try:
            folder.require_open()
        except WaveUnavailable:
            self._let_go(folder)
            raise

    def _let_go(self, folder: WaveFolder) -> None:
        # Another process closed the wave; without this our handle would outlive its files.
        self._running.pop(folder.wave, None)
        if folder.wave in self._intakes:
            # While the answers are counted this does not wait; the next one here lets go.
            with folder.held(waits=False) as is_held:
                if is_held:
                    self._forget(folder.wave)

    def _forget(self, wave: str) -> None:
        self._running.pop(wave, None)
        if (intake := self._intakes.pop(wave, None)) is not None:
            intake.close()

    def _strip(self, folder: WaveFolder) -> None:
        self._forget(folder.wave)
        self._keys.destroy(folder.wave)
        folder.strip(keep=KEPT)
