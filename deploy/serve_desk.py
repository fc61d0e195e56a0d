"""`python -m deploy.serve_desk`: the desk as a process of its own, importing nothing else."""

from __future__ import annotations

from deploy.desk import run_desk
from deploy.serving import serve

PARTS = frozenset({"process", "watch", "notify"})


def main() -> None:
    """Run the desk with the settings of the environment."""
    serve(run_desk, parts=PARTS, service_name="desk")


if __name__ == "__main__":
    main()
