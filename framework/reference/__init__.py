"""What never changes while coinmux runs: pairs, intervals, chains, coins."""
