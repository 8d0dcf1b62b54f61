"""Every figure of docs/speed.md, by subject: what is measured, how, and what must hold.

A new module of figures is one line here.
"""

from bench.figure import Figure
from bench.figures import (
    archive,
    hedging,
    http,
    indicators,
    inprocess,
    live_cryptofeed,
    live_delay,
    live_messages,
    live_readers,
    memory,
    openbb,
    routing,
    startup,
    workers,
)

#: In the order of the table.
FIGURES: tuple[Figure, ...] = (
    *http.FIGURES,
    *inprocess.FIGURES,
    *routing.FIGURES,
    *openbb.FIGURES,
    *indicators.FIGURES,
    *hedging.FIGURES,
    *startup.FIGURES,
    *memory.FIGURES,
    *workers.FIGURES,
    *archive.FIGURES,
    *live_messages.FIGURES,
    *live_cryptofeed.FIGURES,
    *live_delay.FIGURES,
    *live_readers.FIGURES,
)
