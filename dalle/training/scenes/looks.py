"""Ways a whole picture can look: each sees no further than a block of 4 x 4 pixels and its border.

That is as far as the image tokenizer's filter sees, which learns to imitate them.
"""

import numpy as np

from dalle.training.scenes.colours import block_means, luminance, strongest

BLOCK = 4  # pixels a side of a block of pixel art


def _grey(picture: np.ndarray) -> np.ndarray:
    return np.repeat(luminance(picture)[..., None], 3, axis=-1)


def _through(table: np.ndarray, values: np.ndarray) -> np.ndarray:
    return np.clip(table, 0, 255).astype(np.uint8)[values]


def black_and_white(picture: np.ndarray) -> np.ndarray:
    return _grey(picture)


def old_photo(picture: np.ndarray) -> np.ndarray:
    ramp = np.linspace(0, 1, 256)[:, None]
    return _through(np.array([45, 28, 15]) + ramp * np.array([200, 197, 175]), luminance(picture))


def negative(picture: np.ndarray) -> np.ndarray:
    return 255 - picture


def pop_art(picture: np.ndarray) -> np.ndarray:
    """Four levels a channel, after pushing each pixel away from its grey."""
    grey = luminance(picture)[..., None].astype(np.int16)
    vivid = np.clip(grey + (picture.astype(np.int16) - grey) * 2, 0, 255)
    return _through((np.arange(256) // 64) * 85, vivid)


def _enlarge(blocks: np.ndarray) -> np.ndarray:
    return blocks.repeat(BLOCK, 0).repeat(BLOCK, 1)


def pixel_art(picture: np.ndarray) -> np.ndarray:
    """Blocks of 4 x 4 pixels, of 16 levels a channel."""
    means = block_means(picture, BLOCK)
    return _enlarge(((means + 8) // 17 * 17).clip(0, 255).astype(np.uint8))


def _edges(picture: np.ndarray) -> np.ndarray:
    """How sharply a picture changes to the right and downwards, [H, W] 0..1."""
    values = picture.astype(np.float32)
    across = strongest(np.abs(np.diff(values, axis=1, append=values[:, -1:])))
    down = strongest(np.abs(np.diff(values, axis=0, append=values[-1:])))
    return np.clip((across + down) / 110, 0, 1)


def neon(picture: np.ndarray) -> np.ndarray:
    """Bright outlines in the picture's own colours on near black."""
    edges = _edges(picture)[..., None]
    vivid = (picture / (strongest(picture)[..., None].astype(np.float32) + 1)) ** 2 * 255
    dark = picture * 0.12 + np.array([8, 4, 20], np.float32)
    return (dark * (1 - edges) + np.maximum(vivid, 40) * edges).astype(np.uint8)


def at_night(picture: np.ndarray) -> np.ndarray:
    return (picture * np.array([0.34, 0.38, 0.58], np.float32)).astype(np.uint8)


def pencil_sketch(picture: np.ndarray) -> np.ndarray:
    paper = 250 - 55 * (1 - luminance(picture)[..., None] / 255.0)
    lines = 1 - 0.85 * _edges(picture)[..., None]
    return np.repeat(paper * lines, 3, axis=-1).astype(np.uint8)


def watercolour(picture: np.ndarray) -> np.ndarray:
    """Blocks of 4 x 4 pixels blended half with the pixels, paler, on paper."""
    soft = 0.5 * picture + 0.5 * _enlarge(block_means(picture, BLOCK))
    return (soft * 0.72 + np.array([255, 252, 244], np.float32) * 0.28).astype(np.uint8)


def security_camera(picture: np.ndarray) -> np.ndarray:
    """Greenish grey with dark lines every fourth row."""
    grey = luminance(picture)[..., None] * np.array([0.72, 0.86, 0.76], np.float32)
    grey[3::4] *= 0.6
    return grey.astype(np.uint8)


def thermal(picture: np.ndarray) -> np.ndarray:
    """Dark is cold blue, bright is hot yellow."""
    stops = np.array([[10, 10, 60], [120, 20, 140], [225, 60, 60], [250, 160, 40], [255, 250, 190]])
    at = np.linspace(0, 255, len(stops))
    table = np.stack([np.interp(np.arange(256), at, channel) for channel in stops.T], axis=-1)
    return _through(table, luminance(picture))


def blueprint(picture: np.ndarray) -> np.ndarray:
    edges = _edges(picture)[..., None]
    paper = np.array([24, 70, 150], np.float32) + 0.12 * luminance(picture)[..., None]
    return (paper * (1 - edges) + 245 * edges).astype(np.uint8)


def court_sketch(picture: np.ndarray) -> np.ndarray:
    """Brown lines and pale chalk colours on tan paper."""
    edges = 0.9 * _edges(picture)[..., None]
    chalk = picture * 0.45 + np.array([205, 184, 150], np.float32) * 0.55
    return (chalk * (1 - edges) + np.array([70, 44, 30], np.float32) * edges).astype(np.uint8)


def comic(picture: np.ndarray) -> np.ndarray:
    """Black outlines around three levels a channel."""
    levels = _through((np.arange(256) * 3 // 256) * 127, picture)
    return (levels * (1 - _edges(picture)[..., None])).astype(np.uint8)


# name: (function, whether colours can still be told, words before "of a cat", words after "a cat")
LOOKS = {
    "black and white": (black_and_white, False,
        ("a black and white photo", "a greyscale picture", "a monochrome photo"),
        ("black and white", "in black and white", "greyscale", "grayscale")),
    "old photo": (old_photo, False, ("an old photo", "a vintage photo", "a sepia photo"),
        ("old photo", "sepia", "vintage photograph")),
    "negative": (negative, False, ("a negative", "a photo negative", "an inverted picture"),
        ("negative", "inverted colors", "photo negative")),
    "pop art": (pop_art, True, ("a pop art picture", "a pop art poster", "a pop art painting"),
        ("pop art", "in the style of pop art", "pop art style")),
    "pixel art": (pixel_art, True, ("a pixel art picture", "pixel art", "an 8-bit picture"),
        ("pixel art", "8-bit", "pixelated", "in a video game", "8-bit video game style")),
    "neon": (neon, False, ("a neon sign", "a neon picture"),
        ("neon", "neon lights", "glowing neon", "in neon")),
    "at night": (at_night, False, ("a night photo", "a night time picture"),
        ("at night", "in the dark", "at midnight")),
    "pencil sketch": (pencil_sketch, False,
        ("a pencil sketch", "a pencil drawing", "a sketch", "a charcoal drawing"),
        ("pencil sketch", "pencil drawing", "sketch")),
    "watercolour": (watercolour, True,
        ("a watercolour", "a watercolor painting", "a watercolour painting", "a painting"),
        ("watercolour", "watercolor", "watercolor painting")),
    "security camera": (security_camera, False,
        ("cctv footage", "security camera footage", "trail cam footage"),
        ("cctv footage", "security camera", "caught on cctv")),
    "thermal": (thermal, False, ("a thermal image", "an infrared photo", "a heat map"),
        ("thermal camera", "infrared", "thermal image")),
    "court sketch": (court_sketch, True,
        ("a court sketch", "a courtroom sketch", "a chalk drawing"),
        ("court sketch", "courtroom sketch", "in court")),
    "comic": (comic, True, ("a comic book drawing", "a comic", "a comic panel"),
        ("comic book style", "comic", "manga")),
    "blueprint": (blueprint, False, ("a blueprint", "a technical drawing"), ("blueprint",)),
}  # fmt: skip
