"""Changes one variable of an `.env` file and nothing else of it."""

from __future__ import annotations

import os
import re
import tempfile
from io import StringIO
from pathlib import Path

from dotenv.parser import parse_stream

from coinmux.framework.errors import InvalidRequest

#: Of a file that is made: keys may come into it.
_MODE = 0o600


def set_in_file(file: Path, name: str, value: str) -> None:
    """Set `name` to `value` in the file, which is replaced as a whole; comments stay.

    Where a variable is set several times the last one counts, so that one is changed. A file that
    does not exist is made, for its owner alone.

    Args:
        value: without quotes, blanks at its ends and `#`.

    Raises:
        InvalidRequest: the file is not UTF-8, or the value there is made of other variables.
        OSError: it cannot be read or written.
    """
    target = file.resolve()
    try:
        text = target.read_bytes().decode()
    except FileNotFoundError:
        text = ""
    except UnicodeDecodeError:
        raise InvalidRequest(f"{file} is not UTF-8; change it by hand") from None
    _replace(target, _with(text, name, value, file))


def _with(text: str, name: str, value: str, file: Path) -> str:
    parts = [(one.key, one.original.string) for one in parse_stream(StringIO(text))]
    places = [at for at, (key, _) in enumerate(parts) if key == name]
    if not places:
        newline = "\r\n" if "\r\n" in text else "\n"
        gap = "" if not text or text.endswith("\n") else newline
        return f"{text}{gap}{name}={value}{newline}"
    at = places[-1]
    line = parts[at][1]
    if "${" in line:
        raise InvalidRequest(f"{file}: {name} is made of other variables; change it by hand")
    form = re.compile(
        rf"(\s*(?:export[^\S\r\n]+)?{re.escape(name)}[^\S\r\n]*)(?:=[^\S\r\n]*"
        r"""(?:'[^']*'|"[^"]*"|[^\r\n]*?))?((?:[^\S\r\n]+#[^\r\n]*|[^\S\r\n]*)(?:\r?\n)*)"""
    )
    made = form.fullmatch(line)
    if made is None:
        raise InvalidRequest(f"{file}: the line of {name} cannot be read; change it by hand")
    strings = [string for _, string in parts]
    strings[at] = f"{made[1]}={value}{made[2]}"
    return "".join(strings)


def _replace(target: Path, text: str) -> None:
    """Write the whole beside it, and put that in its place, with its owner and its rights."""
    descriptor, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    made = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as written:
            written.write(text.encode())
            written.flush()
            os.fsync(written.fileno())
        made.chmod(_MODE)
        if target.exists():
            had = target.stat()
            made.chmod(had.st_mode & 0o7777)
            if hasattr(os, "chown") and (had.st_uid, had.st_gid) != (os.getuid(), os.getgid()):
                os.chown(made, had.st_uid, had.st_gid)
        made.replace(target)
    except BaseException:
        made.unlink(missing_ok=True)
        raise
