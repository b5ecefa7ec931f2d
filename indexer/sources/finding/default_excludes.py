"""Folders that are left out by default: bins and thumbnails, which hold no photos of people's own.

Each with the program that makes it. Names are compared without regard to case: the systems that
make them write them in several ways.
"""

from __future__ import annotations

from dataclasses import replace

from splicedex.indexer.sources.finding.gitignore import Pattern, parse_line

DEFAULT_EXCLUDES = (
    # Synology DiskStation: thumbnails and extended attributes, and the bin of a shared folder.
    "@eaDir/",
    "#recycle/",
    "#snapshot/",
    # Synology, at the top of a volume: databases and temporary files of packages.
    "@tmp/",
    # QNAP QTS: bin, snapshots and thumbnails.
    "@Recycle/",
    "@Recently-Snapshot/",
    ".@__thumb/",
    # Netgear ReadyNAS and other NAS that use Samba's vfs_recycle: bin.
    ".recycle/",
    # Windows: bins (now and XP), and snapshots.
    "$RECYCLE.BIN/",
    "RECYCLER/",
    "System Volume Information/",
    # freedesktop.org: bins on other volumes ($topdir/.Trash and .Trash-$uid), old thumbnails.
    ".Trash/",
    ".Trash-*/",
    ".thumbnails/",
    # macOS: bins of volumes, and what its ZIP archives add for attributes.
    ".Trashes/",
    "__MACOSX/",
    # Linux: what fsck has found.
    "lost+found/",
    # Lightroom: previews next to a catalogue (*.lrdata).
    "*.lrdata/",
    # Capture One: thumbnails, proxies and settings next to photos.
    "CaptureOne/Cache/",
    # Apple Photos and iPhoto: smaller copies of the photos of a library.
    "*.photoslibrary/resources/derivatives/",
    "*.photoslibrary/resources/renders/",
    "*.photolibrary/Thumbnails/",
    # digiKam: bin.
    ".dtrash/",
    # Picasa: its copies of photos before an edit, hidden or not.
    ".picasaoriginals/",
    # Nextcloud and ownCloud: generated previews, and bins.
    "appdata_*/preview/",
    "files_trashbin/",
    # npm: packages, with icons and pictures of their documentation.
    "node_modules/",
)


def default_patterns() -> list[Pattern]:
    """The patterns of folders that are left out by default."""
    found = []
    for name in DEFAULT_EXCLUDES:
        # `#` would begin a comment, and a slash inside would bind a pattern to the top: `**/` is
        # for neither.
        pattern = parse_line(f"**/{name}".encode(), any_case=True)
        assert pattern is not None
        found.append(replace(pattern, text=name))
    return found
