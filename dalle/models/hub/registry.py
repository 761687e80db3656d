"""Where models come from: registered names, Hub repositories, folders.

A model is three parts, each in a folder as published: `bart` (with its tokenizer), `vqgan` and
`clip`. A folder or repository with sub-folders of these names is a whole model; one that holds a
DALL·E alone is completed with the VQGAN and the CLIP that the published ones are used with.
"""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

from dalle.errors import DalleError
from dalle.models.checkpoints.folder import CONFIG, WEIGHT_FILES, read_json, weight_files
from dalle.models.hub.downloads import fetch

PARTS = ("bart", "vqgan", "clip")
NANO = Path(__file__).parents[3] / "assets" / "nano"

# Pinned where the commit is known: the VQGAN's by the original project, CLIP's by many others. The
# commits of the two DALL·Es are not published: each pins itself when it is first fetched (see
# downloads.py), and ModelFiles.revision tells which one it is.
COMPANIONS = {
    "vqgan": "dalle-mini/vqgan_imagenet_f16_16384@e93a26e7707683d349bf5d5c41c5b0ef69b677a9",
    "clip": "openai/clip-vit-base-patch32@3d74acf9a28c67741b2f4f2ea7635f0aaf6f0268",
}
REPOSITORIES = {"mini": "dalle-mini/dalle-mini", "mega": "dalle-mini/dalle-mega"}
NAMES = ("nano", *REPOSITORIES)

# Their geometry with random weights, for benchmarks: no download.
GEOMETRIES = Path(__file__).parent / "geometries"
RANDOM_MODELS = {
    f"random:{name}": {
        "bart": GEOMETRIES / f"{name}.json",
        "vqgan": GEOMETRIES / "vqgan_f16_16384.json",
        "clip": GEOMETRIES / "clip_vit_base_patch32.json",
    }
    for name in REPOSITORIES
}

TEXT_FILES = ("tokenizer.json", "vocab.json", "merges.txt")
DESCRIPTIONS = {
    "bart": (
        "config.json",
        "generation_config.json",
        *TEXT_FILES,
        "tokenizer_config.json",
        "special_tokens_map.json",
        "enwiki-words-frequency.txt",
    ),
    "vqgan": ("config.json",),
    "clip": ("config.json", *TEXT_FILES, "preprocessor_config.json"),
}
# A repository may offer the same weights in several forms; the first that it has is fetched.
WEIGHT_PATTERNS = (
    ("flax_model.msgpack", "flax_model.msgpack.index.json", "flax_model-*.msgpack"),
    ("model.safetensors", "model.safetensors.index.json", "model-*.safetensors"),
)
HUB_NAME = re.compile(r"(?P<repository>[\w.-]+/[\w.-]+)(@(?P<revision>[\w./-]+))?", re.ASCII)
LONGEST_TOLD = 200  # letters of a name that is no model


@dataclass(frozen=True)
class ModelFiles:
    """The folders of a model's parts (of a random model: its geometries), and which it is."""

    bart: Path
    vqgan: Path
    clip: Path
    name: str
    revision: str  # the DALL·E's commit on the Hub, or a fingerprint of its files


def locate(name: str | Path, *, weights: bool = True) -> ModelFiles:
    """The three parts of a model, downloaded where they have to be.

    Without `weights` only their descriptions are fetched. DalleError where there is no such model.
    """
    parts = {part: resolve(name, part, weights=weights) for part in PARTS}
    return ModelFiles(**parts, name=str(name), revision=revision_of(parts["bart"]))


def resolve(
    source: str | Path, part: str, *, weights: bool = True, progress: type | None = None
) -> Path:
    """The folder of one part of a registered name, a Hub repository "owner/name[@revision]" or
    a folder; for a random model the geometry, a .json file, which may also be given as such.

    `progress` is a tqdm class that takes the place of the Hub's own bars.
    """
    source = str(source)
    if source in RANDOM_MODELS:
        return RANDOM_MODELS[source][part]
    if source in REPOSITORIES:
        source = REPOSITORIES[source] if part == "bart" else COMPANIONS[part]
    if source == "nano" and not NANO.is_dir():
        raise DalleError(
            f"the embedded model is not in {NANO}; clone the whole repository, or take another "
            f"model: {', '.join(REPOSITORIES)}."
        )
    path = NANO if source == "nano" else Path(source)
    try:
        if path.suffix == ".json" and path.is_file():
            return path
        local = path.is_dir()
    except OSError as error:  # too long a name, or a folder that may not be looked into
        raise unknown(source, f"the system says: {error.strerror}") from None
    if not local:
        names = DESCRIPTIONS[part]
        path = download(source, [*names, *(f"{part}/{name}" for name in names)], progress)
    folder = path / part if (path / part).is_dir() else path
    if part != "bart" and is_dalle(folder):
        return resolve(COMPANIONS[part], part, weights=weights, progress=progress)
    if weights and not local:
        prefix = f"{part}/" if folder != path else ""
        for patterns in WEIGHT_PATTERNS:
            download(source, [prefix + pattern for pattern in patterns], progress)
            if any((folder / name).is_file() for name in WEIGHT_FILES):
                break
    return folder


def is_dalle(folder: Path) -> bool:
    return read_json(folder / CONFIG).get("model_type") == "dallebart"


def download(source: str, patterns: list[str], progress: type | None = None) -> Path:
    """The local copy of a Hub repository's files that match; DalleError where it cannot be had."""
    match = HUB_NAME.fullmatch(source)
    if not match:
        raise unknown(source, "it is not of the form owner/name[@revision]")
    # Imported here: files that are there need no Hub.
    from huggingface_hub import errors

    try:
        return fetch(match["repository"], match["revision"], patterns, progress)
    except (
        errors.RepositoryNotFoundError,
        errors.RevisionNotFoundError,
        errors.HFValidationError,
    ) as error:
        raise unknown(source, str(error)) from error
    except (errors.LocalEntryNotFoundError, errors.HTTPError, OSError) as error:
        raise DalleError(
            f"{source} is not on this machine, and fetching it from the Hugging Face Hub failed "
            f"({error}). Try again with a network, name a folder that holds the model, or take "
            "nano, which needs no download."
        ) from error


def unknown(source: str, reason: str) -> DalleError:
    if len(source) > LONGEST_TOLD:
        source = f"{source[:LONGEST_TOLD]}..."
    return DalleError(
        f"{source} is no model: not one of {', '.join([*NAMES, *RANDOM_MODELS])}, not a folder "
        f"on this machine, and not a repository on the Hugging Face Hub ({reason})."
    )


def revision_of(bart: Path) -> str:
    """The commit of a Hub snapshot; for other files 12 hexadecimal digits that change with them."""
    if "snapshots" in bart.parts[:-1]:
        return bart.parts[bart.parts.index("snapshots") + 1]
    if bart.is_file():
        files = [bart]
    else:
        files = [path for path in (bart / CONFIG, *weight_files(bart)) if path.is_file()]
    digest = hashlib.sha256()
    for path in files:
        # Training changes every array, so the beginning tells; hashing 10 GB would take a minute.
        with path.open("rb") as file:
            digest.update(b"%d" % path.stat().st_size + file.read(1 << 16))
    return digest.hexdigest()[:12]
