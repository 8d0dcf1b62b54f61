"""What a database may raise, in words that say what to do and hold no address."""

from __future__ import annotations

import socket

from sqlalchemy.exc import SQLAlchemyError


class UnusableDatabase(Exception):
    """The database is reached and is not what the archive can work with.

    Args:
        words: what is wrong and what to do, without an address.
    """

    def __init__(self, words: str) -> None:
        super().__init__(words)
        self.words = words


#: What the database may raise; everything else is a defect.
TROUBLE = (SQLAlchemyError, OSError, TimeoutError, UnusableDatabase)

#: In this order: what an error's text holds, and what it means.
_SIGNS = (
    ("locked", "the database is locked by another process"),
    ("not a database", "the file is no database: move it away, and a new one is made"),
    ("malformed", "the database file is damaged: move it away, and a new one is made"),
    ("disk i/o", "the disk cannot be read or written: look at the disk"),
    ("full", "the disk or the database is full: make room, what waits is written then"),
    ("no space", "the disk or the database is full: make room, what waits is written then"),
    ("readonly", "the database cannot be written to: see who owns the file and its folder"),
    ("read-only", "the database cannot be written to: see who owns the file and its folder"),
    (
        "unable to open",
        "the database file cannot be opened: see that it is a file this user may write",
    ),
    ("permission denied", "the user may not write there: see who owns the file and its folder"),
    ("can't locate revision", "it was written by a newer coinmux: start that one, or move it away"),
    ("refused", "the database does not accept connections: see that it runs"),
    ("starting up", "the database is starting: what waits is written when it has"),
    ("recovery mode", "the database is starting: what waits is written when it has"),
    ("shutting down", "the database is stopping: see that it starts again"),
    ("terminating connection", "the connection to the database was lost"),
    ("too many", "the database takes no more connections: allow more, or fewer workers"),
    ("closed", "the connection to the database was lost"),
    ("password", "the database refuses the user: see DATABASE_URL"),
    ("does not exist", "the database or one of its tables does not exist: see DATABASE_URL"),
    ("no such table", "a table is missing: move the file away, and a new one is made"),
)


def told(error: BaseException) -> str:
    """The trouble in a few words; messages of drivers may hold the address."""
    if isinstance(error, UnusableDatabase):
        return error.words
    cause = getattr(error, "orig", None) or error
    if isinstance(cause, (IsADirectoryError, NotADirectoryError, FileExistsError)):
        return "a file stands where a folder must be, or a folder where the file must be"
    if isinstance(cause, FileNotFoundError):
        return "its folder is not there and cannot be made: see DATABASE_URL and DATA_DIR"
    if isinstance(cause, socket.gaierror):
        return "there is no such host: see DATABASE_URL"
    text = "refused" if isinstance(cause, ConnectionRefusedError) else str(cause).lower()
    for sign, words in _SIGNS:
        if sign in text:
            return words
    if isinstance(cause, TimeoutError):
        return "the database does not answer in time"
    return f"the database failed ({type(cause).__name__})"
