"""TradingView's UDF: the form of markets and bars that its charting library asks a server for."""
