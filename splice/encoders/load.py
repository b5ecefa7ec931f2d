"""Loading an encoder by its name."""

from __future__ import annotations

from splicedex.splice.encoders.base import Encoder
from splicedex.splice.encoders.known import NANO, absolute, describe
from splicedex.splice.errors import UserError


def load_encoder(
    name: str,
    *,
    device: str | None = None,
    precision: str | None = None,
    batch_size: int | None = None,
) -> Encoder:
    """Load an encoder, importing its library first.

    Args:
        name: Name of the model (see `describe`).
        device: A torch device; by default CUDA if available, else MPS, else the CPU.
        precision: "fp32", "fp16" or "bf16", for images; by default fp16 on CUDA, bf16 for vision
            transformers on processors that have it, else fp32. Texts are embedded in fp32.
        batch_size: Images or texts per forward pass; by default a size that suits the device.

    Raises:
        UserError: The model, device or precision does not exist, the hub cannot be reached, files
            are missing or damaged, or an optional dependency is not installed.
    """
    name = absolute(name)
    description = describe(name)
    if name == "nano" and not NANO.is_dir():
        raise UserError(
            f"this installation lacks the bundled model ({NANO})", "install splicedex again"
        )

    from splicedex.splice.encoders.runtime import choose_runtime

    runtime = choose_runtime(device, precision, batch_size)
    if description.library == "open_clip":
        from splicedex.splice.encoders.openclip import OpenClipEncoder

        return OpenClipEncoder(name, description.source, runtime)

    from splicedex.splice.encoders.sbert import SentenceTransformerEncoder

    images = description.images or description.source
    return SentenceTransformerEncoder(name, description.source, images, runtime)
