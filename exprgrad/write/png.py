"""A circuit as a PNG picture: the SVG on a white page, drawn by resvg."""

from __future__ import annotations

from exprgrad.errors import UsageError
from exprgrad.style import Style
from exprgrad.write.drawing import Drawing
from exprgrad.write.palette import palettes
from exprgrad.write.svg import colours, picture

_SCALE = 2  # pixels for one of the SVG's


def write(drawing: Drawing, style: Style) -> bytes:
    """The picture.  Raises UsageError without the library, or for a circuit that is too large."""
    try:
        import resvg_py
    except ImportError:
        raise UsageError("--to png needs a library more", hint="pip install 'exprgrad[png]'") from None
    light, _ = palettes(style)
    svg = "\n".join(picture(drawing, colours(light)))
    return bytes(resvg_py.svg_to_bytes(svg_string=svg, background=light.page, zoom=_SCALE))
