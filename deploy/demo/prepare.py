"""Make the sample mission's data folder: schema, mission, layers, rules, units, keys, people.

It can be repeated: what is there stays, and a demo that was stopped goes on.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from deploy import migrate
from deploy.accounts import add_person, link_for
from deploy.box import Box, open_box, opened_database, stepped_clock
from deploy.clocks import SystemClock
from deploy.configure import issue_keys, write_mission, write_units
from deploy.database import Database
from deploy.demo.folder import sample_folder
from deploy.demo.mission_files import MissionBundle, read_bundle
from deploy.ringing import add_endpoint
from deploy.settings import Settings
from processing.adapters.sql.layers import store_layer
from processing.adapters.sql.rules import store_rules
from processing.rules.loading import default_rules
from schemas.access import Level, Principal, Role
from schemas.delivery import Endpoint
from schemas.errors import ConfigurationError, ConflictError
from schemas.rule import Recurrence, Rule, TempoEscalation

ADMINISTRATOR = "admin"
ENDPOINT = "demo-receiver"
SECRETS = "demo-secrets.json"
# The demo's keys outlive any replay; they work on this machine's loopback only.
_KEY_DAYS = None

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Prepared:
    """A demo that is ready to start: the replay's device keys and the receiver's secret."""

    keys: Mapping[str, str]
    webhook_secret: str
    link: str


def prepare(
    settings: Settings,
    *,
    receiver_url: str,
    say: Say,
    webhook_secret: str | None = None,
    records_from: date | None = None,
) -> Prepared:
    """Prepare the data folder and return what the replay needs.

    `records_from` is the day from which on everything is replayed: rules that compare with the
    past do not take what was not replayed for peace. `webhook_secret` is the receiver's, if
    it has one already; else one is made.

    Raises ConfigurationError when the folder holds a mission that is not a replay.
    """
    bundle = read_bundle(sample_folder())
    with opened_database(settings) as database:
        migrate.upgrade(database.begin)
        _describe(database, bundle, _rules(records_from), say)
    stepped_clock(settings)
    with open_box(settings) as box:
        if not box.mission.replay:
            raise ConfigurationError(
                f"{settings.data_dir} holds a real mission: choose another folder with --data-dir"
            )
        secrets = _webhook_secret(box, bundle, receiver_url, webhook_secret)
        return Prepared(
            keys=read_replay_keys(settings), webhook_secret=secrets, link=_administrator_link(box)
        )


def read_replay_keys(settings: Settings) -> dict[str, str]:
    """Return the device keys that a demo keeps for its replay, by unit."""
    path = settings.data_dir / SECRETS
    if not path.exists():
        raise ConfigurationError(f"no demo in {settings.data_dir}: start one with `tocsin demo`")
    keys: dict[str, str] = json.loads(path.read_text())["keys"]
    return keys


def _describe(database: Database, bundle: MissionBundle, rules: Sequence[Rule], say: Say) -> None:
    now = SystemClock().now()
    with database.read() as connection:
        has_mission = connection.exec_driver_sql("SELECT count(*) FROM mission").scalar()
    if has_mission:
        say("the sample mission is already there")
        return
    for layer, features in bundle.layers.items():
        store_layer(database.begin, layer, features, source=bundle.sources[layer], now=now)
        say(f"layer {layer.value}: {len(features):,} features")
    store_rules(database.begin, rules, now=now)
    say(f"rules: {', '.join(rule.rule_id for rule in rules)}")
    write_units(database.begin, bundle.units, now=now)
    say(f"units: {len(bundle.units)}")
    write_mission(database.begin, bundle.mission, now=now)


def _rules(records_from: date | None) -> list[Rule]:
    return [
        rule.model_copy(update={"records_from": records_from})
        if isinstance(rule, TempoEscalation | Recurrence)
        else rule
        for rule in default_rules().rules
    ]


def _webhook_secret(box: Box, bundle: MissionBundle, receiver_url: str, secret: str | None) -> str:
    """Return the receiver's secret; make it and the units' keys at the first start."""
    path = box.settings.data_dir / SECRETS
    if path.exists():
        stored = str(json.loads(path.read_text())["webhook"])
        return _ring(box, receiver_url, secret=stored)
    issued = issue_keys(
        box.database.begin,
        [unit.unit_id for unit in bundle.units],
        now=box.system_clock.now(),
        days=_KEY_DAYS,
    )
    secret = _ring(box, receiver_url, secret=secret)
    keys = {key.stored.unit_id: key.secret for key in issued}
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(handle, "w") as file:
        json.dump({"keys": keys, "webhook": secret}, file)
    return secret


def _ring(box: Box, url: str, *, secret: str | None) -> str:
    endpoint = Endpoint(
        endpoint_id=ENDPOINT, url=url, description="the demo's own receiver", max_level=2
    )
    return add_endpoint(box, endpoint, secret=secret)


def _administrator_link(box: Box) -> str:
    person = Principal(
        user_id=ADMINISTRATOR,
        name="Administrator",
        roles=(Role.ADMIN, Role.COMMANDER),
        level=Level.STRICTLY_CONFIDENTIAL,
    )
    try:
        return add_person(box, person)
    except ConflictError:
        return link_for(box, ADMINISTRATOR)
