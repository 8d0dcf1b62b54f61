"""One line, by the kit that coinmux's own indicators pass."""

from coinmux.framework.testing.indicators import check_indicator


def test_choppiness_keeps_the_contract() -> None:
    check_indicator("coinmux_choppiness")
