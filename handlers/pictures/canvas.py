"""A sheet to draw on in the layout's pixels, smooth and sharp on phones. Pillow does it, with the font it has."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from handlers.pictures.layout import Box, Point

PAPER = "#ffffff"
_MARGIN = 28.0
_SHARPNESS = 2  # pixels of the picture per pixel of the layout: phones are sharp
_SMOOTHING = 2  # pixels drawn per pixel of the picture, each way: Pillow's lines are jagged
_LARGE = 1_500_000  # pixels of a layout above which there is neither: nobody should wait, or run out of memory
_MEASURED = 64  # the size at which text is measured


def text_width(text: str, size: float) -> float:
    """How wide a text is when written in this size."""
    return float(_font(_MEASURED).getlength(text)) / _MEASURED * size


@cache
def _font(size: float) -> Any:
    return ImageFont.load_default(size)


class Canvas:
    """A white sheet with a margin; places count from within the margin."""

    def __init__(self, width: float, height: float) -> None:
        wide, high = width + 2 * _MARGIN, height + 2 * _MARGIN
        sharpness, self._smoothing = (_SHARPNESS, _SMOOTHING) if wide * high < _LARGE else (1, 1)
        self._scale = sharpness * self._smoothing
        self._image = Image.new("RGB", (round(wide * self._scale), round(high * self._scale)), PAPER)
        self._draw = ImageDraw.Draw(self._image)

    def _at(self, point: Point) -> Point:
        return (point[0] + _MARGIN) * self._scale, (point[1] + _MARGIN) * self._scale

    def box(self, box: Box, *, radius: float, fill: str, ink: str, pen: float) -> None:
        """Draw a box with round corners."""
        half_width, half_height = box.width / 2, box.height / 2
        corners = (self._at((box.x + side * half_width, box.y + side * half_height)) for side in (-1, 1))
        self._draw.rounded_rectangle(
            tuple(corners), radius * self._scale, fill=fill, outline=ink, width=round(pen * self._scale)
        )

    def text(self, centre: Point, text: str, size: float, ink: str, *, around: str) -> None:
        """Write a line of text; what it crosses is interrupted for it, in the colour `around`."""
        font, halo = _font(size * self._scale), 4 * self._scale
        self._draw.text(self._at(centre), text, ink, font, anchor="mm", stroke_width=halo, stroke_fill=around)

    def line(self, begin: Point, end: Point, *, ink: str, pen: float) -> None:
        """Draw a straight line."""
        self._draw.line((self._at(begin), self._at(end)), fill=ink, width=max(1, round(pen * self._scale)))

    def polygon(self, corners: Sequence[Point], *, ink: str) -> None:
        """Fill a shape."""
        self._draw.polygon([self._at(corner) for corner in corners], fill=ink)

    def png(self) -> bytes:
        """Return the picture as a file."""
        width, height = self._image.size
        size = (max(1, width // self._smoothing), max(1, height // self._smoothing))
        file = BytesIO()
        self._image.resize(size, Image.Resampling.BOX).save(file, "PNG", optimize=True)
        return file.getvalue()
