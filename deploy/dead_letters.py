"""Trying a dead letter again, by the way that every report goes."""

from __future__ import annotations

from deploy.box import Box
from deploy.crash import no_checkpoint
from deploy.wiring import pipeline_of
from ingest.bell import ring
from processing.adapters.sql.dead_letters import DeadLetter, forget_dead_letter, is_stored
from processing.adapters.sql.positions import SqlPositions
from processing.batch.account import Account, read_account
from processing.engine.batch import Batch, Decoded, Stretch
from schemas.errors import InvalidMessageError, StorageError
from schemas.log import Origin, Record

# A partition of its own: a running desk sees by its position that somebody else has written.
PARTITION = "dead-letters"


def replay(box: Box, letter: DeadLetter) -> str | None:
    """Process a dead letter; return None when it is stored, else why it still is not.

    What it says counts as if it came late. It is a dead letter until it is stored, so a crash in
    between only leaves it one: the next try finds it stored and forgets it. Raises StorageError.
    """
    record = Record(
        PARTITION,
        letter.position,
        letter.value,
        Origin(letter.partition, letter.position),
    )
    try:
        account = read_account(letter.value)
    except InvalidMessageError as error:
        return f"undecodable: {error}"
    try:
        _process(box, record, account)
    except StorageError:
        raise
    except Exception as error:  # noqa: BLE001 - the very error that it was set aside for
        return f"{type(error).__name__}: {error}"
    if not is_stored(box.database.read, *account.key, account.sha256):
        return letter.reason
    forget_dead_letter(box.database.begin, letter.partition, letter.position)
    ring(box.settings.notify_path)
    return None


def _process(box: Box, record: Record, account: Account) -> None:
    claim = SqlPositions(box.database.begin).claim([PARTITION])[PARTITION]
    pipeline_of(box, no_checkpoint)(
        Batch(
            stretches=(
                Stretch(
                    partition=PARTITION,
                    epoch=claim.epoch,
                    start=claim.position,
                    end=claim.position + 1,
                ),
            ),
            records=(Decoded(record, account),),
        )
    )
