"""What a mark looks like on the screen, by its pixels: whatever colours a reader has chosen."""

import base64

#: The shape of each picture: one letter a pixel, `#` where it is not its ground.
_SHAPES = """async (all) => {
  const found = [];
  for (const text of all) {
    const bytes = Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
    const picture = await createImageBitmap(new Blob([bytes], { type: "image/png" }));
    const { width, height } = picture;
    const canvas = new OffscreenCanvas(width, height).getContext("2d");
    canvas.drawImage(picture, 0, 0);
    const { data } = canvas.getImageData(0, 0, width, height);
    const far = (at) => [0, 1, 2].some((part) => Math.abs(data[at + part] - data[part]) > 60);
    const row = (y) => Array.from({ length: width }, (_, x) => (far(4 * (y * width + x)) ? "#" : ".")).join("");
    found.push(Array.from({ length: height }, (_, y) => row(y)).join("\\n"));
  }
  return found;
}"""  # noqa: E501


async def shapes_of(page, marks):
    """The shape of each of these marks, as it is painted; the corner of each is its ground."""
    pictures = []
    for mark in marks:
        # Another's place may be over it for a moment.
        await mark.scroll_into_view_if_needed()
        pictures.append(base64.b64encode(await mark.screenshot(animations="disabled")).decode())
    other = await page.context.new_page()
    try:
        return await other.evaluate(_SHAPES, pictures)
    finally:
        await other.close()
