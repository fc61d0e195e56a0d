"""Alert rules and the dashboard ask for metrics that there are, and say where help is."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
import yaml
from prometheus_client import CollectorRegistry, generate_latest

from api.metrics import RequestMetrics, count_streams
from deploy.desk import _count_deliveries
from deploy.kafka.joining import count_forwarding, count_partitions, count_relaying
from ingest.forwarder import ForwardProgress
from ingest.metrics import IntakeMetrics
from ingest.spool_metrics import SpoolMetrics
from processing.adapters.kafka.log import Standing
from processing.engine.loop import PartitionProgress, Progress
from processing.watch.relay import Relayed
from schemas.topics import REPORTS

TOP = Path(__file__).parents[3]
GRAFANA = TOP / "deploy" / "grafana"
RULES = GRAFANA / "alerts.yaml"
DASHBOARD = GRAFANA / "dashboard.json"
_METRIC = re.compile(r"\btocsin_[a-z_]+")

Json = dict[str, Any]


def promtool() -> Path:
    """The one that `make test` found or fetched."""
    own = Path(sys.prefix) / "bin" / "promtool"
    found = own if own.exists() else shutil.which("promtool")
    assert found is not None, "no promtool: run sh deploy/setup/promtool.sh"
    return Path(found)


def run(*arguments: str) -> str:
    done = subprocess.run(
        [promtool(), *arguments], cwd=GRAFANA, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rules() -> list[Json]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> list[Json]:
    found: list[Json] = json.loads(DASHBOARD.read_text())["panels"]
    return [one for one in found if one["type"] != "row"]


def expressions() -> list[str]:
    asked = [target["expr"] for one in panels() for target in one["targets"]]
    return [*asked, *(rule["expr"] for rule in rules())]


def published() -> set[str]:
    """Every metric of every process, from the functions that publish them."""
    registry = CollectorRegistry()
    part = "reports.v1/0"
    at = PartitionProgress(position=0, records=0, set_aside=0)
    worker = SimpleNamespace(progress=Progress(partitions={part: at}))
    log = SimpleNamespace(standings={part: Standing()})
    IntakeMetrics.of(registry)
    SpoolMetrics.of(registry)
    RequestMetrics(cast(Any, None), registry=registry, clock=lambda: 0.0)
    count_streams(registry, lambda: 0)
    count_partitions(registry, cast(Any, worker), cast(Any, log))
    forwarder = SimpleNamespace(progress=ForwardProgress())
    count_forwarding(registry, cast(Any, forwarder), lambda: 0)
    count_relaying(registry, cast(Any, SimpleNamespace(progress=Relayed())), lambda: True)
    counts = SimpleNamespace(delivered=0, failed_attempts=0, given_up=0)
    _count_deliveries(registry, cast(Any, SimpleNamespace(counts=counts)))
    text = generate_latest(registry).decode()
    # Who leads is told by the desk itself.
    return {"tocsin_watch_leading", *_families(text)}


def _families(text: str) -> Iterable[str]:
    for name, kind in re.findall(r"^# TYPE (\S+) (\S+)$", text, re.MULTILINE):
        yield name
        if kind == "histogram":
            yield f"{name}_bucket"


def headings() -> set[str]:
    text = (TOP / "docs" / "operations.md").read_text()
    names = re.findall(r"^#+ (.+)$", text, re.MULTILINE)
    return {re.sub(r"[^a-z0-9 -]", "", name.lower()).replace(" ", "-") for name in names}


def test_the_rules_are_valid_and_ring_when_they_should() -> None:
    assert f"{len(rules())} rules found" in run("check", "rules", RULES.name)
    assert "SUCCESS" in run("test", "rules", "alerts_test.yaml")


@pytest.mark.parametrize("expression", expressions())
def test_only_what_is_published_is_asked_for(expression: str) -> None:
    assert set(_METRIC.findall(expression)) <= published()


@pytest.mark.parametrize("rule", rules(), ids=lambda rule: str(rule["alert"]))
def test_each_rule_says_what_it_means_and_where_help_is(rule: Json) -> None:
    notes = rule["annotations"]
    assert rule["labels"]["severity"] in {"critical", "warning"}
    assert notes["summary"]
    assert notes["description"]
    page, _, heading = notes["runbook"].partition("#")
    assert page == "docs/operations.md"
    assert heading in headings()


def test_the_rule_of_partitions_knows_how_many_there_are() -> None:
    (rule,) = [one for one in rules() if one["alert"] == "TocsinPartitionWithoutWorker"]
    assert rule["expr"].endswith(f"< {REPORTS.partitions}")


def test_the_dashboard_is_one_and_asks_the_source_that_is_chosen() -> None:
    document = json.loads(DASHBOARD.read_text())
    assert document["uid"] == "tocsin"
    assert len({one["id"] for one in document["panels"]}) == len(document["panels"])
    for one in panels():
        assert one["datasource"] == {"type": "prometheus", "uid": "${source}"}
        assert one["description"]
        assert one["targets"]
