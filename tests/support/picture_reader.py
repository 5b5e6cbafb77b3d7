"""A picture read back as it is drawn: where its texts are, and what lies on what."""

import itertools

from matplotlib.contour import ContourSet
from matplotlib.patches import Circle, FancyBboxPatch, Rectangle
from matplotlib.path import Path
from matplotlib.text import Annotation, Text
from matplotlib.transforms import Bbox

EDGE_PX = 4  # of the picture, which letters of another renderer may take
WHOLE = 0.9  # alpha from which what lies behind a text is not seen through it


class PictureReader:
    """The texts of a picture with their boxes, and the lines, dots and bars around them [pixels]."""

    def __init__(self, picture):
        self.renderer = picture.canvas.get_renderer()
        picture.draw(self.renderer)
        self.width, self.height = picture.bbox.width, picture.bbox.height
        self.axes = picture.axes
        owners = [picture, *picture.axes]
        every = {id(text): text for owner in owners for text in owner.findobj(Text)}.values()
        self.texts = [text for text in every if self._is_seen(text)]

    def box(self, text):
        """The box of a text, of an annotation without its arrow."""
        return Text.get_window_extent(text, self.renderer)

    def _is_seen(self, text):
        if not text.get_visible() or not text.get_text().strip() or text.get_alpha() == 0:
            return False
        clip, box = text.get_clip_box(), self.box(text)
        return box.width > 1 and not (text.get_clip_on() and clip is not None and not clip.overlaps(box))

    @property
    def words(self):
        """Every text."""
        return [text.get_text() for text in self.texts]

    def outside(self):
        """The texts that reach over the edge of the picture, or up to it."""
        boxes = [(text.get_text(), self.box(text)) for text in self.texts]
        wide, high = self.width - EDGE_PX, self.height - 1
        return [text for text, b in boxes if b.x0 < EDGE_PX or b.y0 < 1 or b.x1 > wide or b.y1 > high]

    def on_one_another(self):
        """The pairs of texts that overlap by more than a hair."""
        pairs = itertools.combinations(self.texts, 2)
        return [(a.get_text(), b.get_text()) for a, b in pairs if _overlap(self.box(a), self.box(b))]

    def on_lines(self):
        """The texts with a line, a border, an arrow or a dot through them that nothing hides."""
        return [text.get_text() for text in self.texts if self._is_crossed(text)]

    def _is_crossed(self, text):
        inner, hides_from = _shrunk(self.box(text)), self._hides_from(text)
        for line in (line for axes in self.axes for line in axes.lines if line.get_visible()):
            if line.get_zorder() >= hides_from and self._is_line_in(line, inner):
                return True
        paths = [path for zorder, path in self._borders_and_arrows(text) if zorder >= hides_from]
        return any(path.intersects_bbox(inner, filled=False) for path in paths)

    def _hides_from(self, text):
        """What is drawn from this level on is seen through or over a text."""
        back = text.get_bbox_patch()
        if back is not None and (back.get_alpha() or 1) >= WHOLE:
            return text.get_zorder()
        circles = [patch for axes in self.axes for patch in axes.patches if isinstance(patch, Circle)]
        middle = _middle(self.box(text))
        return max((c.get_zorder() for c in circles if c.get_window_extent().contains(*middle)), default=-1)

    def _is_line_in(self, line, box):
        if line.get_clip_on() and line.get_clip_box() is not None:
            box = Bbox.intersection(box, line.get_clip_box())
        if box is None:
            return False
        path = line.get_transform().transform_path(line.get_path())
        is_drawn, has_dots = line.get_linestyle() != "None", line.get_marker() != "None"
        dots = path.vertices if has_dots else ()
        return (is_drawn and path.intersects_bbox(box, filled=False)) or any(box.contains(*at) for at in dots)

    def _borders_and_arrows(self, text):
        for axes in self.axes:
            for each in axes.collections:
                if isinstance(each, ContourSet) and not each.filled:
                    for path in each.get_paths():
                        yield from _pieces(each.get_zorder(), axes.transData.transform_path(path))
            for each in axes.texts:
                arrow = each.arrow_patch if isinstance(each, Annotation) and each is not text else None
                if arrow is not None and arrow.get_visible():
                    path = arrow.get_transform().transform_path(arrow.get_path())
                    yield from _pieces(each.get_zorder(), path)

    def out_of_shape(self):
        """The texts whose middle is in a box, a bar or a circle and that do not fit into it."""
        shapes = [
            patch.get_window_extent(self.renderer)
            for axes in self.axes
            for patch in axes.patches
            if isinstance(patch, Rectangle | FancyBboxPatch | Circle) and patch.get_visible()
        ]
        return [text.get_text() for text in self.texts if self._leaves_its_shape(text, shapes)]

    def _leaves_its_shape(self, text, shapes):
        box = _shrunk(self.box(text))
        around = [shape for shape in shapes if shape.contains(*_middle(box))]
        is_free = text.get_bbox_patch() is not None  # it has its own background, and may lie across
        return bool(around) and not is_free and not any(s.x0 <= box.x0 and box.x1 <= s.x1 for s in around)


def _pieces(zorder, path):
    """A path without what joins its pieces: matplotlib's test of a box counts that as drawn."""
    return ((zorder, Path(points)) for points in path.to_polygons(closed_only=False))


def _middle(box):
    return (box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2


def _overlap(one, other):
    width = min(one.x1, other.x1) - max(one.x0, other.x0)
    height = min(one.y1, other.y1) - max(one.y0, other.y0)
    return width > 1.5 and height > 2.5


def _shrunk(box):
    """A box without the padding of its letters."""
    return Bbox([[box.x0 + 1, box.y0 + 2], [box.x1 - 1, box.y1 - 2]])
