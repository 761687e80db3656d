"""Signed provenance: C2PA manifests (c2pa.org, specification 2), where the owner has set a key.

c2pa-python is imported only when there is something to sign or to read: it is an optional
requirement, in requirements.txt beside this file.
"""

import functools
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dalle.errors import DalleError
from dalle.settings import SettingsError

SOURCE_TYPES = "http://cv.iptc.org/newscodes/digitalsourcetype/"
SOURCE_TYPE = f"{SOURCE_TYPES}trainedAlgorithmicMedia"
# Of a picture that goes on with one that no machine is known to have made.
MIXED_SOURCE_TYPE = f"{SOURCE_TYPES}compositeWithTrainedAlgorithmicMedia"
# The thumbnail alone would be 45 KB; nothing is looked up on the network, ever.
SDK_SETTINGS = {
    "builder": {"thumbnail": {"enabled": False}},
    "verify": {"remote_manifest_fetch": False, "ocsp_fetch": False},
}
INSTALL = "pip install -r dalle/safety/provenance/requirements.txt"


@dataclass(frozen=True)
class Signer:
    """A P-256 key and its certificate chain (leaf first), both PEM."""

    key: str = field(repr=False)
    certificate: str

    @classmethod
    def of(cls, key: str, certificate: str) -> "Signer | None":
        """None where neither is set; SettingsError where they cannot sign."""
        if not key and not certificate:
            return None
        if not key or not certificate:
            raise SettingsError(
                "NINEFOLD_SIGNING_KEY and NINEFOLD_SIGNING_CERTIFICATE belong together; "
                "set both, or neither to leave pictures unsigned."
            )
        signer = cls(key, certificate)
        signer.check()
        return cls(key, without_root(certificate))

    def check(self) -> None:
        """SettingsError unless this key and this certificate can sign."""
        c2pa = import_c2pa("A signing key is set")
        try:
            make_signer(c2pa, self).close()
        except c2pa.C2paError as error:
            raise SettingsError(
                "NINEFOLD_SIGNING_KEY and NINEFOLD_SIGNING_CERTIFICATE must be a P-256 key "
                f"(PKCS#8) and its certificate chain, both as PEM text ({error})."
            ) from error

    def sign(self, png: bytes, recipe: Mapping[str, Any]) -> bytes:
        """The file with a manifest of its recipe; DalleError where that fails."""
        c2pa = import_c2pa("A signing key is set")
        signed = io.BytesIO()
        try:
            with (
                make_signer(c2pa, self) as signer,
                c2pa.Builder(make_manifest(recipe), context=make_context(c2pa)) as builder,
            ):
                builder.sign(signer, "image/png", io.BytesIO(png), signed)
        except c2pa.C2paError as error:
            raise DalleError(
                f"The picture could not be signed ({error}), and unsigned it is not handed out; "
                "the owner should check the signing key, or unset it."
            ) from error
        return signed.getvalue()


def make_manifest(recipe: Mapping[str, Any]) -> dict[str, Any]:
    """The signed claims: how the picture came to be."""
    actions = [{"action": "c2pa.created", "digitalSourceType": source_type(recipe)}]
    if "edited_from" in recipe:
        actions.append({"action": "c2pa.edited"})
    return {
        "claim_generator_info": [{"name": "Ninefold"}],
        "title": "Ninefold picture",
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": actions}}],
    }


def source_type(recipe: Mapping[str, Any]) -> str:
    """Whether a machine made all of a picture, or went on with a foreign one, as IPTC names it."""
    while isinstance(recipe, Mapping) and "edited_from" in recipe:
        recipe = recipe["edited_from"]
    return SOURCE_TYPE if isinstance(recipe, Mapping) else MIXED_SOURCE_TYPE


def signing_state(signer: Signer | None) -> str:
    """One or two sentences on whether pictures are signed."""
    if signer is None:
        return (
            "Pictures are not signed (C2PA): this server has no signing key. They carry metadata "
            "and an invisible mark all the same."
        )
    return (
        f"Pictures are signed (C2PA) with the certificate of {subject_of(signer.certificate)}. "
        'Viewers that do not know this certificate say "unknown signer".'
    )


@dataclass(frozen=True)
class Manifest:
    """The claims of a file's C2PA manifest, and whether it still fits the file."""

    state: str  # "Valid", "Trusted" or "Invalid"; "unreadable", "not read"
    signer: str  # issuer of the signature, "" if unknown
    machine_made: bool  # whether the manifest says so


def read_manifest(content: bytes) -> Manifest | None:
    """The manifest of a PNG, JPEG or WebP file's content; None where there is none."""
    if b"jumb" not in content or b"c2pa" not in content:
        return None
    try:
        c2pa = import_c2pa("The file has a C2PA manifest")
    except DalleError:
        return Manifest("not read", "", False)
    try:
        reader = c2pa.Reader(None, io.BytesIO(content), context=make_context(c2pa))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError:
        return Manifest("unreadable", "", False)
    with reader:
        active = reader.get_active_manifest() or {}
        made = any(
            action.get("digitalSourceType") in (SOURCE_TYPE, MIXED_SOURCE_TYPE)
            for action in list_actions(active)
        )
        issuer = (active.get("signature_info") or {}).get("issuer") or ""
        return Manifest(reader.get_validation_state() or "unreadable", issuer, made)


def list_actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    """All actions of a manifest."""
    return [
        action
        for assertion in manifest.get("assertions", [])
        if assertion.get("label", "").startswith("c2pa.actions")
        for action in assertion.get("data", {}).get("actions", [])
    ]


def import_c2pa(reason: str) -> Any:
    """The library; DalleError names the package where it is missing."""
    try:
        import c2pa
    except ImportError as error:
        raise DalleError(f"{reason}, and c2pa-python is not installed: {INSTALL}") from error
    return c2pa


@functools.cache
def make_context(c2pa: Any) -> Any:
    return c2pa.Context.from_dict(SDK_SETTINGS)


def make_signer(c2pa: Any, signer: Signer) -> Any:
    info = c2pa.C2paSignerInfo("es256", signer.certificate.encode(), signer.key.encode(), None)
    return c2pa.Signer.from_info(info)


def without_root(chain: str) -> str:
    """A PEM chain less the root at its end, which a verifier has: 0.4 KB of each file."""
    from cryptography import x509
    from cryptography.hazmat.primitives.serialization import Encoding

    certificates = x509.load_pem_x509_certificates(chain.encode())
    if len(certificates) > 1 and certificates[-1].issuer == certificates[-1].subject:
        certificates.pop()
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in certificates)


def subject_of(certificate: str) -> str:
    """The name in a PEM certificate."""
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    subject = x509.load_pem_x509_certificate(certificate.encode()).subject
    names = subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    return names[0].value if names else subject.rfc4514_string()
