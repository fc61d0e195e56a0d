"""`python -m deploy.serve_door`: the door as a process of its own, importing nothing else."""

from __future__ import annotations

from deploy.door import run_door
from deploy.serving import serve

PARTS = frozenset({"ingest", "api"})


def main() -> None:
    """Run the door with the settings of the environment."""
    serve(run_door, parts=PARTS, service_name="door")


if __name__ == "__main__":
    main()
