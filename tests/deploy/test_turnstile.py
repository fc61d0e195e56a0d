import multiprocessing
import os
import signal
import threading
import time
from pathlib import Path

from deploy.turnstile import Turnstile


def _hold_and_die(folder: Path) -> None:
    with Turnstile(folder).held():
        os.kill(os.getpid(), signal.SIGKILL)


def test_only_one_thread_holds_it_at_a_time(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path)
    inside, most = 0, 0

    def work() -> None:
        nonlocal inside, most
        for _ in range(50):
            with turnstile.held():
                inside += 1
                most = max(most, inside)
                inside -= 1

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_holder_that_dies_frees_it(tmp_path: Path) -> None:
    process = multiprocessing.get_context("spawn").Process(target=_hold_and_die, args=(tmp_path,))
    process.start()
    process.join()
    with Turnstile(tmp_path).held():
        assert process.exitcode == -9


def test_whoever_waits_goes_before_one_that_comes_back(tmp_path: Path) -> None:
    turnstile = Turnstile(tmp_path)
    order: list[str] = []
    waiting = threading.Event()

    def other() -> None:
        waiting.set()
        with turnstile.held():
            order.append("waiter")

    thread = threading.Thread(target=other)
    with turnstile.held():
        thread.start()
        waiting.wait()
        # Until the waiter stands in the gate nothing tells that it does; it needs a moment.
        time.sleep(0.2)
    with turnstile.held():
        order.append("comes back")
    thread.join()
    assert order == ["waiter", "comes back"]
