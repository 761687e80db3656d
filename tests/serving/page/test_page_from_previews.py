"""Pictures move from the places of their previews to those of their ranks."""

import pytest

pytestmark = pytest.mark.browser

# What is animated, by the place of its tile: whether it moves, or fades in.
WATCH = """() => {
  window.moves = [];
  const animate = Element.prototype.animate;
  Element.prototype.animate = function (frames, ...rest) {
    const at = [...this.parentNode.children].indexOf(this);
    window.moves.push([at, "transform" in frames[0]]);
    return animate.call(this, frames, ...rest);
  };
}"""


@pytest.mark.parametrize("motion", ["no-preference", "reduce"])
def test_each_picture_comes_from_its_preview(visit, address, motion):
    page = visit(address, reduced_motion=motion)
    page.view.evaluate(WATCH)
    page.generate("a cat")
    candidates = [candidate for _, candidate in page.pictures()]
    moves = page.view.evaluate("window.moves")
    if motion == "reduce":
        assert moves == []
    else:
        # The first nine candidates had previews.
        assert moves == [[at, candidate < 9] for at, candidate in enumerate(candidates)]
    assert page.mistakes == []
