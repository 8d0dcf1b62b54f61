"""An hour in which sources fail at random and readers come and go; it takes some seconds."""

import asyncio
import gc
import statistics
from contextlib import AsyncExitStack
from random import Random

from tests.framework.streams.chaotic import gateway_over, reading
from tests.framework.streams.venue import LASTING, ONCE, SILENCE_S, Venue, Way
from tests.framework.streams.virtual_time import run
from tests.framework.streams.witness import Witness

HOUR_S, STEP_S = 3_600, 2
#: A reader is told something so soon after a source can be followed or asked.
RESUMED_S = 5.0
_KEPT_MS = 900_000
_CAPABILITIES = ("ticker", "trades", "order_book", "candles")
_PAIRS = ("BTC", "ETH")
_WAYS = {
    "a": Way(),
    "b": Way(ids="rising", book="asked", candles="made"),
    "c": Way(book="checksum", candles="clock"),
}


class Hour:
    """The readers of an hour, and what is done to the sources."""

    def __init__(self, clock, seed):
        self._clock, self._rng = clock, Random(seed)
        self._loop = asyncio.get_running_loop()
        symbols = tuple(f"{base}-USDT" for base in _PAIRS)
        self.venues = {
            name: Venue(name, place, clock, Random(place), way, symbols)
            for place, (name, way) in enumerate(_WAYS.items(), 1)
        }
        self.readers = {}
        self.wrong, self.objects, self.tasks = [], [], []
        self.troubles = 0
        self._next_trouble = self._next_reader = 5.0
        self._followed_since = {}

    async def pass_by(self, gateway):
        for second in range(0, HOUR_S, STEP_S):
            await asyncio.sleep(STEP_S)
            for venue in self.venues.values():
                venue.move()
            if second >= self._next_trouble:
                self._next_trouble = second + self._rng.expovariate(1 / 12)
                self._spoil()
            if second >= self._next_reader:
                self._next_reader = second + self._rng.expovariate(1 / 5)
                await self._come_or_go(gateway)
            self._look(gateway)
            if second % 120 == 0:
                self._count()

    def _spoil(self):
        rng = self._rng
        self.troubles += 1
        if rng.random() < 0.05:  # the network is away
            seconds = rng.choice((4.0, 25.0, 100.0))
            for venue in self.venues.values():
                venue.begin("down", seconds)
            return
        name = rng.choice(sorted(self.venues))
        self.venues[name].begin(rng.choice(ONCE + LASTING), rng.choice((7.0, 15.0, 60.0)))

    async def _come_or_go(self, gateway):
        rng = self._rng
        question = rng.choice(_CAPABILITIES), rng.choice(_PAIRS)
        stacks = self.readers.setdefault(question, [])
        if stacks and rng.random() < 0.5:
            witness, stack = stacks.pop(rng.randrange(len(stacks)))
            await stack.aclose()
            self.wrong += witness.wrong
        elif len(stacks) < 4:
            capability, base = question
            witness = Witness(capability, self.venues, f"{base}-USDT", self._loop, self._clock)
            stack = AsyncExitStack()
            await stack.enter_async_context(reading(gateway, capability, f"{base}/USDT", witness))
            stacks.append((witness, stack))

    def _look(self, gateway):
        now = self._loop.time()
        sound_s = max(now - venue.troubled_at for venue in self.venues.values())
        for stacks in self.readers.values():
            for witness, _ in stacks:
                witness.look()
                quiet_s = now - witness.told_at
                teller = self.venues.get(witness.provider)
                # That a feed is silent is not known at once.
                noticed_s = 0.0 if teller is None or now - teller.troubled_at > 20 else SILENCE_S
                if sound_s > RESUMED_S + STEP_S and quiet_s > RESUMED_S + noticed_s + STEP_S:
                    self._say(
                        f"{witness.capability} {witness.pair} has nothing since"
                        f" {quiet_s:.1f} s, a source is sound since {sound_s:.1f} s"
                    )
                    witness.told_at = now
        told = {
            f"{one.capability}:{one.subject.split()[0].replace('/', '-')}"
            for one in gateway.feeds()
            if one.state == "live"
        }
        self._look_upstream(now, told)

    def _say(self, text):
        self.wrong.append(f"{self._loop.time() - 1_000:.1f} {text}")

    def _look_upstream(self, now, told):
        """One source tells a question, and another only while it is about to take over.

        While nobody tells it, the one that did and another are both tried.
        """
        count = {}
        for venue in self.venues.values():
            for channel, times in venue.followed().items():
                if times > 2:  # a connection that ends is replaced first
                    self._say(f"{venue.name} has {channel} {times} times")
                # One that does not hear does not hear that it is left either.
                is_heard = not venue.is_in("deaf", "silence", "mute")
                if is_heard and not (channel.startswith("trades") and venue.way.candles == "made"):
                    count[channel] = count.get(channel, 0) + 1
        for channel in count:
            if count[channel] <= 1 or channel not in told:
                self._followed_since.pop(channel, None)
            elif now - self._followed_since.setdefault(channel, now) > 15.0:
                self.wrong.append(
                    f"{now - 1_000:.1f}: {channel} is followed {count[channel]} times"
                )
                self._followed_since[channel] = now

    def _count(self):
        before_ms = self._clock.wall_ms() - _KEPT_MS
        for stacks in self.readers.values():
            for witness, _ in stacks:
                witness.conclude(settled_s=120.0)
        for venue in self.venues.values():
            for market in venue.markets.values():
                market.forget(before_ms - before_ms % 60_000)
        gc.collect()
        self.objects.append(len(gc.get_objects()))
        self.tasks.append(len(asyncio.all_tasks()))

    async def end(self):
        for stacks in self.readers.values():
            for witness, stack in stacks:
                self.wrong += witness.conclude(settled_s=120.0)
                await stack.aclose()


async def hour(clock, seed=17):
    """What was wrong in it, and how much there was of everything."""
    made = Hour(clock, seed)
    async with gateway_over(made.venues, clock, OFFLINE_RETRY_S="5") as gateway:
        await asyncio.sleep(1)
        before = len(asyncio.all_tasks())
        await made.pass_by(gateway)
        await made.end()
        for venue in made.venues.values():
            venue.heal()
        await asyncio.sleep(90)
        left = [one for venue in made.venues.values() for one in venue.peers]
        assert gateway.feeds() == []
        assert left == []
        assert len(asyncio.all_tasks()) == before
    return made


def test_an_hour_of_trouble_leaves_no_wrong_datum_and_nothing_behind():
    """Readers are told again within seconds, sources are followed once, and nothing grows."""
    made = run(hour)
    assert made.troubles > 200
    assert made.wrong == []
    warm, last = made.objects[8:15], made.objects[-7:]
    assert statistics.median(last) < 1.1 * statistics.median(warm)
    assert max(made.tasks) < 80
