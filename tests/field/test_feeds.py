"""Feeds as publishers write them."""

import re

import pytest

from tests.field.harness import Case, Reply, run

ASKED = "/api/news?limit=20&provider=rss_news&max_age_s=0"


def feed(
    inside, head='<?xml version="1.0" encoding="UTF-8"?>\n', encoding="utf-8", kind="text/xml"
):
    """The reply of one publisher: an RSS feed of these items."""
    body = (
        f"{head}<rss version='2.0'><channel><link>https://w.example/</link>{inside}</channel></rss>"
    )
    return Reply("~decrypt", body, encoding=encoding, headers={"Content-Type": kind})


def one(title, date, link="https://w.example/a"):
    """One item."""
    return f"<item><title>{title}</title><link>{link}</link><pubDate>{date}</pubDate></item>"


CASES = [
    Case(
        "feed called utf8 is latin",
        "letters of windows-1252 in words of a text that is called UTF-8; it is said",
        "rss_news",
        ASKED,
        lambda t: [
            feed(one("Les caf\u00e9s \u201cd\u2019or\u201d", t.rfc(-60)), encoding="cp1252")
        ],
        data={"items.0.title": "Les caf\u00e9s \u201cd\u2019or\u201d"},
        meta={"notes": lambda v: any("windows-1252" in note for note in v)},
    ),
    Case(
        "feed utf16 without a mark",
        "its first bytes say what it is",
        "rss_news",
        ASKED,
        lambda t: [
            feed(
                one("Caf\u00e9", t.rfc(-60)),
                head='<?xml version="1.0" encoding="utf-16"?>',
                encoding="utf-16-le",
            )
        ],
        data={"items.0.title": "Caf\u00e9"},
    ),
    Case(
        "feed code page by another name",
        "`x-cp1251` in the header is windows-1251",
        "rss_news",
        ASKED,
        lambda t: [
            feed(
                one("\u0411\u0438\u0442\u043a\u043e\u0438\u043d", t.rfc(-60)),
                head="",
                encoding="cp1251",
                kind="text/xml; charset=x-cp1251",
            )
        ],
        data={"items.0.title": "\u0411\u0438\u0442\u043a\u043e\u0438\u043d"},
    ),
    Case(
        "feed json in its place",
        "a publisher that moved to JSON is named with what came",
        "rss_news",
        ASKED,
        lambda t: [
            feed(one("One", t.rfc(-60))),
            Reply("~coindesk", {"items": []}, headers={"Content-Type": "application/feed+json"}),
        ],
        data={"items.#": 1},
        meta={"notes": lambda v: any("CoinDesk" in note and "JSON" in note for note in v)},
    ),
    Case(
        "feed date in german",
        "month and zone of a German theme",
        "rss_news",
        ASKED,
        lambda t: [feed(one("One", "Di, 03 M\u00e4r 2026 13:00:00 CET"))],
        data={"items.0.published_at": 1_772_539_200_000},
    ),
    Case(
        "feed one id for all",
        "the links tell the items apart",
        "rss_news",
        ASKED,
        lambda t: [
            feed(
                "".join(
                    one(f"No {n}", t.rfc(-60 * n), f"https://w.example/{n}").replace(
                        "<pubDate>", "<guid isPermaLink='false'>w</guid><pubDate>"
                    )
                    for n in (1, 2)
                )
            )
        ],
        data={"items.0.id": "https://w.example/1", "items.1.id": "https://w.example/2"},
    ),
    Case(
        "feed ascii but utf8",
        "declared ASCII, sent UTF-8: read as UTF-8",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="us-ascii"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>Café opens</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.0.title": "Café opens"},
    ),
    Case(
        "feed bare ampersand",
        "an `&` that begins no entity stands for itself",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>Profit & loss at a R&D lab</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item><item><title>Two</title><link>https://wire.example/b</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 2},
    ),
    Case(
        "feed control character",
        "a control character is dropped, not the feed",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>Bit\x08coin rises</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item><item><title>Two</title><link>https://wire.example/b</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 2},
    ),
    Case(
        "feed date sept",
        "`Sept` is September",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                '<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>One</title><link>https://wire.example/a</link><pubDate>Tue, 01 Sept 2026 13:00:00 +0300</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.published_at": 1788256800000},
    ),
    Case(
        "feed leading lines",
        "blank lines before the XML declaration",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'\r\n\n<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>One</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.title": "One"},
    ),
    Case(
        "feed no title",
        "an item without a title is shown by the beginning of its text",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><link>https://wire.example/n1</link><guid>https://wire.example/n1</guid><pubDate>{t.rfc(-60)}</pubDate><description>&lt;p&gt;Miners sold more than they made this week.&lt;/p&gt;</description></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.title": lambda v: re.search("^Miners sold more", v)},
    ),
    Case(
        "feed relative link",
        "a relative link begins at the link of its channel",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>One</title><link>/2026/11/one.html</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.url": "https://wire.example/2026/11/one.html"},
    ),
    Case(
        "feed root namespace",
        "elements in a default namespace of the root are elements of the feed",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0" xmlns="https://cyber.harvard.edu/rss/rss.html"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>One</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.title": "One"},
    ),
    Case(
        "feed unbound prefix",
        "a prefix that was never declared",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><snf:logo><url>https://wire.example/l.png</url></snf:logo><item><title>One</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate><media:thumbnail url="https://wire.example/t.png"/></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 1, "items.0.title": "One"},
    ),
    Case(
        "feed windows 1251",
        "a Cyrillic code page that Python knows",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f"<?xml version='1.0' encoding='windows-1251'?>\n<rss version=\"2.0\"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>Биткоин вырос</title><link>https://wire.example/a</link><pubDate>{t.rfc(-3600)}</pubDate></item></channel></rss>\n",
                encoding="cp1251",
                headers={"Content-Type": "text/xml"},
            )
        ],
        data={"items.0.title": "Биткоин вырос"},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_feeds(case):
    """The right value comes, or the honest error."""
    await run(case)
