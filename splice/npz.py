"""The errors that reading a damaged .npz file may raise."""

from __future__ import annotations

import zlib
from zipfile import BadZipFile

DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error)
"""More than I/O errors: a flipped bit can mark an entry as encrypted or as compressed."""
