"""The JSON Schemas of what crosses a process, made from the models, and the AsyncAPI document.

`python -m schemas.publish FOLDER` writes them; `schemas/published/` holds those of this version,
and a test keeps them equal to the models.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import BaseModel

from schemas import asyncapi
from schemas.alert import Alert, AlertAction, Transition
from schemas.delivery import Delivery, Endpoint, WebhookBody
from schemas.flag import Flag
from schemas.incident import Incident, IncidentMoved
from schemas.layer import Feature
from schemas.mission import Mission
from schemas.report import AdmittedReport, Receipt, Report
from schemas.response import Response
from schemas.rule import RuleSet
from schemas.unit import Unit

VERSION: Final = 1

MESSAGES: Final[Mapping[str, type[BaseModel]]] = {
    "report": Report,
    "admitted-report": AdmittedReport,
    "receipt": Receipt,
    "incident": Incident,
    "incident-moved": IncidentMoved,
    "flag": Flag,
    "alert": Alert,
    "alert-action": AlertAction,
    "transition": Transition,
    "response": Response,
    "delivery": Delivery,
    "endpoint": Endpoint,
    "webhook": WebhookBody,
    "feature": Feature,
    "rules": RuleSet,
    "unit": Unit,
    "mission": Mission,
}


def json_schema(name: str) -> str:
    """Return the JSON Schema (2020-12) of a message as text, the same in every run."""
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"urn:tocsin:schema:{name}:v{VERSION}",
        **MESSAGES[name].model_json_schema(),
    }
    return json.dumps(schema, indent=2, sort_keys=True) + "\n"


def file_name(name: str) -> str:
    """Return the name of a message's file."""
    return f"{name}.v{VERSION}.schema.json"


def main(folder: Path) -> None:
    """Write every schema into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in MESSAGES:
        (folder / file_name(name)).write_text(json_schema(name), encoding="utf-8")
    (folder / asyncapi.FILE).write_text(asyncapi.document(str(VERSION)), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
