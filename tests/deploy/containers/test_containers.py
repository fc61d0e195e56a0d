"""The container files say what is true of the product. No engine runs them here."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml
from jsonschema import Draft201909Validator

from deploy.cli import _COMMANDS
from deploy.settings import Settings
from schemas.topics import REPORTS

TOP = Path(__file__).parents[3]
COMPOSE = TOP / "deploy" / "compose.yaml"
DOCKERFILE = TOP / "deploy" / "Dockerfile"
KUBERNETES = TOP / "deploy" / "kubernetes"
# A version whose schemas the validator carries.
VERSION = "1.34"
# What only the files themselves read.
OF_COMPOSE = {"TOCSIN_IMAGE", "TOCSIN_BIND", "TOCSIN_DATABASE_PASSWORD", "TOCSIN_KEY"}
FIELDS = {f"TOCSIN_{name.upper()}" for name in Settings.model_fields}
SERVED = {"/healthz", "/readyz"}
PARTS = {"ingest", "process", "watch", "notify", "api"}

Json = dict[str, Any]


def compose() -> Json:
    found: Json = yaml.safe_load(COMPOSE.read_text())
    return found


def documents() -> Iterator[tuple[str, Json]]:
    for path in sorted(KUBERNETES.glob("*.yaml")):
        if path.name != "kustomization.yaml":
            for one in yaml.safe_load_all(path.read_text()):
                yield f"{path.name}:{one['kind']}:{one['metadata']['name']}", one


DOCUMENTS = list(documents())


def pods() -> list[Json]:
    kinds = {"Deployment", "StatefulSet", "Job"}
    return [one["spec"]["template"]["spec"] for _, one in DOCUMENTS if one["kind"] in kinds]


def containers() -> list[Json]:
    return [one for pod in pods() for one in pod["containers"]]


class TestCompose:
    def test_is_valid(self) -> None:
        schema = json.loads((Path(__file__).parent / "compose-spec.json").read_text())
        assert [one.message for one in Draft201909Validator(schema).iter_errors(compose())] == []

    def test_runs_every_part_with_commands_that_exist(self) -> None:
        ours = {
            name: one["command"] for name, one in compose()["services"].items() if "command" in one
        }
        assert {command[0] for command in ours.values()} == PARTS | {"migrate", "topics"}
        assert {command[0] for command in ours.values()} <= set(_COMMANDS)

    def test_every_part_says_how_it_is(self) -> None:
        for name, one in compose()["services"].items():
            is_once = one.get("restart") == "on-failure"
            assert is_once or "healthcheck" in one, name

    def test_knows_every_setting_that_it_names(self) -> None:
        text = COMPOSE.read_text()
        named = set(re.findall(r"TOCSIN_[A-Z_]+", text))
        assert named - OF_COMPOSE <= FIELDS

    def test_no_secret_has_a_default(self) -> None:
        for name in ("TOCSIN_DATABASE_PASSWORD", "TOCSIN_KEY"):
            uses = re.findall(rf"\$\{{{name}\b([^}}]*)\}}", COMPOSE.read_text())
            assert uses
            assert all(use.startswith(":?") for use in uses)

    def test_publishes_to_this_machine_only(self) -> None:
        ports = [port for one in compose()["services"].values() for port in one.get("ports", ())]
        assert ports
        assert all(port.startswith("${TOCSIN_BIND:-127.0.0.1}:") for port in ports)

    def test_every_node_has_its_own_name_and_disk(self) -> None:
        services = compose()["services"]
        nodes = [one for one in services.values() if one.get("command") == ["ingest"]]
        assert len({one["environment"]["TOCSIN_NODE"] for one in nodes}) == len(nodes)
        disks = [disk for one in services.values() for disk in one.get("volumes", ())]
        assert len(disks) == len(set(disks))

    def test_runs_the_broker_that_the_tests_run(self) -> None:
        pom = (TOP / "deploy" / "kafka" / "pom.xml").read_text()
        version = re.search(r"<artifactId>kafka_[^<]*</artifactId>\s*<version>([^<]+)", pom)
        assert version is not None
        assert compose()["services"]["kafka"]["image"] == f"apache/kafka:{version[1]}"


class TestImage:
    def test_is_not_root_and_can_be_stopped(self) -> None:
        final = DOCKERFILE.read_text().rpartition("\nFROM ")[2]
        user = re.search(r"^USER (\d+)$", final, re.MULTILINE)
        assert user is not None
        assert int(user[1]) > 0
        assert f"--uid {user[1]}" in final
        assert "STOPSIGNAL SIGTERM" in final
        assert 'ENTRYPOINT ["tocsin"]' in final

    def test_names_a_version_of_each_base(self) -> None:
        bases = re.findall(r"^FROM (\S+)", DOCKERFILE.read_text(), re.MULTILINE)
        assert len(bases) == 3
        assert all(re.search(r":\d", base) for base in bases)

    def test_installs_by_hash(self) -> None:
        installs = re.findall(r"pip install (.*?)(?: &&|$)", DOCKERFILE.read_text(), re.MULTILINE)
        assert all("--require-hashes" in one or "--no-deps" in one for one in installs)

    def test_copies_what_is_there_and_nothing_is_left_out(self) -> None:
        ignored = (TOP / ".dockerignore").read_text().splitlines()
        for line in re.findall(r"^COPY (?!--)(.+)$", DOCKERFILE.read_text(), re.MULTILINE):
            for source in line.split()[:-1]:
                assert (TOP / source).exists(), source
                assert f"!{source.partition('/')[0]}" in ignored, source

    def test_knows_every_setting_that_it_sets(self) -> None:
        assert set(re.findall(r"TOCSIN_[A-Z_]+", DOCKERFILE.read_text())) <= FIELDS


class TestKubernetes:
    @pytest.mark.parametrize(("name", "document"), DOCUMENTS, ids=[name for name, _ in DOCUMENTS])
    def test_is_valid(self, name: str, document: Json) -> None:
        del name
        kubernetes_validate.validate(document, VERSION, strict=True)

    def test_is_all_in_the_kustomization_and_no_more(self) -> None:
        listed = yaml.safe_load((KUBERNETES / "kustomization.yaml").read_text())["resources"]
        assert set(listed) == {one.name for one in KUBERNETES.glob("*.yaml")} - {
            "kustomization.yaml"
        }

    def test_runs_every_part_with_commands_that_exist(self) -> None:
        commands = {one["args"][0] for one in containers()}
        assert commands == PARTS | {"migrate", "topics"}

    def test_knows_every_setting_that_it_names(self) -> None:
        text = "".join(path.read_text() for path in KUBERNETES.glob("*.yaml"))
        assert set(re.findall(r"TOCSIN_[A-Z_]+", text)) <= FIELDS

    def test_keeps_no_secret(self) -> None:
        assert not [name for name, one in DOCUMENTS if one["kind"] == "Secret"]
        for one in containers():
            values = {each["name"]: each for each in one["env"]}
            for name in ("TOCSIN_DATABASE_URL", "TOCSIN_KAFKA_PASSWORD"):
                assert "secretKeyRef" in values[name]["valueFrom"]

    def test_nothing_runs_as_root_or_may_become_it(self) -> None:
        for pod in pods():
            assert pod["securityContext"]["runAsNonRoot"] is True
            assert pod["automountServiceAccountToken"] is False
            for one in pod["containers"]:
                context = one["securityContext"]
                assert context["readOnlyRootFilesystem"] is True
                assert context["allowPrivilegeEscalation"] is False
                assert context["capabilities"]["drop"] == ["ALL"]

    def test_asks_what_is_served_at_the_port_that_serves_it(self) -> None:
        ports = {part: 8080 if part in {"ingest", "api"} else 8081 for part in PARTS}
        for one in containers():
            part = one["args"][0]
            if part not in PARTS:
                continue
            assert one["ports"][0]["containerPort"] == ports[part]
            for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
                assert one[probe]["httpGet"]["path"] in SERVED
                assert one[probe]["httpGet"]["port"] == one["ports"][0]["name"]

    def test_waits_longer_for_a_stop_than_the_product_takes(self) -> None:
        for pod in pods():
            if pod["containers"][0]["args"][0] in PARTS:
                assert pod["terminationGracePeriodSeconds"] > Settings().stop_seconds
                probe = pod["containers"][0]["readinessProbe"]
                assert probe["periodSeconds"] * probe["failureThreshold"] <= Settings().farewell_s

    def test_every_part_may_be_drained_one_by_one(self) -> None:
        budgets = {
            one["metadata"]["name"] for _, one in DOCUMENTS if one["kind"] == "PodDisruptionBudget"
        }
        assert budgets == PARTS

    def test_scales_no_further_than_there_are_partitions(self) -> None:
        (scaler,) = [one for _, one in DOCUMENTS if one["kind"] == "HorizontalPodAutoscaler"]
        assert scaler["spec"]["maxReplicas"] <= REPORTS.partitions
