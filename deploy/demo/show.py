"""The demo itself: start everything, replay the sample, ring the receiver, stay until Ctrl-C."""

from __future__ import annotations

import http.client
import json
import signal
import threading
import time
import webbrowser
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from urllib.parse import urlsplit

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

from deploy.box import stepped_clock
from deploy.clocks import SteppedClock
from deploy.demo.device import Device
from deploy.demo.events import read_county_pcodes, read_events, read_reporters
from deploy.demo.folder import sample_folder
from deploy.demo.generator import Planned, Sample, in_order, plan
from deploy.demo.illustrative import illustrative
from deploy.demo.mission_files import read_bundle
from deploy.demo.prepare import Prepared, prepare, read_replay_keys
from deploy.demo.receiver import Received, Receiver
from deploy.demo.replay import Pace, replay, window
from deploy.embedded import ports_apart, supervisor_apart, supervisor_of
from deploy.settings import Settings
from deploy.supervisor import Supervisor
from schemas.errors import ConfigurationError

SEED = 2013
# The war began on 15 December 2013; the rules need the fourteen weeks before as their past.
FIRST = date(2013, 12, 15)
LAST = date(2014, 2, 15)
PAST = timedelta(weeks=14)
# Two months in about two minutes.
SPEED = 45_000.0
_READY_WITHIN_S = 60.0
_READY_POLL_S = 0.1
_UNIT_OF_THE_READER = "ssd-bentiu-cla"


@dataclass(frozen=True, slots=True, kw_only=True)
class Show:
    """How the demo runs: the replayed days, its speed, whether it opens a browser.

    Where every part is a process of its own (`is_apart`), reports go to another port than people.
    """

    settings: Settings
    receiver_port: int
    speed: float
    first: date
    last: date
    open_browser: bool
    is_apart: bool = False

    @property
    def reports_url(self) -> str:
        """Where reports are sent."""
        if not self.is_apart:
            return self.settings.url
        return f"http://{self.settings.host}:{ports_apart(self.settings)['ingest']}"

    def ports(self) -> tuple[int, ...]:
        """Return where the processes are heard."""
        if not self.is_apart:
            return self.settings.port, self.settings.health_port
        return tuple(ports_apart(self.settings).values())

    def supervisor(self) -> Supervisor:
        """Return what runs them."""
        return (supervisor_apart if self.is_apart else supervisor_of)(self.settings)


def run_show(show: Show, console: Console) -> int:
    """Run the demo until Ctrl-C; return the exit status."""
    # Both end the demo cleanly, also when it was started in the background of a shell, which
    # makes its children ignore Ctrl-C.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    receiver_url = f"http://127.0.0.1:{show.receiver_port}/webhook"
    prepared = prepare(
        show.settings,
        receiver_url=receiver_url,
        say=lambda line: console.print(f"  {line}"),
        records_from=show.first - PAST,
    )
    supervisor = show.supervisor()
    threads = threading.Thread(target=supervisor.run, name="supervisor")
    with _ringing(show, prepared, console):
        threads.start()
        try:
            _wait_ready(show, threads)
            _greet(show, prepared, console)
            _replay(show, prepared, console, stopping=supervisor.stopping)
            _farewell(show, prepared, console)
            while threads.is_alive():
                threads.join(timeout=1.0)
        except KeyboardInterrupt:
            console.print("\nstopping …")
        finally:
            supervisor.stopping.set()
            threads.join()
    console.print(
        f"Stopped. Everything is kept in {show.settings.data_dir}: the same command goes on from "
        f"here, `tocsin demo reset --data-dir {show.settings.data_dir}` starts over."
    )
    return 0


def planned_reports() -> list[Planned]:
    """Return all reports of the sample, illustrative ones included, in order of sending."""
    folder = sample_folder()
    mission = read_bundle(folder).mission
    events = read_events(folder / "ucdp_events.csv")
    sample = Sample(
        events=events,
        reporters=read_reporters(folder / "units.csv"),
        pcodes=read_county_pcodes(folder / "county_aliases.csv"),
        zone=mission.zone(),
        seed=SEED,
    )
    made_up = illustrative(
        sample.reporters,
        first=events[0].date_start,
        last=events[-1].date_start,
        zone=sample.zone,
        seed=SEED,
    )
    return in_order([*plan(sample), *made_up])


def replay_days(
    settings: Settings,
    *,
    url: str,
    speed: float | None,
    days: tuple[date, date],
    console: Console,
) -> int:
    """Send the reports of some days, both included, to a running demo; return how many."""
    start, end = _bounds(*days)
    reports = window(planned_reports(), start=start, end=end)
    stage = _Stage(
        device=Device(url=url, sleep=time.sleep),
        keys=read_replay_keys(settings),
        clock=stepped_clock(settings),
        stopping=threading.Event(),
        console=console,
    )
    stage.run(reports, title="replay", speed=speed)
    stage.device.close()
    return len(reports)


def _replay(show: Show, prepared: Prepared, console: Console, *, stopping: threading.Event) -> None:
    start, end = _bounds(show.first, show.last)
    everything = planned_reports()
    stage = _Stage(
        device=Device(url=show.reports_url, sleep=time.sleep, give_up=stopping.is_set),
        keys=prepared.keys,
        clock=stepped_clock(show.settings),
        stopping=stopping,
        console=console,
    )
    if stage.clock.now() < start:
        past = window(everything, start=start - PAST, end=start)
        stage.run(past, title="the 14 weeks before", speed=None)
    # A replay that was stopped goes on a day before where it was; nothing is stored twice.
    resume = max(start, stage.clock.now() - timedelta(days=1))
    stage.run(window(everything, start=resume, end=end), title="replay", speed=show.speed)
    if not stopping.is_set():
        stage.clock.step(end)
    stage.device.close()


def _bounds(first: date, last: date) -> tuple[datetime, datetime]:
    """Return the UTC times that bound some days, the end excluded."""
    return (
        datetime.combine(first, datetime.min.time(), tzinfo=UTC),
        datetime.combine(last + timedelta(days=1), datetime.min.time(), tzinfo=UTC),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Stage:
    device: Device
    keys: Mapping[str, str]
    clock: SteppedClock
    stopping: threading.Event
    console: Console

    def run(self, reports: Sequence[Planned], *, title: str, speed: float | None) -> None:
        pace = Pace(
            speed=speed,
            monotonic=time.monotonic,
            sleep=self._sleep,
            stopped=self.stopping.is_set,
        )
        columns = (
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("{task.fields[day]}"),
        )
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(title, total=len(reports), day="")
            for one in replay(
                reports, device=self.device, keys=self.keys, clock=self.clock, pace=pace
            ):
                progress.update(task, advance=1, day=f"{one.send_at:%d %b %Y}")

    def _sleep(self, seconds: float) -> None:
        self.stopping.wait(seconds)


@contextmanager
def _ringing(show: Show, prepared: Prepared, console: Console) -> Iterator[None]:
    def heard(received: Received) -> None:
        mark = "[green]verified[/green]" if received.verified else "[red]NOT VERIFIED[/red]"
        console.print(f"  ☎ {mark} {received.summary}")

    receiver = Receiver(secret=prepared.webhook_secret, port=show.receiver_port, on_webhook=heard)
    with receiver:
        yield


def _wait_ready(show: Show, supervised: threading.Thread) -> None:
    deadline = time.monotonic() + _READY_WITHIN_S
    while time.monotonic() < deadline and supervised.is_alive():
        if all(_is_ready(show.settings.host, port) for port in show.ports()):
            return
        time.sleep(_READY_POLL_S)
    raise ConfigurationError(
        f"Tocsin did not become ready within {_READY_WITHIN_S:.0f} s: the lines above say why"
    )


def _is_ready(host: str, port: int) -> bool:
    connection = http.client.HTTPConnection(host, port, timeout=2)
    try:
        connection.request("GET", "/readyz")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _greet(show: Show, prepared: Prepared, console: Console) -> None:
    console.print()
    console.print(f"[bold]The map:      {show.settings.url}/[/bold]")
    console.print(f"[bold]First sign-in: {prepared.link}[/bold]")
    console.print("  (one time, 24 hours; another one: tocsin users link admin --data-dir …)")
    console.print()
    if show.open_browser:
        webbrowser.open(prepared.link)


def _farewell(show: Show, prepared: Prepared, console: Console) -> None:
    now = stepped_clock(show.settings).now().isoformat(timespec="seconds").replace("+00:00", "Z")
    body = {
        "root_id": "reader-report-0001",
        "record_kind": "COMMUNITY_ALERT",
        "report_kind": "CAN_ALERT",
        "event_type": "VC_IMMINENT_THREAT",
        "occurred_start": now,
        "location": {"lon": 29.802, "lat": 9.262, "uncertainty_m": 1000},
        "source": {"type": "COMMUNITY", "reliability": "C", "credibility": "3"},
        "text": "People near the site fear an attack tonight.",
    }
    key = prepared.keys[_UNIT_OF_THE_READER]
    host = urlsplit(show.reports_url).netloc
    console.print()
    console.print("[bold]Now send a report of your own:[/bold]")
    console.print(
        f"curl -sS http://{host}/v1/reports -H 'Authorization: Bearer {key}' "
        f"-H 'Content-Type: application/json' -d '{json.dumps(body)}'",
        markup=False,
    )
    console.print(
        "It appears on the map near Bentiu and in the inbox within a second; change root_id and "
        "send it again for another one. Ctrl-C stops everything."
    )
