"""What an installed plugin returns is what its model says, optional values too."""

import pytest

from coinmux import CAPABILITIES, Ticker, TickerQuery
from coinmux.framework.errors import PluginError
from coinmux.framework.quality.foreign_results import check_foreign

QUERY = TickerQuery(symbol="BTC/USDT")


@pytest.mark.parametrize("wrong", [{"last": "x"}, {"high": "x"}, {"high": -1.0}, {"timestamp": 7}])
def test_a_value_put_past_the_model_is_refused(wrong):
    """A model reads a bad optional value as null, so that nothing is raised is not enough."""
    good = Ticker(symbol="BTC/USDT", last=1.0)
    check_foreign(CAPABILITIES["ticker"], QUERY, good, 0)
    with pytest.raises(PluginError):
        check_foreign(CAPABILITIES["ticker"], QUERY, good.model_copy(update=wrong), 0)
