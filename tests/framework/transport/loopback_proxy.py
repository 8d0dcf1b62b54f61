"""Proxies on loopback: they lead everything they are asked for to one port."""

import asyncio
import contextlib
from contextlib import asynccontextmanager


class LoopbackProxy:
    """Speaks CONNECT, or SOCKS 5.

    Args:
        leads_to: the port of whatever is asked for.
        kind: `http` or `socks5`.
        login: user and password it wants.
        answer: bytes in place of its answer; b"" for none at all.

    Attributes:
        asked: what it was asked to lead to, `host:port` each.
    """

    def __init__(self, leads_to, kind="http", *, login=None, answer=None):
        self.leads_to = leads_to
        self.kind = kind
        self.login = login
        self.answer = answer
        self.asked = []
        self.heads = []
        self._tasks = set()
        self._writers = []

    @asynccontextmanager
    async def open(self, context=None):
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=context)
        scheme = self.kind if context is None else "https"
        login = "" if self.login is None else "{}:{}@".format(*self.login)
        self.port = server.sockets[0].getsockname()[1]
        self.url = f"{scheme}://{login}127.0.0.1:{self.port}"
        try:
            yield self
        finally:
            server.close()
            for writer in self._writers:
                writer.transport.abort()
            await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(0.01)  # transports report their end in the loop's next rounds

    async def _serve(self, reader, writer):
        self._tasks.add(asyncio.current_task())
        self._writers.append(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError):
            talk = self._http if self.kind == "http" else self._socks
            if await talk(reader, writer):
                there, out = await asyncio.open_connection("127.0.0.1", self.leads_to)
                self._writers.append(out)
                await asyncio.gather(_pass_on(reader, out), _pass_on(there, writer))
        writer.close()

    async def _http(self, reader, writer):
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        self.heads.append(head)
        self.asked.append(head.split(" ")[1])
        if self.answer is not None:
            writer.write(self.answer)
            # Silent, or said: either way it stays.
            await reader.read()
            return False
        if self.login is not None and "Proxy-Authorization: Basic bWU6aHVudGVyMjJ4" not in head:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
            return False
        writer.write(b"HTTP/1.1 200 Connection established\r\nVia: here\r\n\r\n")
        return True

    async def _socks(self, reader, writer):
        _, count = await reader.readexactly(2)
        methods = await reader.readexactly(count)
        if self.answer is not None:
            writer.write(self.answer)
            await reader.read()
            return False
        method = 0 if self.login is None else 2
        if method not in methods:
            writer.write(b"\x05\xff")
            return False
        writer.write(bytes([5, method]))
        if method == 2:
            _, length = await reader.readexactly(2)
            user = await reader.readexactly(length)
            password = await reader.readexactly((await reader.readexactly(1))[0])
            is_right = (user.decode(), password.decode()) == self.login
            writer.write(b"\x01" + bytes([not is_right]))
            if not is_right:
                return False
        kind = (await reader.readexactly(4))[3]
        length = {1: 4, 4: 16}.get(kind) or (await reader.readexactly(1))[0]
        host = await reader.readexactly(length)
        port = int.from_bytes(await reader.readexactly(2), "big")
        name = host.decode() if kind == 3 else ".".join(map(str, host))
        self.asked.append(f"{name}:{port}")
        writer.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x50")
        return True


async def _pass_on(reader, writer):
    with contextlib.suppress(OSError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
    writer.close()
