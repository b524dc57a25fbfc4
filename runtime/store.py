"""The run store: one SQLite file that makes a run resumable.

What was answered, kept or settled is committed before the call returns, so `kill -9` at any moment
loses nothing that was handed over. (A power cut may lose the last commits; it never corrupts the
file.) Safe to use from any thread of one process; a second process is refused.
"""

from __future__ import annotations

import json
import os
import sqlite3
import threading
from collections.abc import Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

from .errors import RunError
from .models.answers import Answer, Entry
from .records import Finding, Part, Record
from .run_folder import DATABASE, check_folder, explained, locked
from .state import Json, canonical

_APPLICATION = 0x656E7673
"""Marks a SQLite file as a run of ours ("envs")."""
_VERSION = 2
_SCHEMA = """
CREATE TABLE meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE answers (
    key TEXT PRIMARY KEY, step TEXT, completion TEXT, rollout INTEGER, owner TEXT,
    instruction TEXT, model TEXT, prompt_tokens INTEGER, completion_tokens INTEGER, finish TEXT
);
CREATE TABLE ledger (
    step TEXT, key TEXT, owner TEXT, model TEXT, how TEXT, prompt_tokens INTEGER,
    completion_tokens INTEGER, cost_usd REAL, seconds REAL, attempts INTEGER,
    prompt_chars INTEGER, completion_chars INTEGER
);
CREATE TABLE records (kind TEXT, id TEXT, json TEXT NOT NULL, PRIMARY KEY (kind, id));
CREATE TABLE outcomes (
    stage TEXT, item TEXT, status TEXT, record TEXT, reason TEXT, findings TEXT,
    PRIMARY KEY (stage, item)
);
"""

P = TypeVar("P", bound=Part)


class StoredRecord(NamedTuple):
    """A record as it lies in the store."""

    kind: str
    id: str
    json: str

    def read(self, shape: type[P]) -> P:
        """The record as a model of its type."""
        return shape.model_validate_json(self.json)


class StoredOutcome(NamedTuple):
    """How one item of a stage ended."""

    stage: str
    item: str
    status: Literal["kept", "rejected"]
    record: str | None
    """Id of the kept record; None when rejected."""
    reason: str
    findings: tuple[Finding, ...]


class RunStore(AbstractContextManager["RunStore"]):
    """The store of one run; opened with `open` to work on it or `read` to look at it."""

    def __init__(self, folder: Path, connection: sqlite3.Connection, lock: int | None) -> None:
        self.folder = folder
        self._connection = connection
        self._lock_file = lock
        self._lock = threading.RLock()

    @classmethod
    def open(cls, folder: Path, fingerprint: Mapping[str, Json]) -> RunStore:
        """Create a run, or resume the one that is there.

        Args:
            folder: The run folder; made when it does not exist.
            fingerprint: The settings that define the run, as JSON values by name. They must be
                the same when the run is resumed.

        Raises:
            RunError: the folder holds other things or another run, cannot be written, is in use
                by another process, or the disk is full.
        """
        check_folder(folder)
        with explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = locked(folder)
        try:
            with explained(folder):
                connection = sqlite3.connect(
                    folder / DATABASE, isolation_level=None, check_same_thread=False
                )
            store = cls(folder, connection, lock)
            store._begin(dict(fingerprint))
        except BaseException:
            os.close(lock)
            raise
        return store

    @classmethod
    def read(cls, folder: Path) -> RunStore:
        """Open a run for reading, also while another process works on it; creates nothing.

        Raises:
            RunError: there is no run in the folder.
        """
        path = folder / DATABASE
        if not path.is_file():
            raise RunError(f"{folder} holds no run: give the folder of a run (--out)")
        # Without a write-ahead log nobody writes, and SQLite need not make its shared index.
        mode = "mode=ro" if Path(f"{path}-wal").exists() else "immutable=1"
        with explained(folder):
            uri = f"{path.resolve().as_uri()}?{mode}"
            connection = sqlite3.connect(uri, uri=True, check_same_thread=False)
        store = cls(folder, connection, None)
        with explained(folder):
            store._check_ours()
        return store

    @property
    def fingerprint(self) -> dict[str, Json]:
        """The settings that define the run."""
        rows = self._rows("SELECT name, value FROM meta ORDER BY name")
        return {name: json.loads(value) for name, value in rows}

    def answer(self, key: str) -> Answer | None:
        """The answer to a key, if there is one."""
        rows = self._rows(f"SELECT {_ANSWER} FROM answers WHERE key = ?", key)
        return Answer(**dict(zip(Answer.__struct_fields__, rows[0], strict=True))) if rows else None

    def keep_answer(self, answer: Answer | None, entry: Entry | None) -> None:
        """Keep an answer and its ledger row together; the first answer to a key stays.

        Raises:
            RunError: the store cannot be written.
        """
        if answer is None and entry is None:
            return
        with self._write() as connection:
            if answer is not None:
                marks = ", ".join("?" * len(Answer.__struct_fields__))
                connection.execute(
                    f"INSERT OR IGNORE INTO answers ({_ANSWER}) VALUES ({marks})",
                    [getattr(answer, name) for name in Answer.__struct_fields__],
                )
            if entry is not None:
                marks = ", ".join("?" * len(vars(entry)))
                connection.execute(
                    f"INSERT INTO ledger ({_ENTRY}) VALUES ({marks})", list(vars(entry).values())
                )

    def entries(self) -> list[Entry]:
        """All ledger rows, oldest first."""
        return [Entry(*row) for row in self._rows(f"SELECT {_ENTRY} FROM ledger ORDER BY rowid")]

    def keep(self, kind: str, record: Part, *, id: str | None = None) -> str:
        """Keep a record and return its id; a record of the same kind and id is replaced.

        Args:
            kind: The name of the shelf, such as `environment`.
            record: The record.
            id: For parts, which have no id of their own: what they are keyed by.
        """
        name = id if id is not None else record.id if isinstance(record, Record) else ""
        if not name:
            raise ValueError(f"{type(record).__name__} has no id of its own: pass id=")
        with self._write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO records VALUES (?, ?, ?)",
                (kind, name, record.model_dump_json()),
            )
        return name

    def records(self, kind: str) -> list[StoredRecord]:
        """All records of a kind, in the order of their ids."""
        rows = self._rows("SELECT * FROM records WHERE kind = ? ORDER BY id", kind)
        return [StoredRecord(*row) for row in rows]

    def record(self, kind: str, id: str) -> StoredRecord | None:
        """One record, if it is there."""
        rows = self._rows("SELECT * FROM records WHERE kind = ? AND id = ?", kind, id)
        return StoredRecord(*rows[0]) if rows else None

    def settle(
        self,
        stage: str,
        item: str,
        record: str | None,
        reason: str = "",
        findings: Iterable[Finding] = (),
    ) -> None:
        """Say how an item of a stage ended: kept as a record, or rejected for a reason."""
        status = "rejected" if record is None else "kept"
        words = json.dumps([finding.model_dump(mode="json") for finding in findings])
        with self._write() as connection:
            connection.execute(
                "INSERT OR REPLACE INTO outcomes VALUES (?, ?, ?, ?, ?, ?)",
                (stage, item, status, record, reason, words),
            )

    def outcomes(self, stage: str | None = None) -> list[StoredOutcome]:
        """How the items of a stage (or of all stages) ended, in the order of their names."""
        rows = self._rows(
            "SELECT * FROM outcomes WHERE stage = ?1 OR ?1 IS NULL ORDER BY stage, item", stage
        )
        return [_outcome(row) for row in rows]

    def outcome(self, stage: str, item: str) -> StoredOutcome | None:
        """How one item of a stage ended, if it did."""
        rows = self._rows("SELECT * FROM outcomes WHERE stage = ? AND item = ?", stage, item)
        return _outcome(rows[0]) if rows else None

    def close(self) -> None:
        """Close the file and let others work on the run."""
        with self._lock:
            self._connection.close()
            if self._lock_file is not None:
                os.close(self._lock_file)
                self._lock_file = None

    def __exit__(self, *_: object) -> None:
        self.close()

    def _begin(self, fingerprint: dict[str, Json]) -> None:
        with explained(self.folder):
            self._check_ours(fresh=True)
            self._connection.execute("PRAGMA journal_mode = WAL")
            self._connection.execute("PRAGMA synchronous = NORMAL")
        tables = self._rows("SELECT count(*) FROM sqlite_master")[0][0]
        if not tables:
            self._create(fingerprint)
        known = self.fingerprint
        given = {name: json.loads(canonical(value)) for name, value in fingerprint.items()}
        if known != given:
            raise RunError(_differing(self.folder, known, given))

    def _check_ours(self, *, fresh: bool = False) -> None:
        application = self._connection.execute("PRAGMA application_id").fetchone()[0]
        version = self._connection.execute("PRAGMA user_version").fetchone()[0]
        tables = self._connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if fresh and not tables and application in (0, _APPLICATION):
            return
        if application != _APPLICATION:
            raise RunError(f"{self.folder / DATABASE} is no run store: choose another --out")
        if version != _VERSION:
            raise RunError(
                f"{self.folder} was made by another version of envscaler (store version {version}, "
                f"expected {_VERSION}): choose another --out"
            )

    def _create(self, fingerprint: dict[str, Json]) -> None:
        with self._write() as connection:
            for statement in filter(str.strip, _SCHEMA.split(";")):
                connection.execute(statement)
            connection.execute(f"PRAGMA application_id = {_APPLICATION}")
            connection.execute(f"PRAGMA user_version = {_VERSION}")
            rows = [(name, canonical(value).decode()) for name, value in fingerprint.items()]
            connection.executemany("INSERT INTO meta VALUES (?, ?)", rows)

    def _rows(self, query: str, *values: object) -> list[tuple[Json, ...]]:
        with self._lock, explained(self.folder):
            return self._connection.execute(query, values).fetchall()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        """One transaction: committed on leaving, rolled back when anything fails."""
        with self._lock, explained(self.folder):
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise


_ANSWER = ", ".join(Answer.__struct_fields__)
_ENTRY = ", ".join(Entry.__dataclass_fields__)


def _outcome(row: tuple[Json, ...]) -> StoredOutcome:
    stage, item, status, record, reason, findings = row
    found = tuple(Finding.model_validate(finding) for finding in json.loads(findings))
    return StoredOutcome(stage, item, status, record, reason, found)


def _differing(folder: Path, known: dict[str, Json], given: dict[str, Json]) -> str:
    names = sorted(n for n in known.keys() | given.keys() if known.get(n) != given.get(n))
    parts = [f"{name}: it has {known.get(name)!r}, you gave {given.get(name)!r}" for name in names]
    return (
        f"{folder} holds another run ({'; '.join(parts)}): choose another --out, or give the "
        "settings of that run to resume it"
    )
