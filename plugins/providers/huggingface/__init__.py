"""Hugging Face Inference: three text models, asked through its router. Key required.

Each model is a channel with a health of its own: one that is loading, withdrawn or not served by
the provider any more costs the others nothing. Texts go in one request; each model has its own
words for its labels, which become ours here. A score is the probability of positive less that of
negative.

Source: https://huggingface.co/docs/inference-providers/tasks/text-classification and
https://huggingface.co/docs/inference-providers/pricing, read 2026-11-23.
"""

from typing import Any, Literal

from coinmux import HTTP, Channel, EnvVar, ProviderInfo, RateLimit, Reply, hookimpl
from coinmux import errors as e
from coinmux import models as m

ROUTER = "https://router.huggingface.co/hf-inference/models"
#: Model id -> channel. The first is asked where none is named.
MODELS = {
    "ProsusAI/finbert": "finbert",
    "cardiffnlp/twitter-roberta-base-sentiment-latest": "twitter_roberta",
    "ElKulako/cryptobert": "cryptobert",
}
#: A softmax in single precision comes out a little above 1.
ROUNDING = 1e-3
#: Words of the models for positive, neutral and negative, in lower case.
LABELS: dict[str, Literal["positive", "neutral", "negative"]] = {
    "positive": "positive",
    "bullish": "positive",
    "neutral": "neutral",
    "negative": "negative",
    "bearish": "negative",
}


@hookimpl
def provider_info() -> ProviderInfo:
    """Three models behind one router."""
    return ProviderInfo(
        name="huggingface",
        title="Hugging Face",
        category="model",
        base_url=ROUTER,
        channels=tuple(Channel(name, f"{ROUTER}/{model}") for model, name in MODELS.items()),
        models=MODELS,
        env=(
            EnvVar(
                "HF_TOKEN",
                aliases=("HUGGINGFACEHUB_API_TOKEN", "HF_API_KEY", "HUGGINGFACE_API_KEY"),
                send_as="header:Authorization=Bearer {}",
                description="Scores news and texts with FinBERT, CryptoBERT and Twitter-RoBERTa.",
                signup_url="https://huggingface.co/settings/tokens",
            ),
        ),
        rate_limits=(RateLimit(requests=30, per_s=60),),
        timeout_s=8.0,
        priority=40,
        homepage="https://huggingface.co",
        terms_url="https://huggingface.co/terms-of-service",
        docs_url="https://huggingface.co/docs/inference-providers/tasks/text-classification",
        docs_read="2026-11-23",
        notes="The token needs the permission Inference Providers; a free account has 0.10 USD of "
        "credits a month. Which models the router serves changes without notice.",
    )


@hookimpl
def map_error(reply: Reply, query: m.Query) -> Exception | None:
    """`error` is text or a list of texts, also inside a 200; a model that loads says how long."""
    if not isinstance(reply.body, dict) or not reply.body.get("error"):
        return None
    error = reply.body["error"]
    said = "; ".join(map(str, error)) if isinstance(error, list) else str(error)
    said = said[:200]
    waiting_s = reply.body.get("estimated_time")
    if waiting_s is not None or "currently loading" in said:
        return e.RateLimited(said, retry_after_s=None if waiting_s is None else m.number(waiting_s))
    if reply.status == 402 or "included credits" in said:
        return e.QuotaExhausted(said)
    if reply.status in (401, 403):
        return e.AuthRefused(f"HF_TOKEN is refused, or lacks Inference Providers: {said}")
    if reply.status == 429:
        return e.RateLimited(said)
    return e.BadStatus(said, status=reply.status)


@hookimpl
async def fetch_text_sentiment(query: m.TextSentimentQuery, http: HTTP) -> m.TextSentiment:
    """One request to the model named, else to the first that may be asked."""
    if query.model is not None and query.model not in MODELS:
        raise e.NotOffered(f"no model {query.model[:60]!r}")
    channels = http.channels() if query.model is None else [MODELS[query.model]]
    if not channels:
        raise e.ProviderBusy("no model may be asked now")
    parameters = {"top_k": 3, "function_to_apply": "softmax"}

    async def ask(channel: HTTP) -> m.TextSentiment:
        body = await channel.post_json("", {"inputs": list(query.texts), "parameters": parameters})
        model = next(model for model, name in MODELS.items() if name == channel.channel)
        return parse(body, query, model)

    return await http.first_of(channels, ask)


def parse(body: Any, query: m.TextSentimentQuery, model: str) -> m.TextSentiment:
    """A list for each text of labels with their probabilities; a single text may come unnested."""
    rows = [body] if body and isinstance(body[0], dict) else body
    return m.TextSentiment.of(query, [read_labels(row) for row in rows], model)


def read_labels(row: Any) -> tuple[Literal["positive", "neutral", "negative"], float]:
    """The likeliest label, and how much likelier positive is than negative."""
    chances = {LABELS[str(one["label"]).lower()]: m.number(one["score"]) for one in row}
    if not chances or not all(-ROUNDING <= chance <= 1 + ROUNDING for chance in chances.values()):
        raise e.Implausible("probabilities outside 0 to 1, or none")
    chances = {label: min(max(chance, 0.0), 1.0) for label, chance in chances.items()}
    label = max(chances, key=lambda one: chances[one])
    score = chances.get("positive", 0.0) - chances.get("negative", 0.0)
    return label, round(score, 6)
