"""A document while it is being mended, with pointers that stay those of the body as sent. Pure."""

from __future__ import annotations

from typing import Any

from ingest.finding import Finding, pointer

Path = tuple[str | int, ...]


class Draft:
    """A JSON object, what was noticed, and where the items of its lists stood at first."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.document = document
        self.findings: list[Finding] = []
        self._first_index: dict[Path, list[int]] = {}

    def note(self, path: Path, code: str, detail: str) -> None:
        """Remember a finding at a path of the present document."""
        self.findings.append(
            Finding(pointer=pointer(*self._as_sent(path)), code=code, detail=detail)
        )

    def get(self, path: Path) -> Any:  # noqa: ANN401 - any JSON value
        """Return the value at a path. Raises LookupError when a step before removed it."""
        value: Any = self.document
        for step in path:
            value = value[step]
        return value

    def put(self, path: Path, value: object) -> None:
        """Replace the value at a path."""
        self.get(path[:-1])[path[-1]] = value

    def remove(self, path: Path) -> None:
        """Take a member or an item out; the items behind it keep the pointers that they had."""
        parent = self.get(path[:-1])
        if isinstance(parent, list):
            self._indexes(path[:-1], len(parent)).pop(int(path[-1]))
        del parent[path[-1]]

    def _indexes(self, path: Path, size: int) -> list[int]:
        return self._first_index.setdefault(path, list(range(size)))

    def _as_sent(self, path: Path) -> Path:
        steps: list[str | int] = []
        for at, step in enumerate(path):
            indexes = self._first_index.get(path[:at])
            steps.append(indexes[step] if indexes is not None and isinstance(step, int) else step)
        return tuple(steps)
