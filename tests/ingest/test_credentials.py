from __future__ import annotations

import secrets
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import Connection, Engine, create_engine, insert

from ingest.credentials import Denial, DeviceKey, KeyRing, Sender, issue, verify
from ingest.repository import DeviceKeys
from schemas.codec import canonical
from schemas.errors import ConflictError, NotFoundError, StorageError
from schemas.tables import metadata, units
from tests.ingest.support import NOON, SetClock, patient

TODAY = NOON.date()


def new(unit_id: str = "unit-1", lifetime: timedelta | None = None) -> tuple[str, DeviceKey]:
    made = issue(unit_id, now=NOON, random_bytes=secrets.token_bytes, lifetime=lifetime)
    return made.secret, made.stored


def check(secret: str | None, *keys: DeviceKey, today: date = TODAY) -> Sender | Denial:
    header = None if secret is None else f"Bearer {secret}"
    return verify(header, {key.key_id: key for key in keys}, now=NOON, today=today)


class TestVerify:
    def test_an_issued_key_names_its_unit(self) -> None:
        secret, key = new()
        assert check(secret, key) == Sender(unit_id="unit-1", key_id=key.key_id, max_level=1)

    def test_the_secret_is_not_stored_and_two_are_not_alike(self) -> None:
        secret, key = new()
        assert secret.split("_", 2)[2] not in repr(key)
        assert new()[0] != secret

    def test_each_denial_has_its_reason(self) -> None:
        secret, key = new()
        other_secret, _ = new()
        swapped = f"fu_{key.key_id}_{other_secret.split('_', 2)[2]}"
        assert check(None, key) is Denial.KEY_MISSING
        assert check("nonsense", key) is Denial.KEY_MALFORMED
        assert check(secret) is Denial.KEY_UNKNOWN
        assert check(swapped, key) is Denial.KEY_UNKNOWN
        assert check(secret, replace(key, expires_at=NOON)) is Denial.KEY_EXPIRED
        assert check(secret, replace(key, revoked_at=NOON)) is Denial.KEY_REVOKED

    def test_a_wrong_secret_does_not_learn_that_the_key_was_revoked(self) -> None:
        other_secret, key = new()
        wrong = other_secret[:-2] + ("AA" if not other_secret.endswith("AA") else "BB")
        assert check(wrong, replace(key, revoked_at=NOON)) is Denial.KEY_UNKNOWN

    def test_it_expires_at_its_moment(self) -> None:
        secret, key = new(lifetime=timedelta(seconds=1))
        assert isinstance(check(secret, key), Sender)
        assert check(secret, replace(key, expires_at=NOON)) is Denial.KEY_EXPIRED

    def test_a_unit_that_left_may_report_late_for_ninety_days(self) -> None:
        secret, key = new()
        ended = replace(key, unit_valid_to=TODAY)
        last = TODAY + timedelta(days=90)
        assert isinstance(check(secret, ended, today=last), Sender)
        assert check(secret, ended, today=last + timedelta(days=1)) is Denial.UNIT_NOT_ALLOWED

    @patient
    @given(st.text(max_size=80))
    def test_no_header_raises(self, header: str) -> None:
        _, key = new()
        assert isinstance(verify(header, {key.key_id: key}, now=NOON, today=TODAY), Denial)


class TestKeyRing:
    def test_it_reads_again_only_when_its_copy_is_old(self) -> None:
        clock, reads = SetClock(), []
        secret, key = new()

        def load() -> list[DeviceKey]:
            reads.append(clock.seconds)
            return [key]

        ring = KeyRing(load, monotonic=clock.monotonic, system_now=clock.now, refresh_s=1.0)
        assert ring.is_stale()
        ring.refresh()
        ring.refresh()
        assert isinstance(ring.verify(f"Bearer {secret}", today=TODAY), Sender)
        clock.seconds = 0.9
        assert not ring.is_stale()
        clock.seconds = 1.0
        assert ring.is_stale()
        ring.refresh()
        assert reads == [0.0, 1.0]

    def test_it_keeps_its_copy_while_the_store_is_away(self) -> None:
        clock, stored = SetClock(), [new()]

        def load() -> list[DeviceKey]:
            if not stored:
                raise StorageError("away")
            return [stored[0][1]]

        secret = stored[0][0]
        ring = KeyRing(load, monotonic=clock.monotonic, system_now=clock.now)
        ring.refresh()
        stored.clear()
        clock.seconds = 100
        ring.refresh()
        assert isinstance(ring.verify(f"Bearer {secret}", today=TODAY), Sender)


class TestDeviceKeys:
    @pytest.fixture
    def engine(self, tmp_path: Path) -> Iterator[Engine]:
        engine = create_engine(f"sqlite:///{tmp_path / 'tocsin.db'}")
        metadata.create_all(engine)
        yield engine
        engine.dispose()

    @pytest.fixture
    def keys(self, engine: Engine) -> DeviceKeys:
        def begin() -> AbstractContextManager[Connection]:
            return engine.begin()

        def read() -> AbstractContextManager[Connection]:
            return engine.connect()

        return DeviceKeys(read=read, begin=begin)

    def test_what_is_added_is_read_back(self, keys: DeviceKeys) -> None:
        _, key = new(lifetime=timedelta(days=90))
        keys.add(key)
        assert keys.all() == [key]

    def test_a_taken_id_is_a_conflict(self, keys: DeviceKeys) -> None:
        _, key = new()
        keys.add(key)
        with pytest.raises(ConflictError):
            keys.add(key)

    def test_revoking_twice_keeps_the_first_moment(self, keys: DeviceKeys) -> None:
        _, key = new()
        keys.add(key)
        keys.revoke(key.key_id, now=NOON)
        keys.revoke(key.key_id, now=NOON + timedelta(days=1))
        assert [it.revoked_at for it in keys.all()] == [NOON]
        with pytest.raises(NotFoundError):
            keys.revoke("nobody", now=NOON)

    def test_the_end_of_the_unit_comes_with_the_key(self, keys: DeviceKeys, engine: Engine) -> None:
        _, key = new()
        keys.add(key)
        body = canonical({"unit_id": "unit-1", "valid_to": "2014-01-01"})
        with engine.begin() as connection:
            connection.execute(insert(units).values(unit_id="unit-1", body=body, updated_at=NOON))
        assert [it.unit_valid_to for it in keys.all()] == [date(2014, 1, 1)]

    def test_a_store_that_is_away_is_an_error_of_the_store(self, tmp_path: Path) -> None:
        gone = create_engine(f"sqlite:///{tmp_path / 'no' / 'such.db'}")

        def connect() -> AbstractContextManager[Connection]:
            return gone.connect()

        with pytest.raises(StorageError):
            DeviceKeys(read=connect, begin=connect).all()
        gone.dispose()
