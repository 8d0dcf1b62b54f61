"""Numbers are written as the browser's own formats write them."""

#: Gives what `format.js` makes of each value, and what the browser makes of it.
COMPARE = """
async (values) => {
  const folder = new URL("..", document.querySelector("script[src$='shared/js/boot.js']").src).href;
  const { number } = await import(`${folder}js/format.js`);
  const places = [[0, 0], [1, 0], [2, 2], [5, 2], [12, 2]];
  return values.flatMap((value) => places.map(([high, low]) => [
    number(value, high, low),
    new Intl.NumberFormat("en", { minimumFractionDigits: low, maximumFractionDigits: high })
      .format(value),
  ]));
}
"""
VALUES = (
    0, 1, -1, 7.5, 0.05, 0.005, 1.005, 2.5, -2.5, 999.994, 999.995, 999.5, 1_000, -1_234.5678,
    12_345.678, 999_999.999, 1_234_567.891, 43_000, 0.1, 0.000_012_34, 1e9, 123_456_789_012.5,
)  # fmt: skip
COMPACT = """
async (values) => {
  const folder = new URL("..", document.querySelector("script[src$='shared/js/boot.js']").src).href;
  const { compact } = await import(`${folder}js/money.js`);
  const theirs = new Intl.NumberFormat("en", { notation: "compact", maximumSignificantDigits: 4 });
  return values.map((value) => [compact(value), theirs.format(value)]);
}
"""
SIZES = (
    0, 0.5, 7, 999, 999.96, 1_000, 1_234, 12_345, 999_949, 999_960, 1_234_567, 43_210_000,
    1.5e9, 2.3456e12, 987.65e12, -1_234, 0.012345,
)  # fmt: skip
DASHES = """
async () => {
  const folder = new URL("..", document.querySelector("script[src$='shared/js/boot.js']").src).href;
  const { number, percent } = await import(`${folder}js/format.js`);
  const { price } = await import(`${folder}js/money.js`);
  return [number(null), percent(NaN), price(undefined), number(-0.0004, 2), price(0.0000123456)];
}
"""


async def test_numbers_are_written_as_the_browser_writes_them(page_of):
    """Thousands apart, rounded the same way, zeros at the end only where they are asked for."""
    async with page_of("docs") as page:
        pairs = await page.evaluate(COMPARE, list(VALUES))
    assert [ours for ours, _ in pairs] == [theirs for _, theirs in pairs]


async def test_large_figures_are_shortened_as_the_browser_shortens_them(page_of):
    """Four digits and a letter; what rounds up to the next letter has it."""
    async with page_of("docs") as page:
        pairs = await page.evaluate(COMPACT, list(SIZES))
    assert [ours for ours, _ in pairs] == [theirs for _, theirs in pairs]


async def test_what_is_not_known_is_a_dash_and_nothing_is_less_than_zero(page_of):
    """A loss too small to be seen has no sign."""
    async with page_of("docs") as page:
        assert await page.evaluate(DASHES) == ["—", "—", "—", "0", "0.00001235"]
