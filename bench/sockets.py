"""CPU of one received WebSocket message: our border, and picows; `python -m bench.sockets`.

A server in a process of its own sends prepared frames as fast as they are read.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import importlib.util
import multiprocessing
import struct
import time

_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
SIZES = {200: 100_000, 2_000: 50_000, 200_000: 1_000}


def _frame(size: int) -> bytes:
    body = b"x" * size
    if size < 126:
        return bytes((0x81, size)) + body
    if size < 65_536:
        return b"\x81\x7e" + struct.pack(">H", size) + body
    return b"\x81\x7f" + struct.pack(">Q", size) + body


def _serve(port: multiprocessing.Queue[int]) -> None:
    async def peer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lines = dict(line.split(b": ", 1) for line in head.split(b"\r\n") if b": " in line)
        key = {name.lower(): value for name, value in lines.items()}[b"sec-websocket-key"]
        accept = base64.b64encode(hashlib.sha1(key + _GUID).digest())
        writer.write(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + accept + b"\r\n\r\n"
        )
        size = int(head.split(b" ")[1].rpartition(b"/")[2])
        frame, count = _frame(size), SIZES[size]
        together = max(1, 20_000 // size)
        await asyncio.sleep(0.1)
        for _ in range(0, count, together):
            writer.write(frame * together)
            await writer.drain()
        await asyncio.sleep(1)
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(peer, "127.0.0.1", 0)
        port.put(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


async def _ours(url: str, count: int) -> float:
    from coinmux.framework.transport.pool import Pool
    from coinmux.framework.transport.websocket import SocketAddress, open_socket

    done, seen = asyncio.Event(), 0

    def heard(_: str | bytes) -> None:
        nonlocal seen
        seen += 1
        if seen >= count:
            done.set()

    pool = Pool()
    address = SocketAddress.parse(url, allowed=True)
    until = asyncio.get_running_loop().time() + 60
    begun = time.process_time()
    wire = await open_socket(pool, address, heard, lambda _: done.set(), until=until, limit=10**7)
    await done.wait()
    taken = time.process_time() - begun
    wire.abort()
    await pool.close()
    return taken / count


async def _picows(url: str, count: int) -> float:
    import picows  # type: ignore[import-not-found,unused-ignore]

    done, seen = asyncio.Event(), 0

    class Listener(picows.WSListener):  # type: ignore[misc,unused-ignore]
        def on_ws_frame(self, transport: object, frame: picows.WSFrame) -> None:
            nonlocal seen
            frame.get_payload_as_utf8_text()
            seen += 1
            if seen >= count:
                done.set()

        def on_ws_disconnected(self, transport: object) -> None:
            done.set()

    begun = time.process_time()
    transport, _ = await picows.ws_connect(Listener, url, max_frame_size=10**7)
    await done.wait()
    taken = time.process_time() - begun
    transport.disconnect()
    return taken / count


def main() -> None:
    """Print the medians of five runs each."""
    port: multiprocessing.Queue[int] = multiprocessing.Queue()
    server = multiprocessing.Process(target=_serve, args=(port,), daemon=True)
    server.start()
    base = f"ws://127.0.0.1:{port.get()}"
    clients = {"ours": _ours}
    if importlib.util.find_spec("picows") is not None:
        clients["picows"] = _picows
    for size, count in SIZES.items():
        for name, client in clients.items():
            found = sorted(asyncio.run(client(f"{base}/{size}", count)) for _ in range(5))
            print(f"{size:7} bytes  {name:7} {found[2] * 1e6:8.2f} us a message")
    server.terminate()


if __name__ == "__main__":
    main()
