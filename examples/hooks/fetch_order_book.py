"""Levels may come in any order; the model ranks them."""

from coinmux import HTTP, OrderBook, OrderBookQuery, hookimpl


@hookimpl
async def fetch_order_book(query: OrderBookQuery, http: HTTP) -> OrderBook:
    body = await http.get_json("/book", {"depth": query.depth})
    book = OrderBook(symbol=query.symbol, bids=body["bids"], asks=body["asks"])
    return book.cut(query.depth)
