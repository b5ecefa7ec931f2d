"""Small models with random weights, written in open_clip's own folder format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

DIM = 24
TEXT = {
    "context_length": 16,
    "vocab_size": 49408,
    "width": 16,
    "heads": 2,
    "layers": 1,
}
VISION: dict[str, dict[str, Any]] = {
    "vit": {"image_size": 32, "layers": 2, "width": 32, "head_width": 16, "patch_size": 8},
    "resnet": {"image_size": 64, "layers": [1, 1, 1, 1], "width": 8, "head_width": 16},
    "timm": {
        "image_size": 64,
        "timm_model_name": "test_efficientnet",
        "timm_model_pretrained": False,
        "timm_pool": "avg",
        "timm_proj": "linear",
    },
}


def model_config(family: str) -> dict[str, Any]:
    """open_clip's description of the architecture: "vit", "resnet" or "timm"."""
    return {"embed_dim": DIM, "vision_cfg": VISION[family], "text_cfg": TEXT}


def random_model(family: str, *, seed: int = 0) -> Any:
    """An open_clip model of a family with random weights."""
    import torch
    from open_clip import CLIP

    with torch.random.fork_rng():
        torch.manual_seed(seed)
        model = CLIP(**model_config(family)).eval()
        for name, weight in model.named_parameters():
            if name.endswith("bn3.weight"):  # zero at first, which makes all images alike
                torch.nn.init.ones_(weight)
    return model


def write_open_clip_model(
    folder: Path, family: str = "vit", *, seed: int = 0, preprocess: dict[str, Any] | None = None
) -> Path:
    """Write a random model of a family ("vit", "resnet" or "timm"), load it by `local-dir:FOLDER`.

    Args:
        folder: Where; created.
        family: Kind of image tower.
        seed: Of the random weights.
        preprocess: open_clip's `preprocess_cfg`, if not its defaults.
    """
    from safetensors.torch import save_file

    folder.mkdir(parents=True, exist_ok=True)
    config = {"model_cfg": model_config(family), "preprocess_cfg": preprocess or {}}
    (folder / "open_clip_config.json").write_text(json.dumps(config))
    weights = random_model(family, seed=seed).state_dict()
    save_file(
        {name: tensor.contiguous() for name, tensor in weights.items()},
        folder / "open_clip_model.safetensors",
    )
    return folder
