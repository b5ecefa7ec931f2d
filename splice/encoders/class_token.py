"""The last block of a vision transformer, computed for the class token alone."""

from __future__ import annotations

from typing import Any

import torch
from open_clip.transformer import ResidualAttentionBlock, VisionTransformer


class ClassTokenBlock(torch.nn.Module):
    """An attention block that returns the class token alone.

    The class token looks at all tokens; what the block would do with the others is never read. That
    is five sixths of the last block: 7% of ViT-B/32.

    Args:
        block: The last block of a transformer.
    """

    def __init__(self, block: Any) -> None:
        super().__init__()
        self._block = block

    def forward(self, tokens: torch.Tensor, attn_mask: torch.Tensor | None = None) -> torch.Tensor:
        """Tokens (n, 1, d) from tokens (n, t, d); the class token is the first."""
        block = self._block
        normed = block.ln_1(tokens)
        token = tokens[:, :1] + block.ls_1(block.attention(normed[:, :1], normed, normed))
        result: torch.Tensor = token + block.ls_2(block.mlp(block.ln_2(token)))
        return result


def skip_unread_tokens(tower: Any) -> None:
    """Let the last block of an image tower compute the class token alone, if that is all it needs.

    Args:
        tower: An image tower of open_clip. Others than plain vision transformers are left alone.
    """
    if type(tower) is not VisionTransformer or tower.pool_type != "tok" or tower.output_tokens:
        return
    if getattr(tower, "attn_pool", None) is not None:
        return
    blocks = tower.transformer.resblocks
    if type(blocks[-1]) is ResidualAttentionBlock and tower.transformer.batch_first:
        blocks[-1] = ClassTokenBlock(blocks[-1])
