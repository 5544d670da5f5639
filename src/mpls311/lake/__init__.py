"""What the lake holds, for every phase: files that are written once, and the cases in them.

`LakeFiles` opens files that are what manifests say of them; `put_once` is how they come into being.
`KnownCases` are the live cases of a year, from the loads that together hold it.
"""

from mpls311.lake.checksums import lake_file, sha256_of
from mpls311.lake.files import BATCH_ROWS, DamagedFileError, LakeFiles, StoredFile
from mpls311.lake.immutable import ImmutableObjectError, put_latest, put_once
from mpls311.lake.known import KEY_COLUMNS, Cases, KnownCases, best_versions
from mpls311.lake.purging import without_cases
from mpls311.lake.verification import LoadFiles, intact, is_expired

__all__ = [
    "BATCH_ROWS",
    "KEY_COLUMNS",
    "Cases",
    "DamagedFileError",
    "ImmutableObjectError",
    "KnownCases",
    "LakeFiles",
    "LoadFiles",
    "StoredFile",
    "best_versions",
    "intact",
    "is_expired",
    "lake_file",
    "put_latest",
    "put_once",
    "sha256_of",
    "without_cases",
]
