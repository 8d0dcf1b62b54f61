"""`python -m bench`: every figure of docs/speed.md beside its yardstick, in one run."""

import argparse
import asyncio

import uvloop
from rich.console import Console
from rich.table import Table

from bench import hedging, indicators, inprocess, overhttp, startup
from bench.processes import pin, process


def main() -> None:
    parser = argparse.ArgumentParser(prog="bench")
    parser.add_argument("--quick", action="store_true", help="a tenth of the work, for a look")
    quick = parser.parse_args().quick
    rounds = 2 if quick else 5
    table = Table(title="coinmux beside its yardsticks (best of each, one run, one machine)")
    for column in ("work", "ours", "yardstick", "ratio", "target", ""):
        table.add_column(column)

    def line(work, ours, yardstick, ratio, target, holds):
        table.add_row(work, ours, yardstick, f"{ratio:.2f}", target, "holds" if holds else "MISSED")

    with process(["-m", "bench.upstream"], core=1) as child:
        upstream = f"http://127.0.0.1:{int(child.stdout.readline())}"
        http = overhttp.measure(upstream, rounds=rounds, seconds=1 if quick else 3)
        pin(0, 0)
        best = uvloop.run(
            inprocess.measure(
                upstream,
                rounds=rounds,
                tickers=1_000 if quick else 5_000,
                candles=100 if quick else 500,
            )
        )
        begun, memory = startup.measure(upstream, rounds=2 if quick else 4)

    rate = http["cached"][0] / http["bare"][0]
    line(
        "cached ticker over HTTP", f"{http['cached'][0]:.0f}/s",
        f"bare ASGI {http['bare'][0]:.0f}/s",
        rate, ">= 0.60", rate >= 0.6,
    )  # fmt: skip
    cost = http["uncached"][1] / http["proxy"][1]
    line(
        "uncached ticker over HTTP, server CPU", f"{http['uncached'][1]:.0f} us",
        f"aiohttp proxy {http['proxy'][1]:.0f} us", cost, "<= 2.0", cost <= 2,
    )  # fmt: skip
    for kind, target in (("ticker", 1.0), ("candles", 0.25)):
        ours, theirs = best[f"our {kind}"], best[f"ccxt {kind}"]
        title = "uncached ticker in process" if kind == "ticker" else "500 candles in process"
        line(
            f"{title}, CPU", f"{ours:.0f} us", f"ccxt {theirs:.0f} us", ours / theirs,
            f"<= {target}", ours / theirs <= target,
        )  # fmt: skip
        bare = best[f"bare {kind}"]
        line(
            f"{title}, CPU", f"{ours:.0f} us", f"bare aiohttp {bare:.0f} us", ours / bare, "", True
        )
    small, large = inprocess.ranking_us(100), inprocess.ranking_us(1000)
    line(
        "ranking 1,000 sources",
        f"{large:.0f} us",
        f"100 sources {small:.0f} us",
        large / small,
        "<= 200 us",
        large <= 200,
    )
    found = indicators.catalogue()
    ours, bare = indicators.one_us(found, rounds=rounds)
    title = "RSI of 500 candles and its JSON"
    line(title, f"{ours:.0f} us", f"TA-Lib {bare:.0f} us", ours / bare, "<= 2.0", ours <= 2 * bare)
    for name, other in indicators.others_us(rounds=rounds).items():
        line(title, f"{ours:.0f} us", f"{name}, no JSON {other:.0f} us", ours / other, "", True)
    ours, bare = indicators.batch_ms(found, rounds=rounds)
    line(
        "500 markets x 7 x 1,000 candles", f"{ours:.1f} ms", f"bare TA-Lib {bare:.1f} ms",
        ours / bare, "<= 1.3", ours <= 1.3 * bare,
    )  # fmt: skip
    asked = 500 if quick else 2_000
    plain, _ = asyncio.run(hedging.p99_ms(asked, hedge=False))
    hedged, calls = asyncio.run(hedging.p99_ms(asked, hedge=True))
    line(
        f"slowest hundredth, hedged ({100 * (calls - 1):.0f} % more calls)", f"{hedged:.0f} ms",
        f"not hedged {plain:.0f} ms", hedged / plain, "<= 0.5", hedged <= plain / 2,
    )  # fmt: skip
    line("start to first answer", f"{begun:.2f} s", "1.5 s", begun / 1.5, "<= 1.5 s", begun <= 1.5)
    line("resident memory", f"{memory:.0f} MB", "150 MB", memory / 150, "<= 150 MB", memory <= 150)
    Console(width=120).print(table)


if __name__ == "__main__":
    main()
