"""Outbox, deliverer and receiver together, on loopback."""

import random
import socket
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path

import pytest

from processing.adapters.http import deliver
from processing.adapters.http.attempting import Surroundings
from processing.adapters.http.deliver import Deliverer, delivering
from processing.adapters.http.sender import SendLimits
from processing.notify.addresses import allow_list
from tests.support.outbox import OutboxBox, alert_id
from tests.support.receiver import OK, Receiver, Reply, Rung, always, first, receiving

# Slower than any test is kept waiting by a busy machine.
SLOW_S = 3.0
LIMITS = SendLimits(total_s=2.0, allowed=allow_list(["127.0.0.0/8"]))


class KilledError(Exception):
    """Stands for SIGKILL: the deliverer dies at a named point."""


@dataclass(slots=True)
class Hurried:
    """A system clock that runs ahead of the real one, so that back-off takes no waiting."""

    ahead: timedelta = field(default_factory=timedelta)

    def hurry(self, by: timedelta) -> bool:
        self.ahead += by
        return False

    def now(self) -> datetime:
        return datetime.fromtimestamp(time.clock_gettime(time.CLOCK_REALTIME), UTC) + self.ahead


def around(
    clock: Hurried | None = None, checkpoint: Callable[[str], None] = lambda _name: None
) -> Surroundings:
    return Surroundings(
        clock=clock or Hurried(),
        monotonic=time.monotonic,
        jitter=random.Random(7).random,
        checkpoint=checkpoint,
    )


def deliverer(
    box: OutboxBox, surroundings: Surroundings | None = None, limits: SendLimits = LIMITS
) -> Deliverer:
    return Deliverer(box.outbox(), limits, surroundings or around())


def in_background(box: OutboxBox) -> AbstractContextManager[Deliverer]:
    return delivering(deliverer(box), stop_s=3)


def ids_by_alert(rings: list[Rung]) -> dict[str, list[int]]:
    found: defaultdict[str, list[int]] = defaultdict(list)
    for rung in rings:
        alert, seq = rung.webhook_id.removeprefix("msg_").split("_")
        found[alert].append(int(seq))
    return found


def exactly(count: int) -> Callable[[list[Rung]], bool]:
    return lambda rings: len(rings) == count


def has_attempts(box: OutboxBox, count: int) -> bool:
    return len(box.attempts()) == count


def until(is_so: Callable[[], bool], timeout_s: float = 10.0) -> None:
    deadline = time.monotonic() + timeout_s
    while not is_so():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def all_delivered(box: OutboxBox) -> bool:
    return set(box.states().values()) == {"DELIVERED"}


@pytest.fixture
def box(tmp_path: Path) -> Iterator[OutboxBox]:
    box = OutboxBox(tmp_path)
    yield box
    box.engine.dispose()


@pytest.fixture
def receiver(tmp_path: Path) -> Iterator[Receiver]:
    with receiving(tmp_path / "ledger.jsonl") as receiver:
        yield receiver


class TestDelivering:
    def test_sends_what_was_stored_signed_and_marks_it(
        self, box: OutboxBox, receiver: Receiver
    ) -> None:
        box.add_endpoint(receiver.url())
        box.add(1)
        with in_background(box):
            (rung,) = receiver.wait_for(exactly(1))
            until(lambda: all_delivered(box))
        assert rung.verified
        assert rung.body == box.row(1).payload
        assert rung.headers["content-type"] == "application/json"
        assert rung.webhook_id == f"msg_{alert_id(1).replace('-', '')}_1"
        assert box.row(1).last_status == 204

    def test_hears_at_once_when_it_is_woken(
        self, box: OutboxBox, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(deliver, "IDLE_S", 60.0)
        box.add_endpoint(receiver.url())
        with in_background(box) as running:
            for number in range(20):
                box.add(number)
                running.wake()
                receiver.wait_for(exactly(number + 1))
            until(lambda: all_delivered(box))

    def test_looks_by_itself_when_a_wake_up_is_lost(
        self, box: OutboxBox, receiver: Receiver
    ) -> None:
        box.add_endpoint(receiver.url())
        with in_background(box):
            box.add(1)
            receiver.wait_for(exactly(1))

    def test_keeps_one_connection_alive(self, box: OutboxBox, receiver: Receiver) -> None:
        box.add_endpoint(receiver.url())
        box.add_all((number, 1) for number in range(50))
        with in_background(box):
            receiver.wait_for(exactly(50))
        assert receiver.connections <= 2

    def test_can_be_woken_and_stopped_when_it_does_not_run(self, box: OutboxBox) -> None:
        idle = deliverer(box)
        idle.wake()
        idle.stop()
        idle.run()
        idle.wake()


class TestOrder:
    def test_is_kept_per_alert_whatever_fails(self, box: OutboxBox, tmp_path: Path) -> None:
        clock = Hurried()
        chance = random.Random(11)
        replies = [
            *(OK, OK, OK, OK),
            Reply(status=500),
            Reply(status=302, headers={"Location": "http://127.0.0.1:1/elsewhere"}),
            Reply(status=200, reset=True),
            Reply(status=429, headers={"Retry-After": "1"}),
        ]
        with receiving(tmp_path / "ledger.jsonl", lambda *_: chance.choice(replies)) as receiver:
            box.add_endpoint(receiver.url())
            box.add_all((number, seq) for number in range(8) for seq in (1, 2, 3))
            with delivering(deliverer(box, around(clock)), stop_s=3):
                until(lambda: all_delivered(box) or clock.hurry(timedelta(minutes=5)))
            rings = receiver.rings()
        for seqs in ids_by_alert(rings).values():
            assert seqs == sorted(seqs)
            assert set(seqs) == {1, 2, 3}
        accepted = [rung for rung in rings if rung.status == 204]
        assert len(accepted) == 24

    def test_repeats_the_id_and_the_body_but_signs_anew(
        self, box: OutboxBox, tmp_path: Path
    ) -> None:
        clock = Hurried()
        behaviour = first(2, Reply(status=500))
        with receiving(tmp_path / "ledger.jsonl", behaviour) as receiver:
            box.add_endpoint(receiver.url())
            box.add(1)
            with delivering(deliverer(box, around(clock)), stop_s=3) as running:
                for count in (1, 2, 3):
                    receiver.wait_for(exactly(count))
                    until(partial(has_attempts, box, count))
                    clock.ahead += timedelta(seconds=100)
                    running.wake()
            rings = receiver.rings()
        assert len({rung.webhook_id for rung in rings}) == 1
        assert len({rung.body for rung in rings}) == 1
        assert len({rung.headers["webhook-timestamp"] for rung in rings}) == 3
        assert len({rung.headers["webhook-signature"] for rung in rings}) == 3
        assert [attempt.status for attempt in box.attempts()] == [500, 500, 204]

    def test_survives_a_crash_between_the_post_and_the_mark(
        self, box: OutboxBox, receiver: Receiver
    ) -> None:
        box.add_endpoint(receiver.url())
        box.add(1, seq=1)
        box.add(1, seq=2)

        def die(name: str) -> None:
            if name == "notify.after_post":
                raise KilledError

        with pytest.raises(ExceptionGroup) as raised:
            deliverer(box, around(checkpoint=die)).run()
        assert raised.group_contains(KilledError)
        assert set(box.states().values()) == {"PENDING"}
        with in_background(box):
            rings = receiver.wait_for(exactly(3))
            until(lambda: all_delivered(box))
        assert list(ids_by_alert(rings).values()) == [[1, 1, 2]]
        assert rings[0].body == rings[1].body

    @pytest.mark.parametrize("point", ["notify.before_post", "notify.after_mark"])
    def test_passes_the_named_points(self, box: OutboxBox, receiver: Receiver, point: str) -> None:
        box.add_endpoint(receiver.url())
        box.add(1)

        def die(name: str) -> None:
            if name == point:
                raise KilledError

        with pytest.raises(ExceptionGroup):
            deliverer(box, around(checkpoint=die)).run()
        assert len(receiver.rings()) == (point == "notify.after_mark")
        assert all_delivered(box) == (point == "notify.after_mark")


class TestADeadEndpoint:
    @pytest.mark.parametrize("kind", ["silent", "refusing", "slow"])
    def test_does_not_delay_a_live_one(
        self, box: OutboxBox, receiver: Receiver, tmp_path: Path, kind: str
    ) -> None:
        patient = SendLimits(connect_s=60, total_s=60, allowed=LIMITS.allowed)
        with dead_endpoint(kind, tmp_path) as url:
            for name in range(30):
                box.add_endpoint(url, f"dead-{name}")
                box.add_all([(number, 1) for number in range(20)], f"dead-{name}", priority=5)
            box.add_endpoint(receiver.url(), "alive")
            with delivering(deliverer(box, limits=patient), stop_s=0.1) as running:
                until(lambda: running.counts.failed_attempts > 0 or kind != "refusing")
                for number in range(100, 120):
                    box.add(number, endpoint_id="alive", priority=1)
                    running.wake()
                    receiver.wait_for(exactly(number - 99), timeout_s=SLOW_S * 0.8)

    def test_is_not_called_once_it_says_that_it_is_gone(
        self, box: OutboxBox, tmp_path: Path
    ) -> None:
        with receiving(tmp_path / "ledger.jsonl", always(Reply(status=410))) as receiver:
            box.add_endpoint(receiver.url())
            box.add(1, seq=1)
            box.add(1, seq=2)
            with in_background(box):
                until(lambda: set(box.states().values()) == {"FAILED"})
            box.add(2)
            with in_background(box):
                until(lambda: set(box.states().values()) == {"FAILED"})
            assert len(receiver.rings()) == 1

    def test_may_never_be_an_address_that_is_not_allowed(
        self, box: OutboxBox, receiver: Receiver
    ) -> None:
        box.add_endpoint(receiver.url())
        box.add(1)
        nothing_allowed = Deliverer(box.outbox(), SendLimits(), around())
        with delivering(nothing_allowed, stop_s=3):
            until(lambda: len(box.attempts()) == 1)
        assert receiver.rings() == []
        assert "forbidden address" in box.row(1).last_error


class TestStopping:
    def test_lets_what_is_on_its_way_arrive(self, box: OutboxBox, tmp_path: Path) -> None:
        with receiving(tmp_path / "ledger.jsonl", always(Reply(after_s=0.3))) as receiver:
            box.add_endpoint(receiver.url())
            box.add(1)
            with in_background(box):
                receiver.wait_for(exactly(1))
        assert all_delivered(box)

    def test_gives_up_what_is_late_and_leaves_it_due(self, box: OutboxBox, tmp_path: Path) -> None:
        with receiving(tmp_path / "ledger.jsonl", always(Reply(after_s=1.5))) as receiver:
            box.add_endpoint(receiver.url())
            box.add(1)
            with delivering(deliverer(box), stop_s=0.1):
                receiver.wait_for(exactly(1))
                started = time.monotonic()
            assert time.monotonic() - started < 1
        assert box.row(1).state == "PENDING"


@contextmanager
def dead_endpoint(kind: str, folder: Path) -> Iterator[str]:
    """Give the address of what takes connections and never answers, or refuses, or is slow."""
    if kind == "slow":
        with receiving(folder / "slow.jsonl", always(Reply(after_s=SLOW_S))) as slow:
            yield slow.url()
        return
    with socket.create_server(("127.0.0.1", 0), backlog=128) as listener:
        url = f"http://127.0.0.1:{listener.getsockname()[1]}/hook"
        if kind == "refusing":
            listener.close()
        yield url
