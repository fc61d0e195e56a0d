import sys
import threading
import time
from pathlib import Path

from deploy.supervisor import EXIT_CONFIG, Supervisor
from tests.support.box import wait_for


def _supervisor(*commands: str) -> Supervisor:
    return Supervisor(
        commands={str(n): [sys.executable, "-c", text] for n, text in enumerate(commands)},
        environment={},
        monotonic=time.monotonic,
        stop_s=5.0,
    )


def _lives(path: Path) -> int:
    return len(path.read_text().split()) if path.exists() else 0


def test_a_child_that_ends_is_started_again(tmp_path: Path) -> None:
    log = tmp_path / "lives"
    supervisor = _supervisor(f"open({str(log)!r}, 'a').write('x ')")
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    try:
        wait_for(lambda: _lives(log) >= 3, within_s=20, saying="three lives")
    finally:
        supervisor.stopping.set()
        thread.join()


def test_a_child_with_a_wrong_configuration_ends_everything() -> None:
    supervisor = _supervisor(f"import sys; sys.exit({EXIT_CONFIG})", "import time; time.sleep(60)")
    assert supervisor.run() == EXIT_CONFIG


def test_children_see_the_end_of_their_supervisor(tmp_path: Path) -> None:
    mark = tmp_path / "ended"
    child = f"import sys; sys.stdin.read(); open({str(mark)!r}, 'w').close()"
    supervisor = _supervisor(child)
    thread = threading.Thread(target=supervisor.run)
    thread.start()
    time.sleep(0.5)
    supervisor.stopping.set()
    thread.join()
    assert not mark.exists() or mark.stat().st_size == 0
