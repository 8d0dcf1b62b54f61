"""Texts and stories as sources send them."""

import pytest

from tests.field.harness import Case, Reply, run

NEWSAPI = "/api/news?limit=20&max_age_s=0&provider=newsapi"
CRYPTOPANIC = "/api/news?limit=20&max_age_s=0&provider=cryptopanic"


def articles(t, *changes):
    """NewsAPI's answer: one article for each of these changes to a good one."""
    rows = [
        {
            "source": {"id": None, "name": "The Paper"},
            "title": f"No {at}",
            "description": f"Text {at}",
            "url": f"https://news.example/{at}",
            "publishedAt": t.iso(-60 * (at + 1)),
            **change,
        }
        for at, change in enumerate(changes)
    ]
    return [Reply("everything", {"status": "ok", "totalResults": len(rows), "articles": rows})]


def posts(t, *changes):
    """CryptoPanic's answer: one post for each of these changes to a good one."""
    rows = [
        {
            "id": at,
            "slug": f"no-{at}",
            "title": f"No {at}",
            "description": f"Text {at}",
            "published_at": t.iso(-60 * (at + 1)),
            "source": {"title": "Wire", "domain": "wire.example"},
            "original_url": f"https://wire.example/{at}",
            "url": f"https://cryptopanic.com/news/{at}",
            "instruments": [{"code": "BTC"}],
            **change,
        }
        for at, change in enumerate(changes)
    ]
    return [Reply("posts", {"next": None, "results": rows})]


CASES = [
    Case(
        "news title null",
        "an article without a title is shown by the beginning of its description",
        "newsapi",
        NEWSAPI,
        lambda t: articles(t, {"title": None}, {"title": 404}, {}),
        data={"items.#": 3, "items.0.title": "Text 0", "items.1.title": "Text 1"},
    ),
    Case(
        "news date in the future",
        "the date is left out, and it is said",
        "newsapi",
        NEWSAPI,
        lambda t: articles(t, {"publishedAt": t.iso(86_400)}, {}),
        data={"items.1.title": "No 0", "items.1.published_at": None},
        meta={"notes": lambda v: any("published_at" in note and "future" in note for note in v)},
    ),
    Case(
        "news half an emoji",
        "a description that was cut inside an emoji costs that emoji",
        "newsapi",
        NEWSAPI,
        lambda t: articles(t, {"description": "Up \ud83d"}, {"description": "Up \U0001f680"}),
        data={"items.0.summary": "Up \ufffd", "items.1.summary": "Up \U0001f680"},
    ),
    Case(
        "news ada act",
        "a law is no news of the coin that has its letters",
        "newsapi",
        NEWSAPI.replace("limit", "asset=ADA&limit"),
        lambda t: articles(t, {"title": "ADA Act lawsuit"}, {"title": "ADA climbs"}),
        data={"items.#": 1, "items.0.title": "ADA climbs"},
    ),
    Case(
        "post of odd members",
        "publisher, coins and link are read each for itself",
        "cryptopanic",
        CRYPTOPANIC,
        lambda t: posts(
            t,
            {"source": "Wire", "instruments": [None, {"code": None}, {"code": "eth"}]},
            {"original_url": "javascript:alert(1)", "instruments": {"code": "BTC"}},
            {},
        ),
        data={
            "items.0.source": "Wire",
            "items.0.symbols": ["ETH"],
            "items.1.url": "https://cryptopanic.com/news/1",
            "items.#": 3,
        },
    ),
    Case(
        "gdelt spaced title",
        "the index puts spaces around marks, in numbers too",
        "gdelt",
        "/api/news?limit=20&max_age_s=0&provider=gdelt",
        lambda t: [
            Reply(
                "/doc",
                {
                    "articles": [
                        {
                            "url": "https://news.example/a",
                            "title": "Bitcoin ' s fall below $ 90 , 000 , by 5 . 5 %",
                            "seendate": "20261127T101500Z",
                            "domain": "news.example",
                        }
                    ]
                },
            )
        ],
        data={"items.0.title": "Bitcoin's fall below $90,000, by 5.5%"},
    ),
    Case(
        "entities in title",
        "HTML entities and tags in JSON news come out as plain text",
        "newsapi",
        "/api/news?limit=20&max_age_s=0&provider=newsapi",
        lambda t: [
            Reply(
                "everything",
                {
                    "status": "ok",
                    "totalResults": 1,
                    "articles": [
                        {
                            "source": {"id": None, "name": "The Paper"},
                            "author": None,
                            "title": "Coinbase&#8217;s plan &amp; Kraken&#39;s",
                            "description": "<ul><li>Up</li></ul>",
                            "url": "https://news.example/a",
                            "urlToImage": None,
                            "publishedAt": t.iso(-3600),
                            "content": None,
                        }
                    ],
                },
            )
        ],
        data={"items.0.title": "Coinbase’s plan & Kraken's", "items.0.summary": "Up"},
    ),
    Case(
        "json stray backslash",
        "one invalid escape does not cost the page",
        "gdelt",
        "/api/news?limit=20&max_age_s=0&provider=gdelt",
        lambda t: [
            Reply(
                "/doc",
                '{"articles": [ { "url": "https://news.example/a", "url_mobile": "", "title": "Miners \\& friends sell", "seendate": "20261127T101500Z", "socialimage": "", "domain": "news.example", "language": "English", "sourcecountry": "Portugal" }, { "url": "https://news.example/b", "url_mobile": "", "title": "Ether holds", "seendate": "20261127T101500Z", "socialimage": "", "domain": "news.example", "language": "English", "sourcecountry": "Portugal" } ] }',
            )
        ],
        data={"items.#": lambda v: v in (1, 2)},
    ),
    Case(
        "same title two days",
        "one title on two days and links is two stories",
        "rss_news",
        "/api/news?limit=20&provider=rss_news&max_age_s=0",
        lambda t: [
            Reply(
                "~coindesk",
                f'<?xml version="1.0" encoding="UTF-8"?>\n<rss version="2.0"><channel><title>Wire</title><link>https://wire.example/</link><description>Wire</description><item><title>Market wrap</title><link>https://wire.example/2026/11/27/wrap</link><pubDate>{t.rfc(-3600)}</pubDate></item><item><title>Market wrap</title><link>https://wire.example/2026/11/26/wrap</link><pubDate>{t.rfc(-90000)}</pubDate></item></channel></rss>\n',
                headers={"Content-Type": "application/rss+xml"},
            )
        ],
        data={"items.#": 2, "items.0.url": "https://wire.example/2026/11/27/wrap"},
    ),
    Case(
        "score above one",
        "a score just above 1 is 1",
        "huggingface",
        "/api/models/sentiment?max_age_s=0&provider=huggingface",
        lambda t: [
            Reply(
                "",
                [
                    [
                        {"label": "positive", "score": 1.0000001192092896},
                        {"label": "neutral", "score": 1e-08},
                        {"label": "negative", "score": 2e-08},
                    ]
                ],
            )
        ],
        data={
            "results.0.label": "positive",
            "results.0.score": lambda v: v in (1, 0.99999998, 1.0),
        },
        body={"texts": ["Exchange wins licence"]},
    ),
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name.replace(" ", "_"))
async def test_texts(case):
    """The right value comes, or the honest error."""
    await run(case)
