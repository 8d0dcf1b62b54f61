"""Every exchange's socket on loopback: the simulated market, told in each one's own frames."""
