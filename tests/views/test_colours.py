"""Services of the cost bars, and designs on a map, are told apart by those who see no green too.

Deuteranopia as by Machado, Oliveira and Fernandes (2009), at full severity; distances are CIEDE2000.
"""

import itertools
import re

import numpy as np
import pytest
from matplotlib.collections import QuadMesh
from matplotlib.colors import to_hex

import explorer as ex
from explorer.analysis.decision_map import map_decisions
from explorer.engine.designs import Design
from explorer.facts.locations import web_dir
from explorer.views.colours import AREAS, SERVICES, colours_of, hue_and_shade
from explorer.views.figures.decisions import EMPTY

LEAST = 10.0
DEUTERANOPIA = np.array(
    [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.011820, 0.042940, 0.968881]]
)
TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.0721750], [0.0193339, 0.1191920, 0.9503041]]
)
WHITE = np.array([0.95047, 1.0, 1.08883])
LOOK = (web_dir() / "look.css").read_text(encoding="utf-8")
LIGHT, DARK = LOOK.split("[data-theme=dark]", 1)


def lab(colour: str, sight: np.ndarray) -> np.ndarray:
    """A colour as L, a, b."""
    value = np.array([int(colour[i : i + 2], 16) for i in (0, 2, 4)]) / 255
    linear = np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)
    xyz = TO_XYZ @ np.clip(sight @ linear, 0, 1) / WHITE
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def distance(one: np.ndarray, other: np.ndarray) -> float:
    """CIEDE2000, as Sharma, Wu and Dalal (2005) write it."""
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    g = 0.5 * (1 - np.sqrt(chroma**7 / (chroma**7 + 25**7)))
    (l1, a1, b1), (l2, a2, b2) = ((each[0], each[1] * (1 + g), each[2]) for each in (one, other))
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = (h2 - h1 + 180) % 360 - 180
    dh = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2))
    lightness, c, h = (l1 + l2) / 2, (c1 + c2) / 2, (h1 + turn / 2) % 360
    t = 1 - 0.17 * cos(h - 30) + 0.24 * cos(2 * h) + 0.32 * cos(3 * h + 6) - 0.2 * cos(4 * h - 63)
    rotation = -np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2)))) * 2 * np.sqrt(c**7 / (c**7 + 25**7))
    parts = (
        (l2 - l1) / (1 + 0.015 * (lightness - 50) ** 2 / np.sqrt(20 + (lightness - 50) ** 2)),
        (c2 - c1) / (1 + 0.045 * c),
        dh / (1 + 0.015 * c * t),
    )
    return float(np.sqrt(sum(part**2 for part in parts) + rotation * parts[1] * parts[2]))


def cos(degrees: float) -> float:
    return float(np.cos(np.radians(degrees)))


def test_the_distance_is_that_of_the_published_pairs():
    pair = np.array([50.0, 2.6772, -79.7751]), np.array([50.0, 0.0, -82.7485])
    assert distance(*pair) == pytest.approx(2.0425, abs=1e-4)
    pair = np.array([2.0776, 0.0795, -1.1350]), np.array([0.9033, -0.0636, -0.5514])
    assert distance(*pair) == pytest.approx(0.9082, abs=1e-4)


@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA], ids=["all colours", "no green"])
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=["light", "dark"])
def test_services_are_told_apart(theme, sight):
    colours = {int(n): lab(colour, sight) for n, colour in re.findall(r"--s(\d+): #([0-9a-f]{6})", theme)}
    assert len(colours) == 12
    near = {
        pair: round(distance(colours[pair[0]], colours[pair[1]]), 1)
        for pair in itertools.combinations(sorted(colours), 2)
        if distance(colours[pair[0]], colours[pair[1]]) < LEAST
    }
    assert near == {}


def test_a_service_has_one_colour_in_the_app_and_in_the_pictures():
    on_screen = {int(n): f"#{colour}" for n, colour in re.findall(r"--s(\d+): #([0-9a-f]{6})", LIGHT)}
    assert [on_screen[number] for number in sorted(on_screen)] == list(SERVICES)
    picture = ex.figures.costs(ex.recommend(ex.Workload.load("statements")))
    bars = {to_hex(bar.get_facecolor()) for bar in picture.axes[0].patches}
    assert bars >= {SERVICES[0], SERVICES[4]}  # Lambda, data transfer
    assert bars <= {*SERVICES}


# Designs ------------------------------------------------------------------------------------------

LEAST_OF_DESIGNS = 7.5  # white borders and names set regions apart too
LEAST_TO_GROUND = 8.0
POINTS = 40


@pytest.fixture(scope="module")
def winners() -> dict[str, list[Design]]:
    """The designs on the map of each example."""
    return {
        name: map_decisions(ex.Workload.load(path), points=POINTS).designs
        for name, path in ex.examples().items()
    }


@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA], ids=["all colours", "no green"])
@pytest.mark.parametrize("shade", ["area", "dark_area", "line"])
def test_designs_on_a_map_are_told_apart(winners, shade, sight):
    pairs = [pair for designs in winners.values() for pair in itertools.combinations(designs, 2)]
    assert len(pairs) > 100
    colours = [[lab(getattr(colours_of(design), shade)[1:], sight) for design in pair] for pair in pairs]
    assert min(distance(one, other) for one, other in colours) > LEAST_OF_DESIGNS


@pytest.mark.parametrize("sight", [np.eye(3), DEUTERANOPIA], ids=["all colours", "no green"])
def test_no_area_looks_like_the_ground_where_no_design_is_feasible(sight):
    areas = [lab(colour[1:], sight) for hue in AREAS for colour in hue]
    assert min(distance(area, lab(EMPTY[1:], sight)) for area in areas) > LEAST_TO_GROUND


def test_a_design_has_one_colour_in_the_app_and_in_the_pictures(winners):
    w = ex.Workload.load("statements")
    picture = ex.decision_map(w)
    mesh = next(each for each in picture.axes[0].collections if isinstance(each, QuadMesh))
    areas = {to_hex(colour) for colour in mesh.get_cmap().colors}
    assert areas >= {colours_of(design).area for design in winners["statements"]}
    rates = ex.figures.cost_by_rate(w, winners["statements"][:3])
    lines = {to_hex(line.get_color()) for line in rates.axes[0].lines}
    assert lines >= {colours_of(design).line for design in winners["statements"][:3]}


def test_hue_says_the_pattern_and_a_choice_more_changes_the_shade():
    plain = Design("none", "function-url", "inline", "buffered", "none", "single", "on-demand", "bundled")
    hue, shade = hue_and_shade(plain)
    for concern, option in (("door", "rest-api"), ("edge", "cloudfront"), ("compression", "gzip")):
        other = hue_and_shade(Design(**{**plain.ids, concern: option}))
        assert other[0] == hue and other[1] != shade
    assert hue_and_shade(Design(**{**plain.ids, "response": "stored"}))[0] != hue
