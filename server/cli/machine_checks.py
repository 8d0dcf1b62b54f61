"""What `coinmux doctor` looks at on this machine: folder, disk, memory, port, archive, store."""

from __future__ import annotations

import errno
import os
import shutil
import socket
from tempfile import TemporaryFile
from typing import TYPE_CHECKING

import psutil  # type: ignore[import-untyped]  # it ships no types

from coinmux.framework.gateway import ARCHIVE_FILE
from coinmux.server.cli.findings import Finding
from coinmux.server.process.supervisor import listen

if TYPE_CHECKING:
    from pathlib import Path

    from coinmux.framework.config.settings import Settings
    from coinmux.framework.gateway import Gateway

_MIB = 1_048_576
#: Below the first a check fails, below the second it warns.
_DISK_MB, _DISK_ROOM_MB = 50, 500
_MEMORY_MB, _MEMORY_ROOM_MB = 100, 300


async def machine(gateway: Gateway) -> list[Finding]:
    """Every check that asks no source."""
    settings = gateway.settings
    return [
        *_folder(settings.data_dir),
        _disk(settings.data_dir),
        _memory(),
        _port(settings),
        await _archive(gateway),
        await _store(settings),
    ]


def _existing(folder: Path) -> Path:
    """The folder, or the nearest above it that exists."""
    found = folder.absolute()
    while not found.exists():
        found = found.parent
    return found


def _trouble(folder: Path) -> tuple[str, str] | None:
    """Why nothing can be stored in the folder, or in the nearest above it, and what to do."""
    there = _existing(folder)
    if not there.is_dir():
        return f"{there} is a file where a folder must be", "move it away"
    try:
        # Permissions do not say it all: the superuser may write even where nothing can be made.
        with TemporaryFile(dir=there):
            return None
    except OSError:
        return f"{folder} cannot be written to", f"see who owns {there}"


def _folder(folder: Path) -> list[Finding]:
    there = _existing(folder)
    if trouble := _trouble(folder):
        what, remedy = trouble
        return [Finding("folder", "failed", what, f"{remedy}, or set DATA_DIR")]
    if there == folder.absolute() and os.name == "posix" and folder.stat().st_mode & 0o077:
        detail = f"{folder} may be read by others"
        return [Finding("folder", "warning", detail, f"chmod 700 {folder}")]
    return [Finding("folder", "ok", f"{folder} can be written to")]


def _disk(folder: Path) -> Finding:
    free = shutil.disk_usage(_existing(folder)).free // _MIB
    status = "failed" if free < _DISK_MB else "warning" if free < _DISK_ROOM_MB else "ok"
    remedy = "" if status == "ok" else "make room, or set DATA_DIR to a larger disk"
    return Finding("disk", status, f"{free} MiB are free for {folder}", remedy)


def _memory() -> Finding:
    free: int = psutil.virtual_memory().available // _MIB
    status = "failed" if free < _MEMORY_MB else "warning" if free < _MEMORY_ROOM_MB else "ok"
    remedy = "" if status == "ok" else "make room, or lower CACHE_MB and WORKERS"
    return Finding("memory", status, f"{free} MiB are free", remedy)


def _port(settings: Settings) -> Finding:
    where = f"{settings.host} port {settings.port}"
    try:
        listen(settings.host, settings.port).close()
    except socket.gaierror:
        detail = f"there is no host {settings.host}"
        return Finding("port", "failed", detail, "set HOST to an address of this machine")
    except OSError as error:
        detail = f"{where}: {error.strerror}"
        if error.errno == errno.EADDRINUSE:
            remedy = "a server that runs already has it; else set PORT"
            return Finding("port", "warning", detail, remedy)
        return Finding("port", "failed", detail, "set HOST and PORT to what this user may have")
    return Finding("port", "ok", f"{where} is free")


async def _archive(gateway: Gateway) -> Finding:
    settings = gateway.settings
    if settings.archive is False:
        return Finding("archive", "ok", "off: ARCHIVE is off")
    # Imported here, so that the other commands start faster.
    from coinmux.framework.archive.database import Database, read_database_url
    from coinmux.framework.archive.trouble import TROUBLE, told

    address = settings.database_url
    file = settings.data_dir / ARCHIVE_FILE
    url = read_database_url(f"sqlite:///{file}" if address is None else address.reveal())
    database = Database(url, gateway.clock)
    if database.file is not None and not database.file.exists():
        if trouble := _trouble(database.file.parent):
            return Finding("archive", "failed", *trouble)
        return Finding("archive", "ok", "no file yet; the server makes it")
    try:
        size_mb = await database.check()
    except TROUBLE as error:
        what, _, remedy = told(error).partition(": ")
        return Finding("archive", "failed", what, remedy)
    finally:
        await database.close()
    return Finding("archive", "ok", f"{database.name}, {size_mb:.1f} MiB")


async def _store(settings: Settings) -> Finding:
    if settings.state_url is None:
        return Finding("shared state", "ok", "off: no STATE_URL is set")
    from coinmux.framework.cluster.store import Store

    async def joined() -> None:
        """Nothing is shared by a look."""

    store = Store(settings.state_url, joined, lambda: None)
    await store.open()
    try:
        if store.online:
            return Finding("shared state", "ok", "the store of STATE_URL answers")
        detail = f"the store of STATE_URL: {store.trouble}"
        remedy = (
            "see that it runs and that this machine may connect; each worker is alone until then"
        )
        return Finding("shared state", "failed", detail, remedy)
    finally:
        await store.close()
