"""The trained model as a folder in open_clip's format."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import open_clip
import torch
from safetensors.torch import save_file

from splicedex.splice.align import Matrix
from tools.nano.student import SIZE, Student
from tools.nano.views import INPUT

CONFIG: dict[str, Any] = {
    "model_cfg": {
        "embed_dim": 512,
        "custom_text": True,
        "vision_cfg": {
            "image_size": INPUT,
            "timm_model_name": f"tf_efficientnet_lite{SIZE}",
            "timm_model_pretrained": False,
            "timm_pool": "avg",
            "timm_proj": "linear",
            "timm_proj_bias": True,
        },
        "text_cfg": {
            "context_length": 32,
            "vocab_size": 49408,
            "width": 128,
            "heads": 4,
            "layers": 2,
            "proj_bias": True,
        },
    },
    "preprocess_cfg": {
        "size": [INPUT, INPUT],
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "interpolation": "bicubic",
        "resize_mode": "shortest",
    },
}


def new_model(seed: int) -> Any:
    """Create an open_clip model of nano's architecture with random weights.

    Args:
        seed: Seed of the weights.
    """
    torch.manual_seed(seed)
    settings = {name: value for name, value in CONFIG["model_cfg"].items() if name != "custom_text"}
    return open_clip.CustomTextCLIP(**settings).eval()


def load_student(model: Any, student: Student) -> None:
    """Copy a student's weights to the image tower of an open_clip model of nano's architecture."""
    trunk = student.backbone.state_dict()
    weights = {name: trunk[name] for name in model.visual.trunk.state_dict()}
    model.visual.trunk.load_state_dict(weights)
    model.visual.head.proj.load_state_dict(student.head.state_dict())


def write_bundle(folder: Path, model: Any, words: list[str], image_mean: Matrix) -> None:
    """Write the model folder.

    Args:
        folder: The folder; created if needed.
        model: An open_clip model of nano's architecture; its weights are saved in half precision.
        words: The vocabulary.
        image_mean: Mean (512,) of unit image embeddings of photos in general.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = {
        name: (tensor.half() if tensor.is_floating_point() else tensor).contiguous()
        for name, tensor in model.state_dict().items()
    }
    save_file(weights, folder / "open_clip_model.safetensors", metadata={"format": "pt"})
    (folder / "open_clip_config.json").write_text(json.dumps(CONFIG, indent=2) + "\n", "utf-8")
    (folder / "vocabulary.txt").write_text("".join(f"{word}\n" for word in words), "utf-8")
    np.save(folder / "image_mean.npy", image_mean.astype(np.float32))
