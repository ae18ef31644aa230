"""The peer of server.py: a bare Flask route that commits the same rows with plain SQL.

It checks nothing and knows one session. It keeps one row an event, as a first design would, with
the same pragmas, the same number of threads and the same web server as Earmark:

    python benchmarks/serving/bare.py FOLDER STATE.json
"""

import json
import sqlite3
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import waitress
from flask import Flask, Response, jsonify, request

_TABLES = """
CREATE TABLE session (token TEXT PRIMARY KEY, language TEXT, place INTEGER, state TEXT,
    next_seq INTEGER, updated_at TEXT);
CREATE TABLE page (id INTEGER PRIMARY KEY, session_token TEXT, number INTEGER, part TEXT,
    passage TEXT, unit TEXT, revision INTEGER, comment TEXT, UNIQUE (session_token, number));
CREATE TABLE presentation (token TEXT PRIMARY KEY, page_id INTEGER, position INTEGER, label TEXT,
    shown TEXT, audio TEXT, start TEXT, comment TEXT, plays INTEGER);
CREATE INDEX presentation_page ON presentation (page_id);
CREATE TABLE rating (id INTEGER PRIMARY KEY, page_id INTEGER, presentation TEXT, question TEXT,
    value REAL, changes INTEGER, client TEXT, seq INTEGER, at_ms REAL, at TEXT,
    UNIQUE (page_id, presentation, question));
CREATE TABLE event (arrival INTEGER PRIMARY KEY, session_token TEXT, id TEXT, client TEXT,
    seq INTEGER, at_ms REAL, received_at TEXT, type TEXT, page INTEGER, stimulus TEXT,
    question TEXT, value REAL, data TEXT, UNIQUE (session_token, id));
CREATE INDEX event_in_order ON event (session_token, client, seq);
"""
_LOCAL = threading.local()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _connected(path: Path) -> sqlite3.Connection:
    found: sqlite3.Connection | None = getattr(_LOCAL, "connection", None)
    if found is None:
        found = _LOCAL.connection = sqlite3.connect(path, timeout=20, isolation_level=None)
        found.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON"
        )
    return found


def _fill(database: sqlite3.Connection, state: dict[str, Any]) -> None:
    """The session of a state: its step is page 1, and there are five others like it."""
    page = state["step"]
    database.execute("INSERT INTO session VALUES ('one', 'en', 2, 'open', 0, ?)", [_now()])
    for number in range(1, state["progress"]["pages"] + 1):
        database.execute(
            "INSERT INTO page VALUES (?, 'one', ?, 'main', 'song', 'unit', 0, '')", [number] * 2
        )
        for position, one in enumerate(page["stimuli"]):
            token = one["id"] if number == 1 else f"{number}-{one['id']}"
            database.execute(
                "INSERT INTO presentation VALUES (?, ?, ?, ?, ?, ?, ?, '', 0)",
                [
                    *(token, number, position, one["label"], one["role"]),
                    *(one["url"], json.dumps(one["start"])),
                ],
            )
            if one["role"] == "stimulus":
                database.execute(
                    "INSERT INTO rating VALUES (NULL, ?, ?, 'preference', NULL, 0, '', -1, "
                    "NULL, NULL)",
                    [number, token],
                )


def bare(path: Path, state: dict[str, Any]) -> Flask:
    """The application."""
    app = Flask(__name__)
    connection = _connected(path)
    connection.executescript(_TABLES)
    _fill(connection, state)

    @app.post("/events")
    def events() -> Response:
        sent = request.get_json()
        database, at, client = _connected(path), _now(), sent["client"]
        rows, rated, played = [], [], []
        for one in sent["events"]:
            about = (one.get("page"), one.get("stimulus"), one.get("question"))
            text = one.get("value") if isinstance(one.get("value"), str) else None
            value = None if text else one.get("value")
            rows.append(
                (
                    *("one", one["id"], client, one["seq"], one["at_ms"], at, one["type"]),
                    *(*about, value, json.dumps({"text": text} if text else {})),
                )
            )
            if one["type"] == "rating":
                rated.append((value, client, one["seq"], one["at_ms"], at, *about))
            elif one["type"] in ("play", "switch"):
                played.append((one.get("stimulus"),))
        database.execute("BEGIN IMMEDIATE")
        database.executemany(
            "INSERT OR IGNORE INTO event VALUES (NULL, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", rows
        )
        if rated:
            database.executemany(
                "UPDATE rating SET value = ?, client = ?, seq = ?, at_ms = ?, at = ?, "
                "changes = changes + 1 WHERE page_id = ? AND presentation = ? AND question = ?",
                rated,
            )
            database.execute(
                "UPDATE page SET revision = revision + ? WHERE id = ?",
                [len(rated), sent["events"][0]["page"]],
            )
        if played:
            database.executemany(
                "UPDATE presentation SET plays = plays + 1 WHERE token = ?", played
            )
        seq = sent["events"][-1]["seq"] + 1
        database.execute(
            "UPDATE session SET next_seq = max(next_seq, ?), updated_at = ? WHERE token = 'one'",
            [seq, at],
        )
        database.execute("COMMIT")
        names = [one["id"] for one in sent["events"]]
        return jsonify(acknowledged=names, unknown=[], refused=[], revision=0, next_seq=seq)

    @app.get("/state")
    def told() -> Response:
        database = _connected(path)
        database.execute("BEGIN")
        ((_, place, status, seq),) = database.execute(
            "SELECT language, place, state, next_seq FROM session WHERE token = 'one'"
        )
        pages = database.execute("SELECT * FROM page WHERE session_token = 'one'").fetchall()
        shown = database.execute(
            "SELECT token, label, shown, audio, start, comment, plays FROM presentation "
            "WHERE page_id = 1 ORDER BY position"
        ).fetchall()
        ratings = database.execute(
            "SELECT presentation, question, value FROM rating WHERE page_id = 1"
        ).fetchall()
        following = database.execute(
            "SELECT audio FROM presentation WHERE page_id = 2 ORDER BY position"
        ).fetchall()
        database.execute("COMMIT")
        stimuli = [
            {
                "id": token,
                "label": label,
                "url": audio,
                "role": role,
                "start": json.loads(start),
                "rating": {q: value for of, q, value in ratings if of == token},
                "comment": comment,
                "played": plays > 0,
            }
            for token, label, role, audio, start, comment, plays in shown
        ]
        return jsonify(
            state
            | {
                "next_seq": seq,
                "progress": {"page": place - 1, "pages": len(pages)},
                "session": {"state": status, "link": "/l/one/"},
                "step": state["step"] | {"stimuli": stimuli},
                "preload": [row[0] for row in following],
            }
        )

    return app


def main(folder: Path, state: dict[str, Any]) -> None:
    """Serve until it is stopped."""
    app = bare(folder / "bare.sqlite", state)
    server = waitress.create_server(app, host="127.0.0.1", port=0, threads=8)
    sys.stdout.write(json.dumps({"url": f"http://127.0.0.1:{server.effective_port}"}) + "\n")
    sys.stdout.flush()
    server.run()


if __name__ == "__main__":
    main(Path(sys.argv[1]), json.loads(Path(sys.argv[2]).read_text(encoding="utf-8")))
