"""Creates or updates a Space on the Hub, and waits until it runs."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi
from huggingface_hub.errors import HfHubHTTPError, HTTPError
from tqdm import tqdm

from dalle.errors import DalleError
from dalle.publish.space_files import SpaceFile
from dalle.publish.space_hardware import FREE_ACCOUNT, Hardware

KIND = "space"
OWN_FOLDERS = ("assets/", "dalle/")  # the Space holds the same files there as this checkout
LIMIT = 30 * 60.0  # seconds for a build and a start, as the Hub's own limit
PAUSE = 5.0  # seconds between two questions
STALE_ANSWERS = 3  # may still describe the Space before this upload
STEPS = {
    "BUILDING": 1, "RUNNING_BUILDING": 1, "APP_STARTING": 2, "RUNNING_APP_STARTING": 2, "RUNNING": 3
}  # fmt: skip
FAILED = {
    "CONFIG_ERROR": "the Hub does not take the first lines of README.md",
    "BUILD_ERROR": "its packages could not be installed; see the build log",
    "RUNTIME_ERROR": "the app ended; see its log",
    "PAUSED": "it is paused; restart it in its settings",
    "STOPPED": "it is stopped; restart it in its settings",
    "DELETING": "somebody is deleting it",
}


@dataclass(frozen=True)
class Space:
    """A Space by its name, "owner/name", and the Hub that it is on."""

    api: HfApi
    name: str

    @property
    def address(self) -> str:
        """Of its page on the Hub."""
        return f"{self.api.endpoint}/spaces/{self.name}"

    def create(self, hardware: Hardware, private: bool, variables: Mapping[str, str]) -> None:
        """Creates the Space, or gives an existing one this hardware and these variables."""
        with answered(self.name, hardware):
            exists = self.api.repo_exists(self.name, repo_type=KIND)
            if not exists:
                self.api.create_repo(
                    self.name,
                    repo_type=KIND,
                    private=private,
                    space_sdk="gradio",
                    space_hardware=hardware.name,
                    space_variables=[
                        {"key": key, "value": value} for key, value in variables.items()
                    ],
                )
                return
            for key, value in variables.items():
                self.api.add_space_variable(self.name, key, value)
            if self.api.get_space_runtime(self.name).requested_hardware != hardware.name:
                self.api.request_space_hardware(self.name, hardware.name)

    def upload(self, files: Sequence[SpaceFile]) -> str:
        """Uploads all files in one commit, deletes those missing here, and returns its hash."""
        paths = {file.path for file in files}
        with answered(self.name):
            there = self.api.list_repo_files(self.name, repo_type=KIND)
            gone = [name for name in there if name.startswith(OWN_FOLDERS) and name not in paths]
            added = [
                CommitOperationAdd(file.path, str(file.source) if file.content is None
                                   else file.content)
                for file in files
            ]  # fmt: skip
            commit = self.api.create_commit(
                self.name,
                [*added, *(CommitOperationDelete(name, is_folder=False) for name in gone)],
                commit_message="Publish Ninefold",
                repo_type=KIND,
            )
        return commit.oid

    def wait(
        self,
        commit: str,
        *,
        limit: float = LIMIT,
        pause: Callable[[float], None] = time.sleep,
        clock: Callable[[], float] = time.monotonic,
    ) -> str:
        """Returns the app's own address once this commit runs; DalleError where it cannot."""
        end, answers = clock() + limit, 0
        with tqdm(total=3, desc="queued", bar_format="{desc:20} {bar} {elapsed}") as bar:
            while clock() < end:
                with answered(self.name):
                    runtime = self.api.get_space_runtime(self.name).raw
                answers += 1
                stage, sha = runtime["stage"], runtime.get("sha")
                # A Hub that names no commit gets time to notice the new one.
                current = sha == commit if sha else answers > STALE_ANSWERS
                bar.set_description_str(stage.lower().replace("_", " "), refresh=False)
                bar.update(min(STEPS.get(stage, 0), 3 if current else 1) - bar.n)
                if current and stage == "RUNNING":
                    return app_address(runtime) or self.address
                if current and stage in FAILED:
                    raise DalleError(self._failure(stage, runtime))
                pause(PAUSE)
        raise DalleError(
            f"{self.name} does not run after {limit / 60:.0f} minutes; see "
            f"{self.address}?logs=build."
        )

    def _failure(self, stage: str, runtime: Mapping[str, Any]) -> str:
        reason = in_a_line(runtime.get("errorMessage") or "")
        log = f"{self.address}?logs={'build' if stage == 'BUILD_ERROR' else 'container'}"
        return f"{self.name} does not run: {FAILED[stage]} ({log}). {reason}".strip()


def app_address(runtime: Mapping[str, Any]) -> str:
    """The app's own address in a Space's runtime; "" where it has none yet."""
    domains = runtime.get("domains") or []
    return f"https://{domains[0]['domain']}" if domains else ""


@contextmanager
def answered(name: str, hardware: Hardware | None = None) -> Iterator[None]:
    """Turns an error of the Hub or of the network into one sentence."""
    try:
        yield
    except HfHubHTTPError as error:
        raise DalleError(explain(error, name, hardware)) from error
    except (HTTPError, OSError) as error:
        raise DalleError(
            f"The Hub does not answer ({error}); look at your network and try again: files that "
            "arrived are not sent twice."
        ) from error
    except ValueError as error:  # such as a README.md that it does not take
        raise DalleError(f"The upload to {name} failed: {in_a_line(error)}") from error
    except RuntimeError as error:  # says which file; its cause says why
        reason = in_a_line(error.__cause__ or "")
        raise DalleError(f"The upload to {name} failed: {in_a_line(error)} {reason}") from error


def in_a_line(text: object) -> str:
    """At most 300 characters, with single spaces."""
    return " ".join(str(text).split())[:300]


def explain(error: HfHubHTTPError, name: str, hardware: Hardware | None) -> str:
    """A refusal of the Hub in a sentence, with a remedy."""
    status = error.response.status_code
    if status == 402:
        wanted = hardware.name if hardware else "this"
        return f"The Hub wants a paid plan for {wanted} (402). {FREE_ACCOUNT}."
    if status == 401:
        return (
            "The Hub got no token that it knows (401); make one that may write at "
            "huggingface.co/settings/tokens, then run `hf auth login`."
        )
    if status == 403:
        return (
            f"The token may not write to {name} (403); take one with the permission to write, "
            "and an owner that is you or an organisation of yours."
        )
    if status == 404:
        return f"The Hub has no {name} (404), or the token may not see it."
    if status == 429:
        return "The Hub was asked too often (429); try again in five minutes."
    return f"The Hub refused ({status}): {in_a_line(error.server_message or error)}"
