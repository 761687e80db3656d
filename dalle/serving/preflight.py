"""Checks before anything is loaded: a port, a folder for pictures, a way to sign in.

Each server has a folder of its own, by user and port: gradio names a file by its content, so that
two servers with one folder would delete each other's pictures.
"""

import errno
import os
import shutil
import socket
import stat
import tempfile
import time
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path

from dalle.settings import SettingsError

FOLDER_VARIABLE = "GRADIO_TEMP_DIR"
KEPT = 86_400  # seconds, as of the pictures of a running server
# What a Space with `hf_oauth: true` sets; gradio reads them too.
SIGN_IN = ("OAUTH_CLIENT_ID", "OAUTH_CLIENT_SECRET", "OAUTH_SCOPES", "OPENID_PROVIDER_URL")
HINT = f"set {FOLDER_VARIABLE} to a folder that this user may write to"


def check_port(port: int) -> None:
    """SettingsError where the port can't be used."""
    with socket.socket() as listener:
        # As the server will: a port whose last connections are closing is free.
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("0.0.0.0", port))
        except OSError as error:
            used = error.errno == errno.EADDRINUSE
            cause = "is used by another program" if used else f"cannot be used ({error.strerror})"
            raise SettingsError(f"port {port} {cause}; set PORT to another one.") from error


def check_sign_in(environment: Mapping[str, str]) -> None:
    """SettingsError where members could not sign in, or where anybody could pass for one."""
    # Elsewhere gradio would sign everybody in as the owner, with a secret that is none.
    in_space = environment.get("SYSTEM") == "spaces"
    missing = [name for name in SIGN_IN if not environment.get(name, "").strip()]
    if not in_space or missing:
        raise SettingsError(
            "NINEFOLD_MEMBERS is set, and nobody can sign in here; add `hf_oauth: true` to the "
            "front matter of the Space's README.md, or unset it outside of a Space."
        )
    if not all(map(find_spec, ("authlib", "itsdangerous"))):
        raise SettingsError(
            "NINEFOLD_MEMBERS is set, and what signs visitors in is not installed; "
            'pip install -r dalle/serving/http/requirements.txt, or "gradio[oauth]".'
        )


def make_folder(port: int, environment: Mapping[str, str]) -> Path:
    """The folder of the server on this port, below the one that the variable names if it is set.

    Files of an earlier server on this port are deleted after a day. SettingsError where no
    file can be written, or where another user could put files there.
    """
    given = environment.get(FOLDER_VARIABLE)
    try:
        if given:
            # Its rights are the operator's choice, and some mounted disks have none.
            folder = Path(given).resolve() / f"port-{port}"
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        else:
            # Anybody may have made a folder of this name where all have their temporary files.
            root = Path(tempfile.gettempdir()).resolve() / f"ninefold-{os.getuid()}"
            folder = root / f"port-{port}"
            for each in (root, folder):
                each.mkdir(mode=0o700, exist_ok=True)
                refuse_foreign(each)
        with tempfile.TemporaryFile(dir=folder) as probe:
            probe.write(b"0")
        delete_old(folder, time.time() - KEPT)
    except (OSError, RuntimeError) as error:  # a RuntimeError where links go round in a circle
        where = getattr(error, "filename", None) or given or "the temporary folder"
        cause = getattr(error, "strerror", None) or error
        raise SettingsError(f"pictures cannot be kept in {where} ({cause}); {HINT}.") from error
    return folder


def refuse_foreign(folder: Path) -> None:
    """SettingsError where it is a link, or where somebody else owns it or can write to it."""
    status = folder.lstat()
    foreign = status.st_uid != os.getuid() or status.st_mode & (stat.S_IWGRP | stat.S_IWOTH)
    if foreign or not stat.S_ISDIR(status.st_mode):
        raise SettingsError(f"{folder} can be written to by somebody else; remove it, or {HINT}.")


def delete_old(folder: Path, before: float) -> None:
    """Deletes the folders in it that nothing was put into since; gradio cannot know of them."""
    for entry in folder.iterdir():
        if entry.is_dir() and not entry.is_symlink() and entry.stat().st_mtime < before:
            shutil.rmtree(entry)
