"""Texts and stories as sources send them."""

import pytest

from tests.field.harness import Case, Reply, run

CASES = [
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
