"""A service whose database does not answer waits for it, and says so."""

from __future__ import annotations

import http.client
import signal
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from deploy import door
from deploy.box import open_box, stepped_clock
from deploy.demo.device import Device, RefusedError
from deploy.demo.folder import sample_folder
from deploy.demo.mission_files import read_bundle
from deploy.demo.show import planned_reports
from deploy.door_copy import LIFETIME, Known, read_copy, write_copy
from deploy.postgresql.server import Server
from ingest.credentials import DeviceKey
from tests.support.box import RunningBox, make_box, wait_for
from tests.support.postgresql import running_postgresql

WITHIN_S = 60.0


def asked(port: int, path: str) -> tuple[int, str]:
    """What a port answers; (0, "") while it does not."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=2)
    try:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read().decode()
    except OSError:
        return 0, ""
    finally:
        connection.close()


def says(port: int, text: str) -> Callable[[], bool]:
    return lambda: text in asked(port, "/readyz")[1]


def box_on(server: Server, folder: Path) -> RunningBox:
    return make_box(folder, receiver_url="http://127.0.0.1:9", database_url=server.url())


def test_door_and_desk_wait_for_the_database_and_say_so(tmp_path: Path) -> None:
    with running_postgresql() as server:
        box = box_on(server, tmp_path)
        ports = (box.settings.port, box.settings.health_port)
        server.stop(mode="immediate")
        starting = threading.Thread(target=box.start, args=("door", "desk"))
        starting.start()
        try:
            for port in ports:
                wait_for(
                    says(port, "the database does not answer"),
                    within_s=WITHIN_S,
                    saying="it says for what it waits",
                )
                assert asked(port, "/readyz")[0] == 503
                assert asked(port, "/healthz")[0] == 200
            server.start()
            starting.join()
            assert [asked(port, "/readyz")[0] for port in ports] == [200, 200]
        finally:
            starting.join()
            box.stop()
        assert {one.returncode for one in box.processes.values()} == {0}


def test_one_that_waits_stops_when_it_is_told(tmp_path: Path) -> None:
    with running_postgresql() as server:
        box = box_on(server, tmp_path)
        server.stop(mode="immediate")

        def start() -> None:
            with pytest.raises(AssertionError):
                box.start("desk")

        starting = threading.Thread(target=start)
        starting.start()
        wait_for(says(box.settings.health_port, "not ready"), within_s=WITHIN_S, saying="it waits")
        box.processes["desk"].send_signal(signal.SIGTERM)
        assert box.processes["desk"].wait(timeout=10) == 0
        starting.join()
        box.stop()


def test_without_the_database_the_door_warns_by_the_layers_that_it_knows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "_GAZETTEER_S", -1.0)
    with running_postgresql() as server, open_box(box_on(server, tmp_path).settings) as box:
        gazetteers = door._Gazetteers(box)
        known = gazetteers.present().pcodes
        assert known
        server.stop(mode="immediate")
        assert gazetteers.present().pcodes == known


def test_a_door_that_starts_without_the_database_takes_reports_with_what_it_last_knew(
    tmp_path: Path,
) -> None:
    one = planned_reports()[0]
    with running_postgresql() as server:
        box = box_on(server, tmp_path)
        box.start("ingest")
        wait_for(box.settings.door_copy_path.exists, within_s=WITHIN_S, saying="it keeps a copy")
        box.stop()
        server.stop(mode="immediate")
        box.start("ingest")
        device = Device(url=box.url, sleep=time.sleep, give_up=lambda: False)
        try:
            stepped_clock(box.settings).step(one.send_at)
            receipt = device.send(one.body, key=box.prepared.keys[one.unit_id])
            assert receipt["state"] == "accepted"
            with pytest.raises(RefusedError):
                device.send(one.body, key=f"fu_{'0' * 10}_{'x' * 43}")
        finally:
            device.close()
        server.start()
        box.start("desk")
        box.settle()
        assert box.rows("SELECT report_id FROM reports") == [(receipt["report_id"],)]
        box.stop()


NOW = datetime(2026, 1, 1, tzinfo=UTC)
KEY = DeviceKey(
    key_id="0123456789", unit_id="u", secret_sha256="a" * 64, max_level=2, issued_at=NOW
)


def known(at: datetime) -> Known:
    mission = read_bundle(sample_folder()).mission
    return Known(at=at, mission=mission, pcodes=frozenset({"SS0301"}), keys=(KEY,))


def test_a_copy_is_read_as_it_was_written_and_nobody_else_may(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    write_copy(path, known(NOW))
    assert read_copy(path, now=NOW + LIFETIME) == known(NOW)
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("after", [LIFETIME + timedelta(seconds=1), timedelta(seconds=-1)])
def test_a_copy_that_is_too_old_or_of_tomorrow_is_none(tmp_path: Path, after: timedelta) -> None:
    write_copy(tmp_path / "copy.json", known(NOW))
    assert read_copy(tmp_path / "copy.json", now=NOW + after) is None


def test_a_copy_that_is_broken_open_to_others_or_not_there_is_none(tmp_path: Path) -> None:
    path = tmp_path / "copy.json"
    assert read_copy(path, now=NOW) is None
    write_copy(path, known(NOW))
    path.chmod(0o644)
    assert read_copy(path, now=NOW) is None
    path.chmod(0o600)
    path.write_bytes(path.read_bytes()[:-9])
    assert read_copy(path, now=NOW) is None
