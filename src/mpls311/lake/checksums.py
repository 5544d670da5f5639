"""Checksums of files: those that manifests hold, and those that object stores keep."""

import base64
import hashlib
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from mpls311.loads import LakeFile


def sha256_of(path: Path) -> str:
    """The SHA-256 of a local file, in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def md5_of(path: Path) -> str:
    """The MD5 of a local file, in hexadecimal: what object stores tell of their objects."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def lake_file(path: Path, name: str, rows: int) -> LakeFile:
    """What a manifest says of a local file that goes into the lake under a name."""
    return LakeFile(
        name=name, rows=rows, bytes=path.stat().st_size, sha256=sha256_of(path), md5=md5_of(path)
    )


def stored_md5(info: Mapping[str, Any]) -> str | None:
    """The MD5 of an object as its store tells it, in hexadecimal; None where it does not.

    Args:
        info: What a file system of fsspec says of an object: gcsfs hands on `md5Hash`, in base64
            and not of composite objects; s3fs an `ETag`, which is the MD5 of what was uploaded
            in one part.
    """
    if encoded := info.get("md5Hash"):
        return base64.b64decode(encoded).hex()
    tag = str(info.get("ETag", "")).strip('"')
    return tag if re.fullmatch(r"[0-9a-f]{32}", tag) else None
