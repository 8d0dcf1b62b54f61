"""One result for each text, in the order of the texts."""

from coinmux import HTTP, TextSentiment, TextSentimentQuery, hookimpl


@hookimpl
async def fetch_text_sentiment(query: TextSentimentQuery, http: HTTP) -> TextSentiment:
    rows = await http.post_json("/score", {"texts": list(query.texts)})
    return TextSentiment.of(query, [(row["label"], row["score"]) for row in rows], "acme-1")
