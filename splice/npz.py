"""What reading a damaged .npz file may raise."""

from __future__ import annotations

import zlib
from zipfile import BadZipFile

DAMAGE = (OSError, ValueError, KeyError, EOFError, RuntimeError, BadZipFile, zlib.error)
"""By a flipped bit it may also say of itself that it is encrypted, or compressed."""
