"""Data files that the authors of SpLiCE publish with their code (Apache-2.0)."""

from __future__ import annotations

from splicedex.splice.download import PublishedFile

_ROOT = "https://raw.githubusercontent.com/AI4LIFE-GROUP/SpLiCE/main/data"


def _file(path: str, sha256: str) -> PublishedFile:
    return PublishedFile(path, f"{_ROOT}/{path}", sha256)


VOCABULARIES = {
    "laion": _file(
        "vocab/laion.txt", "aee8e260477dcfbc873f939955ffd472969859054ed46e245bbe8b37d10b508c"
    ),
    "laion_bigrams": _file(
        "vocab/laion_bigrams.txt",
        "6561525228843aa8b0d2b27e731c8c2b18dac0e4bdda40761933b0aecda1e67a",
    ),
    "mscoco": _file(
        "vocab/mscoco.txt", "ddd84fc591b2e49c1513cc3dcc199153df276a44686712e21a6efb7711e2d43b"
    ),
}
"""Word lists by name; one concept per line, in ascending order of frequency."""

_RN50 = _file(
    "means/clip_RN50_image.pt", "e1ee3345ef6faf6f8ebc30f649189bf4e583fe71229b2955e227cf59124d42fa"
)
_VIT_B_16 = _file(
    "means/clip_ViT-B-16_image.pt",
    "2907555438ef16b4677cb72ad81b3c3fe8c9246028714e943dba6c3b91d67eee",
)
_VIT_B_32 = _file(
    "means/clip_ViT-B-32_image.pt",
    "dbd73aec9162cc26d3850c042b2a035720c1f6d38fc0b64a73518995f884202b",
)
_LAION_VIT_B_32 = _file(
    "means/open_clip_ViT-B-32_image.pt",
    "6b91c6d0e9006e27dfb6f13e6d25a90c5ff24eb14e4ee60cf064a7ddf9f646b7",
)

MEANS = {
    "RN50/openai": _RN50,
    "RN50-quickgelu/openai": _RN50,
    "ViT-B-16/openai": _VIT_B_16,
    "ViT-B-16-quickgelu/openai": _VIT_B_16,
    "ViT-B-32/openai": _VIT_B_32,
    "ViT-B-32-quickgelu/openai": _VIT_B_32,
    "clip-ViT-B-32": _VIT_B_32,
    "clip-ViT-B-32-multilingual-v1": _VIT_B_32,
    "ViT-B-32/laion2b_s34b_b79k": _LAION_VIT_B_32,
}
"""Image means over MSCOCO by encoder name, as torch files that hold one tensor (d,)."""
