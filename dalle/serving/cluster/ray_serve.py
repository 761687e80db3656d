"""The cluster at RAY_ADDRESS: an application of Ray Serve, whose replicas draw.

Ray is imported here alone, and only where there is an address: it is an optional requirement, in
requirements.txt beside this file. Every machine needs the same environment; the code and the
embedded model are sent to them.
"""

import hashlib
import json
import logging
import os
import re
import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from dalle.engine.admission import refuse
from dalle.engine.protocol import Engine
from dalle.engine.throughput import Throughput
from dalle.safety.prompts.filter import PromptFilter
from dalle.safety.settings import variable_of
from dalle.serving.cluster.engine import ClusterEngine
from dalle.serving.cluster.replica import Abilities, Replica, engine_of_variables
from dalle.serving.cluster.replicas import State
from dalle.serving.settings import ServerSettings
from dalle.settings import SettingsError

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[3]
INSTALL = "pip install -r dalle/serving/cluster/requirements.txt"
PREFIX = "ninefold-"  # of the names of our applications
DEPLOYMENT = "Replica"
# The variables that decide a replica's pictures; the others, secrets among them, stay here.
DECIDING = (
    "model", "models", "precision", "prompt_policy", "picture_policy", "queue_size",
    "max_wait", "result_cache", "members", "members_share", "members_queue", "members_max_wait",
    "members_candidates",
)  # fmt: skip
BATCH_MATES = 8  # requests at a replica besides those that wait: more than a batch holds
CROWDED = 4.0  # requests at each replica from which on another one is started
PATIENCE = 60.0  # seconds for an answer of a replica that draws
NO_REPLICA = (
    "No machine of the cluster could load the model; the owner of this page finds the details in "
    "its log."
)


def connect(address: str, settings: ServerSettings) -> ClusterEngine:
    """The engine that draws with a cluster; SettingsError where there is none."""
    join(address)
    return ClusterEngine(
        ServeReplicas(settings),
        settings.queue_size,
        PromptFilter.load(settings.prompt_policy),
        settings.max_wait,
    )


def join(address: str) -> None:
    """Makes this process one of the cluster's; SettingsError where it cannot be."""
    # Where a connection is lost Ray would by itself look for another cluster, or begin one.
    os.environ.setdefault("RAY_ENABLE_AUTO_CONNECT", "0")
    try:
        import ray
    except ImportError as error:
        raise SettingsError(
            f"RAY_ADDRESS is set, and Ray is not installed; {INSTALL}, or unset it to draw on "
            "this machine alone."
        ) from error
    check_answers(address)
    try:
        ray.init(
            address=address,
            namespace="ninefold",
            runtime_env={"working_dir": str(ROOT)},
            logging_level=logging.ERROR,  # it warns of a model that is large
            log_to_driver=False,
        )
    except (OSError, ValueError, RuntimeError) as error:
        raise no_cluster(address, error) from error


def check_answers(address: str) -> None:
    """SettingsError where nothing listens at the address; Ray itself would try for minutes."""
    found = re.fullmatch(r"(?P<host>[\w.-]+):(?P<port>\d{1,5})", address, re.ASCII)
    if not found:
        raise SettingsError(
            f"RAY_ADDRESS is {address[:80]!r}; it must be the head's host and port, such as "
            "10.0.0.1:6379."
        )
    try:
        socket.create_connection((found["host"], int(found["port"])), timeout=10).close()
    except OSError as error:
        raise no_cluster(address, error) from error


def no_cluster(address: str, error: Exception) -> SettingsError:
    reason = str(error).partition("\n")[0][:200]
    return SettingsError(
        f"RAY_ADDRESS is {address[:80]!r}, and no cluster answers there ({reason}); start one with "
        "`ray start --head`, and have this machine take part in it."
    )


class ServeReplicas:
    """The replicas of these settings; those of other settings are ended."""

    def __init__(
        self, settings: ServerSettings, make: Callable[[], Engine] = engine_of_variables
    ) -> None:
        self._options = options_of(settings)
        self._make = make
        self._name = PREFIX + fingerprint(self._options)
        self._told = False  # of a failure

    def start(self) -> None:
        """Starts them, or finds those that another page has started."""
        from ray import serve

        serve.start(proxy_location="Disabled")  # the page is the only way in
        applications = serve.status().applications
        for name in applications:
            if name.startswith(PREFIX) and name != self._name:
                log.warning("ending the replicas of other settings or of other code")
                serve.delete(name)
        ours = applications.get(self._name)
        if ours is None or ours.status in ("DEPLOY_FAILED", "DELETING"):
            deployment = serve.deployment(Replica, name=DEPLOYMENT).options(**self._options)
            target = serve.RunTarget(
                deployment.bind(self._make), name=self._name, route_prefix=None
            )
            serve.run_many([target], wait_for_applications_running=False)
        self._handle = serve.get_app_handle(self._name)

    def state(self) -> State:
        from ray import serve

        application = serve.status().applications[self._name]
        deployment = application.deployments.get(DEPLOYMENT)
        running = deployment.replica_states.get("RUNNING", 0) if deployment else 0
        if running or application.status != "DEPLOY_FAILED":
            return State(running)
        if not self._told:
            log.error("no replica draws: %s", deployment.message if deployment else "")
            self._told = True
        return State(0, NO_REPLICA)

    def describe(self) -> Abilities:
        return self._handle.describe.remote().result(timeout_s=PATIENCE)

    def call(self, method: str, *arguments: Any, **named: Any) -> "ServeCall":
        handle = self._handle.options(stream=True, method_name=method)
        return ServeCall(handle.remote(*arguments, **named))


class ServeCall:
    """A request at a replica."""

    def __init__(self, response: Any) -> None:
        self._response = response
        self._over = False

    def __iter__(self) -> Iterator[Any]:
        from ray.serve.exceptions import BackPressureError

        try:
            yield from self._response
        except BackPressureError as error:
            raise refuse(Throughput(), waiting=error.args[0]) from error
        finally:
            self._over = True

    def cancel(self) -> None:
        """Tells the replica that the caller left."""
        from ray.exceptions import RayError
        from ray.serve.exceptions import RayServeException

        if self._over:
            return
        try:
            self._response.cancel()
        except (RayError, RayServeException) as error:  # it failed at this very moment
            log.info("nothing was left to cancel: %s", type(error).__name__)


def options_of(settings: ServerSettings) -> dict[str, Any]:
    """How Ray Serve runs the replicas."""
    variables = {
        variable_of(name): ",".join(value) if isinstance(value, tuple) else str(value)
        for name in DECIDING
        if (value := getattr(settings, name))
    }
    return {
        "max_replicas_per_node": 1,  # one takes all cores of a machine
        "ray_actor_options": {
            "num_cpus": 1,
            "num_gpus": settings.replica_gpus,
            "runtime_env": {"env_vars": variables},
        },
        "autoscaling_config": {
            "min_replicas": settings.min_replicas,
            "max_replicas": max(settings.min_replicas, settings.max_replicas),
            "target_ongoing_requests": CROWDED,
        },
        # The engine's own queue is the narrower one: it knows visitors, and says when to come back.
        "max_ongoing_requests": settings.places + BATCH_MATES,
        "max_queued_requests": settings.places,  # here, while no replica is there yet
        "graceful_shutdown_timeout_s": settings.max_wait,
    }


def fingerprint(options: dict[str, Any]) -> str:
    """Tells replicas of these settings and of this code from others."""
    import ray

    code = ray.get_runtime_context().runtime_env.get("working_dir")
    return hashlib.sha256(json.dumps([options, code], sort_keys=True).encode()).hexdigest()[:12]
