"""S-CIELAB: how different two pictures look, once the eye's blur is taken off both.

X. Zhang and B. A. Wandell, "A spatial extension of CIELAB for digital color image reproduction"
(1996): CIELAB's difference after each opponent colour is blurred as far as the eye blurs it.
"""

import numpy as np

# Pixels a degree at 400 %: a screen of 96 dpi, seen from 57 cm, has 37.8 points a degree.
ENLARGED = 37.8 / 4
# For black-white, red-green, blue-yellow: weights and spreads (degrees) of their blurs.
BLURS = (
    ((0.921, 0.0283), (0.105, 0.133), (-0.108, 4.336)),
    ((0.531, 0.0392), (0.330, 0.494)),
    ((0.488, 0.0536), (0.371, 0.386)),
)
TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
TO_OPPONENT = np.array([[0.279, 0.72, -0.107], [-0.449, 0.29, -0.077], [0.086, -0.59, 0.501]])
WHITE = np.array([0.95047, 1.0, 1.08883])


def difference(before: np.ndarray, after: np.ndarray, degree: float = ENLARGED) -> np.ndarray:
    """Delta E of each pixel of two pictures, uint8 [H, W, 3]; `degree` is pixels a degree."""
    return np.linalg.norm(as_seen(before, degree) - as_seen(after, degree), axis=-1)


def as_seen(pixels: np.ndarray, degree: float) -> np.ndarray:
    """CIELAB of what the eye keeps of a picture, [H, W, 3]."""
    values = pixels / 255
    linear = np.where(values <= 0.04045, values / 12.92, ((values + 0.055) / 1.055) ** 2.4)
    opponent = linear @ TO_XYZ.T @ TO_OPPONENT.T
    planes = [blur(opponent[..., k], parts, degree) for k, parts in enumerate(BLURS)]
    xyz = np.maximum(np.stack(planes, -1) @ np.linalg.inv(TO_OPPONENT).T, 0) / WHITE
    root = np.where(xyz > 216 / 24389, np.cbrt(xyz), (24389 / 27 * xyz + 16) / 116)
    x, y, z = np.moveaxis(root, -1, 0)
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], -1)


def blur(plane: np.ndarray, parts: tuple, degree: float) -> np.ndarray:
    """A plane under a sum of Gaussians of weight 1 in all, mirrored at its edges."""
    height, width = plane.shape
    padded = np.pad(plane, ((0, height), (0, width)), mode="symmetric")
    down = np.fft.fftfreq(2 * height)[:, None] * degree
    across = np.fft.rfftfreq(2 * width) * degree
    frequency = np.square(down) + np.square(across)
    gains = sum(weight * np.exp(-((np.pi * spread) ** 2) * frequency) for weight, spread in parts)
    gains /= sum(weight for weight, _ in parts)
    return np.fft.irfft2(np.fft.rfft2(padded) * gains, s=padded.shape)[:height, :width]
