"""Titles and summaries may contain markup; the model reduces them to plain text."""

from coinmux import HTTP, News, NewsItem, NewsQuery, hookimpl


@hookimpl
async def fetch_news(query: NewsQuery, http: HTTP) -> News:
    rows = await http.get_json("/news", {"limit": query.limit})
    items = [
        NewsItem(id=row["id"], title=row["title"], url=row["link"], source="Acme") for row in rows
    ]
    return News(items=tuple(items))
