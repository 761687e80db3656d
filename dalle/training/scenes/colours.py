"""Colours that have a name: plain backgrounds, tints, and the colour of a drawing."""

import numpy as np

COLOURS = {
    "white": (255, 255, 255),
    "black": (0, 0, 0),
    "grey": (140, 140, 140),
    "red": (220, 30, 35),
    "orange": (250, 140, 20),
    "yellow": (252, 215, 40),
    "green": (25, 165, 55),
    "light green": (155, 228, 135),
    "blue": (35, 85, 220),
    "light blue": (150, 208, 250),
    "purple": (130, 45, 180),
    "pink": (250, 145, 195),
    "brown": (125, 75, 40),
    "beige": (236, 217, 183),
    "teal": (20, 140, 140),
    "navy": (20, 30, 90),
    "light pink": (255, 192, 203),
    "light grey": (211, 211, 211),
    "dark grey": (70, 72, 76),
    "dark green": (10, 80, 40),
    "dark purple": (128, 0, 128),
    "bright red": (255, 0, 0),
    "bright blue": (0, 0, 255),
    "bright yellow": (255, 255, 0),
    "lime": (0, 255, 0),
    "cyan": (0, 255, 255),
    "magenta": (255, 0, 255),
    "maroon": (128, 0, 0),
    "olive": (128, 128, 0),
    "gold": (212, 175, 55),
    "lavender": (200, 180, 240),
    "peach": (255, 203, 164),
    "coral": (250, 128, 114),
    "mint": (170, 240, 200),
}
COLOUR_NAMES = {
    "grey": ("grey", "gray"),
    "light green": ("light green", "pale green"),
    "light blue": ("light blue", "sky blue", "pale blue"),
    "purple": ("purple", "violet"),
    "beige": ("beige", "cream"),
    "teal": ("teal", "turquoise"),
    "navy": ("navy", "navy blue", "dark blue"),
    "light pink": ("light pink", "pale pink", "baby pink"),
    "light grey": ("light grey", "light gray", "silver"),
    "dark grey": ("dark grey", "dark gray", "charcoal"),
    "lime": ("lime", "lime green", "neon green", "bright green"),
    "cyan": ("cyan", "aqua"),
    "magenta": ("magenta", "fuchsia", "hot pink"),
    "maroon": ("maroon", "dark red", "burgundy"),
    "gold": ("gold", "golden"),
    "lavender": ("lavender", "lilac"),
    "coral": ("coral", "salmon pink"),
    "mint": ("mint", "mint green"),
}
# Not beige, light green and navy, which are too close to natural or other colours.
TINTS = ("red", "orange", "yellow", "green", "blue", "light blue", "purple", "pink", "brown",
         "black", "white", "teal", "grey")  # fmt: skip

# Hues that light and shade turn a colour into.
NEIGHBOURS = {
    "red": ("pink", "orange", "brown"),
    "orange": ("yellow", "red", "mixed"),
    "yellow": ("orange", "mixed"),
    "green": ("yellow", "teal"),
    "blue": ("teal", "purple"),
    "purple": ("blue", "pink"),
    "pink": ("red", "purple"),
    "brown": ("orange", "red"),
    "white": ("grey",),
    "black": ("grey",),
}

_LUMINANCE = np.array([77, 150, 29], np.uint32)  # of 256; ITU-R BT.601


def strongest(picture: np.ndarray) -> np.ndarray:
    """The largest of a pixel's three channels, [..., 3] -> [...]."""
    # A max over so short an axis takes numpy 17 times as long.
    return np.maximum(np.maximum(picture[..., 0], picture[..., 1]), picture[..., 2])


def luminance(pixels: np.ndarray) -> np.ndarray:
    """[..., 3] uint8 -> [...] uint8."""
    return ((pixels[..., :3] @ _LUMINANCE) >> 8).astype(np.uint8)


def block_means(pixels: np.ndarray, side: int) -> np.ndarray:
    """Of each `side` x `side` pixels: [..., H, W, C] uint8 -> [..., h, w, C] float32, 0..255."""
    *rows, height, width, channels = pixels.shape
    blocks = pixels.reshape(*rows, height // side, side, width // side, side, channels)
    # One axis after the other, in whole numbers: four times faster than a mean over both.
    return blocks.sum(-4, dtype=np.uint16).sum(-2, dtype=np.uint16) / np.float32(side**2)


def tint(sprite: np.ndarray, name: str) -> np.ndarray:
    """A cut-out [H, W, 4] in another colour; its lights and shades stay."""
    light = luminance(sprite)
    mean = np.clip(light[sprite[..., 3] > 128].mean() / 255, 0.02, 0.98)
    middle = np.clip(COLOURS[name] @ _LUMINANCE / 256 / 255, 0.06, 0.93)
    # A white sheep has to grow darker before it can be purple: bring its mean to the colour's.
    gamma = np.clip(np.log(middle) / np.log(mean), 0.3, 4)
    shade = (np.arange(256) / 255) ** gamma  # [256], 0..1
    colour = np.array(COLOURS[name]) / 255
    # Darker than the colour: towards black. Lighter: towards white.
    down = colour * (shade / middle)[:, None]
    up = colour + (1 - colour) * ((shade - middle) / (1 - middle))[:, None]
    table = np.where(shade[:, None] < middle, down, up)
    table = (np.clip(table, 0, 1) * 255 + 0.5).astype(np.uint8)  # [256, 3]
    return np.concatenate([table[light], sprite[..., 3:]], axis=-1)


def dominant_colour(sprite: np.ndarray) -> str | None:
    """The one colour that most of a cut-out [H, W, 4] has, or None when it is mixed."""
    pixels = sprite[sprite[..., 3] > 200][:, :3].astype(np.float32) / 255  # [N, 3]
    if not len(pixels):
        return None
    names, counts = np.unique(_name_pixels(pixels), return_counts=True)
    shares = dict(zip(names.tolist(), counts / len(pixels), strict=True))
    best = max(shares, key=shares.get)
    # A shaded red apple is part pink: neighbours count towards the larger of the two.
    neighbour = max((shares.get(name, 0) for name in NEIGHBOURS.get(best, ())), default=0)
    clear = shares[best] >= 0.6 or (shares[best] >= 0.4 and shares[best] + neighbour >= 0.75)
    return best if clear and best != "mixed" else None


def _name_pixels(pixels: np.ndarray) -> np.ndarray:
    value, low = pixels.max(-1), pixels.min(-1)
    spread = np.maximum(value - low, 1e-6)
    saturation = spread / np.maximum(value, 1e-6)
    r, g, b = pixels.T
    hue = np.select(
        [value == r, value == g],
        [(g - b) / spread % 6, (b - r) / spread + 2],
        (r - g) / spread + 4,
    ) * 60  # fmt: skip
    # The first rule that holds names the pixel.
    rules = [
        ((value < 0.25) | ((value < 0.4) & (saturation < 0.6)), "black"),
        ((saturation < 0.15) & (value > 0.85), "white"),
        (saturation < 0.24, "grey"),
        ((hue < 45) & (value < 0.72) & ((saturation < 0.6) | (hue >= 12)), "brown"),
        ((hue >= 330) & (value < 0.7) & (saturation < 0.5), "brown"),
        (((hue < 16) | (hue >= 345)) & (saturation > 0.62), "red"),
        ((hue < 8) | (hue >= 305), "pink"),
        ((hue < 40) & (saturation > 0.62), "orange"),
        ((hue >= 40) & (hue < 66) & (saturation > 0.4), "yellow"),
        ((hue >= 66) & (hue < 165), "green"),
        ((hue >= 165) & (hue < 185), "teal"),
        ((hue >= 185) & (hue < 252), "blue"),
        ((hue >= 252) & (hue < 305), "purple"),
    ]
    return np.select([rule for rule, _ in rules], [name for _, name in rules], "mixed")
