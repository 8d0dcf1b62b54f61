"""Debian's Firefox, driven by WebDriver BiDi, which it speaks itself.

Playwright's own Firefox is a changed one that no package has, and it asks Debian's for commands
that it does not know.
"""

import asyncio
import os
import re
import shutil
import tempfile
from contextlib import asynccontextmanager

import aiohttp

FIREFOX = os.environ.get("FIREFOX") or shutil.which("firefox-esr") or shutil.which("firefox") or ""
_EVENTS = ["log.entryAdded", "network.responseCompleted", "network.fetchError"]
_GIVEN_UP = "NS_BINDING_ABORTED"
#: Firefox tells of what the policy forbids in its own window alone; the page is asked to say it.
_SAY_VIOLATIONS = """() => document.addEventListener("securitypolicyviolation",
    (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`))"""


class Firefox:
    """One session of a running Firefox."""

    def __init__(self, socket):
        self._socket = socket
        self._waiting = {}
        self._sent = 0
        self.pages = {}

    async def listen(self):
        """Hand each message to whom it is for, until the connection ends."""
        async for message in self._socket:
            said = message.json()
            if "id" in said:
                self._waiting.pop(said["id"]).set_result(said)
                continue
            details = said["params"]
            context = details.get("context") or details.get("source", {}).get("context")
            if context in self.pages:
                self.pages[context].hear(said["method"], details)

    async def send(self, method, **params):
        """The result of one command."""
        self._sent += 1
        reply = self._waiting[self._sent] = asyncio.get_running_loop().create_future()
        await self._socket.send_json({"id": self._sent, "method": method, "params": params})
        said = await asyncio.wait_for(reply, 30)
        assert said["type"] == "success", said
        return said["result"]

    @asynccontextmanager
    async def page(self, url, width=1440, height=1000):
        """A page in a tab of its own."""
        made = await self.send("browsingContext.create", type="tab")
        page = self.pages[made["context"]] = FirefoxPage(self, made["context"])
        size = {"width": width, "height": height}
        await self.send("browsingContext.setViewport", context=page.context, viewport=size)
        await self.send("browsingContext.navigate", context=page.context, url=url, wait="complete")
        try:
            yield page
        finally:
            del self.pages[page.context]
            await self.send("browsingContext.close", context=page.context)


class FirefoxPage:
    """A tab.

    Attributes:
        complaints: messages of the console, errors, and requests that failed or were refused.
    """

    def __init__(self, firefox, context):
        self._firefox = firefox
        self.context = context
        self.complaints = []

    def hear(self, method, details):
        if method == "log.entryAdded":
            self.complaints.append(f"{details['level']}: {details['text']}")
        elif method == "network.fetchError":
            # A page that leaves, or an icon that is replaced while it loads, is no failure.
            if details["errorText"] != _GIVEN_UP:
                self.complaints.append(f"failed: {details['request']['url']}")
        elif details["response"]["status"] >= 400:
            response = details["response"]
            self.complaints.append(f"{response['status']}: {response['url']}")

    async def evaluate(self, expression):
        """The value of an expression, of a kind that JSON has."""
        said = await self._firefox.send(
            "script.evaluate",
            expression=f"JSON.stringify({expression})",
            target={"context": self.context},
            awaitPromise=True,
        )
        assert said["type"] == "success", said
        return said["result"].get("value")

    async def text(self, selector):
        """What the first such element shows; None where there is none."""
        found = await self.evaluate(f"document.querySelector({selector!r})?.innerText ?? null")
        return None if found in (None, "null") else found.strip('"')


@asynccontextmanager
async def firefox():
    """A Firefox with a profile of its own."""
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = await asyncio.create_subprocess_exec(
            FIREFOX, "--headless", "--no-remote", "--profile", profile,
            "--remote-debugging-port=0", "about:blank",
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
            env={**os.environ, "HOME": profile},
        )  # fmt: skip
        try:
            address = await asyncio.wait_for(_address(process.stderr), 60)
            reading = asyncio.create_task(process.stderr.read())
            async with (
                aiohttp.ClientSession() as session,
                session.ws_connect(f"{address}/session", max_msg_size=0) as socket,
            ):
                driven = Firefox(socket)
                listening = asyncio.create_task(driven.listen())
                await driven.send("session.new", capabilities={})
                await driven.send("session.subscribe", events=_EVENTS)
                await driven.send("script.addPreloadScript", functionDeclaration=_SAY_VIOLATIONS)
                yield driven
                await driven.send("browser.close")
                await listening
            await reading
        finally:
            if process.returncode is None:
                process.kill()
            await process.wait()


async def _address(stderr):
    while line := await stderr.readline():
        if (found := re.search(rb"WebDriver BiDi listening on (ws://\S+)", line)) is not None:
            return found[1].decode()
    raise AssertionError("Firefox ended before it listened")
