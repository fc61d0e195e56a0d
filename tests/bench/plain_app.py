"""The limit of the accept rate: FastAPI's own `list[Report]` route, which stores nothing."""

from __future__ import annotations

import sys

import uvicorn
from fastapi import FastAPI

from schemas.report import Report

app = FastAPI()


@app.get("/readyz")
def ready() -> dict[str, bool]:
    return {"ready": True}


@app.post("/v1/plain")
async def take(reports: list[Report]) -> dict[str, int]:
    return {"taken": len(reports)}


if __name__ == "__main__":
    uvicorn.run(
        app,
        port=int(sys.argv[1]),
        loop="uvloop",
        http="httptools",
        log_level="warning",
        access_log=False,
    )
