"""A sweep as it filled: the finished figure, uncovered cell by cell in the order of the records.

Only two pictures are drawn, one with every cell and one with none; each frame takes every cell from one of the two.
So the last frame is the figure itself, pixel for pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image

from nihbench.errors import UsageError
from nihbench.figures.page import UNRUN, look, write_picture
from nihbench.figures.style import Palette, Style
from nihbench.lang.messages import t

SUFFIXES = (".png", ".gif")
_FRAMES = 60
"""At most: longer sweeps uncover several cells a frame."""
_MOST_PIXELS = 40_000_000
"""Of all frames together, each of four bytes: of a large figure there are fewer frames."""
_FRAME_MS, _LAST_MS = 90, 3000
_DPI = 100

Pixels = NDArray[np.uint8]
Place = tuple[int, int]


def check_animation(path: Path) -> str:
    """Return the path's suffix in lower case.

    Raises:
        UsageError: It is not one that an animation can be written as.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise UsageError(t("figures.animation_written_png_apng", path_name=path.name))
    return path.suffix.lower()


def save_animation(figure: Figure, places: Sequence[Place], path: Path, style: Style) -> int:
    """Write the animation of a figure that has one map, and return how many frames it has.

    Args:
        figure: A figure made by `draw_heatmap` with nominal axes.
        places: (row, column) of the cells, in the order in which they were finished.
        path: An APNG (.png) or a GIF.
        style: The figure's; its resolution is bounded, as every frame costs memory.

    Raises:
        UsageError: The suffix is another one, or the file can't be written.
    """
    suffix = check_animation(path)
    full, blank, boxes = _two_pictures(figure, min(style.dpi, _DPI), style)
    colours: list[int] = []
    if suffix == ".gif":
        (full, blank), colours = _indexed(style.palette, full, blank)
    elif (full[:, :, 3] == 255).all() and (blank[:, :, 3] == 255).all():
        full, blank = full[:, :, :3].copy(), blank[:, :, :3].copy()
    most = max(2, min(_FRAMES, _MOST_PIXELS // (full.shape[0] * full.shape[1])))
    step = max(1, -(-len(places) // most))
    count = len(range(0, len(places), step)) + 2
    times = [_FRAME_MS] * (count - 1) + [_LAST_MS]
    frames = _Frames(full=full, blank=blank, boxes=boxes, places=places, step=step, colours=colours)
    picture, first = BytesIO(), frames.image(blank)
    if suffix == ".gif":
        first.save(picture, "GIF", save_all=True, append_images=frames, duration=times, loop=0, optimize=False)
    else:
        first.save(picture, "PNG", save_all=True, append_images=frames, duration=times, loop=0)
    write_picture(path, picture.getvalue())
    return count


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class _Frames:
    """The frames behind the blank one: `step` more places each time, then the full picture.

    Pillow looks at them twice, and keeps a copy of each: they are made when it asks, so that there is no other.
    """

    full: Pixels
    blank: Pixels
    boxes: Mapping[Place, tuple[slice, slice]]
    places: Sequence[Place]
    step: int
    colours: Sequence[int]

    def __iter__(self) -> Iterator[Image.Image]:
        frame = self.blank.copy()
        for first in range(0, len(self.places), self.step):
            for place in self.places[first : first + self.step]:
                frame[self.boxes[place]] = self.full[self.boxes[place]]
            yield self.image(frame)
        yield self.image(self.full)

    def image(self, frame: Pixels) -> Image.Image:
        made = Image.fromarray(frame.copy())
        if self.colours:
            made.putpalette(list(self.colours))
        return made


def _indexed(palette: Palette, *pictures: Pixels) -> tuple[list[Pixels], list[int]]:
    """Return pictures as indices into one palette, and that palette's parts: red, green and blue of 256 colours.

    Half are the commonest, so what fills cells and ground stays exact; half are of the scale, for the colour bar.
    """
    flat = np.concatenate([picture[:, :, :3].reshape(-1, 3) for picture in pictures])
    packed = flat.astype(np.int64) @ (65_536, 256, 1)
    known, where, counts = np.unique(packed, return_inverse=True, return_counts=True)
    scale = [int(palette.colour(k / 127)[1:], 16) for k in range(128)]
    chosen = np.concatenate([known[np.argsort(-counts, kind="stable")[:128]], scale])
    parts = [np.stack([colours // 65_536, colours // 256 % 256, colours % 256], axis=-1) for colours in (known, chosen)]
    nearest = np.array([np.abs(parts[1] - colour).sum(axis=1).argmin() for colour in parts[0]], dtype=np.uint8)
    indices = nearest[where].reshape(len(pictures), *pictures[0].shape[:2])
    return list(indices), [int(part) for part in parts[1].ravel()]


def _two_pictures(figure: Figure, dpi: int, style: Style) -> tuple[Pixels, Pixels, dict[Place, tuple[slice, slice]]]:
    """Return the figure, the figure with all cells covered, and each cell's pixels as (rows, columns)."""
    axes = figure.axes[0]
    width, height = round(axes.get_xlim()[1]), round(axes.get_ylim()[0])
    canvas = FigureCanvasAgg(figure)
    was = figure.dpi
    with look():
        figure.set_dpi(dpi)
        full = _pixels(canvas)
        box = axes.bbox
        inches = (box.width / dpi / width, box.height / dpi / height)
        corners = np.array([(j, i) for i in range(height) for j in range(width)], dtype=np.float64)
        covers = UNRUN.boxes(corners, np.ones_like(corners), inches, style.palette)
        for cover, order in zip(covers, (5.0, 5.1), strict=True):
            cover.set_zorder(order)
            axes.add_collection(cover, autolim=False)
        blank = _pixels(canvas)
        for cover in covers:
            cover.remove()
        figure.set_dpi(was)
    top = full.shape[0] - box.y1
    xs = [round(box.x0 + box.width * j / width) for j in range(width + 1)]
    ys = [round(top + box.height * i / height) for i in range(height + 1)]
    boxes = {(i, j): (slice(ys[i], ys[i + 1]), slice(xs[j], xs[j + 1])) for i in range(height) for j in range(width)}
    return full, blank, boxes


def _pixels(canvas: FigureCanvasAgg) -> Pixels:
    canvas.draw()  # type: ignore[no-untyped-call]
    return np.array(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
