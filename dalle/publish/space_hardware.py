"""Hardware flavours of the Hub: memory, price, and the plan that each needs."""

from dataclasses import dataclass

from dalle.errors import DalleError

# Its GPUs are PyTorch's alone: JAX runs on the CPU there (dalle/serving/space_package.py).
ZERO_GPU = "zero-a10g"
FREE_ACCOUNT = (
    f"A free account may have two Spaces, both on {ZERO_GPU}, once its e-mail address is confirmed "
    "and it is 30 days old"
)


@dataclass(frozen=True)
class Hardware:
    """A flavour of the Hub's, by its name there."""

    name: str
    memory: int  # GB of the GPU; of the machine where there is none
    dollars: float  # an hour; 0 is included in a plan
    gpu: str = ""  # such as "T4"; empty where JAX runs on the CPU

    @property
    def jax_extra(self) -> str:
        """The extra of the package jax; CUDA 12 runs with the drivers of all these GPUs."""
        return "cuda12" if self.gpu else ""

    @property
    def terms(self) -> str:
        """Price and plan, in a sentence."""
        if self.name == ZERO_GPU:
            return f"{self.name} costs nothing: {FREE_ACCOUNT[0].lower()}{FREE_ACCOUNT[1:]}."
        if not self.dollars:
            return f"{self.name} costs nothing an hour, and needs a PRO account. {FREE_ACCOUNT}."
        return (
            f"{self.name} costs ${self.dollars:.2f} an hour while it runs; set a sleep time in the "
            "Space's settings. It needs a payment method."
        )


# As the Hub lists them (hub-docs, spaces-gpus.md, August 2026).
FLAVOURS = {
    hardware.name: hardware
    for hardware in (
        Hardware(ZERO_GPU, 16, 0),
        Hardware("cpu-basic", 16, 0),
        Hardware("cpu-upgrade", 32, 0.03),
        Hardware("t4-small", 16, 0.40, "T4"),
        Hardware("t4-medium", 16, 0.60, "T4"),
        Hardware("l4x1", 24, 0.80, "L4"),
        Hardware("a10g-small", 24, 1.00, "A10G"),
        Hardware("a10g-large", 24, 1.50, "A10G"),
        Hardware("l40sx1", 48, 1.80, "L40S"),
        Hardware("a100-large", 80, 2.50, "A100"),
    )
}


def find_hardware(name: str) -> Hardware:
    """The flavour of this name; DalleError for one that is not known."""
    if name not in FLAVOURS:
        raise DalleError(f"hardware is {name[:50]!r}; it must be one of {', '.join(FLAVOURS)}.")
    return FLAVOURS[name]
