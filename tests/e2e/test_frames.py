"""Data frames of what simulated sources answer: every capability, and an indicator."""

import os

import msgspec
import pytest

from coinmux.framework.models.data_frames import META
from coinmux.server.process.simulated_gateway import gateway_for

ASKED = [
    ("ticker", {"symbol": "BTC/USDT"}),
    ("candles", {"symbol": "BTC/USDT", "limit": 20}),
    ("order_book", {"symbol": "BTC/USDT"}),
    ("trades", {"symbol": "BTC/USDT"}),
    ("markets", {}),
    ("coins", {}),
    ("global_stats", {}),
    ("gas", {"chain": "ethereum"}),
    ("chain_head", {"chain": "bitcoin"}),
    ("news", {}),
    ("fear_greed", {}),
    ("social", {"asset": "BTC"}),
    ("onchain_metric", {"metric": "hash_rate", "asset": "BTC"}),
    ("large_transfers", {}),
    ("tvl", {}),
    ("text_sentiment", {"texts": ["Bitcoin rises"]}),
]


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    return str(tmp_path_factory.mktemp("data"))


async def test_every_answer_is_a_frame_that_says_where_it_is_from(data_dir):
    quiet = {"DATA_DIR": data_dir, "CHECKER": "off", "ARCHIVE": "off"}
    async with gateway_for(os.devnull, simulate=True, **quiet) as gateway:
        for name, values in ASKED:
            query = gateway.capability(name).query.model_validate(values)
            answer = await gateway.fetch(name, query)
            arrow, table = answer.to_arrow(), answer.data.table()
            assert arrow.num_rows == (len(table.rows) if table.columns else 1), name
            assert arrow.num_columns > 0, name
            meta = msgspec.json.decode(arrow.schema.metadata[META])
            assert meta["provider"] == answer.provider
            assert answer.to_pandas().attrs["meta"]["simulated"] is True
            assert answer.to_polars().height == arrow.num_rows

        result = await gateway.indicator("sma", "BTC/USDT", "1h", limit=10)
        frame = result.to_pandas()
        assert frame.index.name == "timestamp"
        assert len(frame) == result.to_polars().height == 10
        assert frame.attrs["once"]["indicator"] == "sma"
