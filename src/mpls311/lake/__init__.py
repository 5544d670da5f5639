"""What the lake holds, for every phase: files that are written once, and the cases in them.

`LakeFiles` opens files by the names that manifests give; `put_once` is how they come into being.
`KnownCases` are the live cases of a year, from the loads that together hold it.
"""

from mpls311.lake.files import BATCH_ROWS, LakeFiles
from mpls311.lake.immutable import ImmutableObjectError, put_once, sha256_of
from mpls311.lake.known import KEY_COLUMNS, Cases, KnownCases, best_versions

__all__ = [
    "BATCH_ROWS",
    "KEY_COLUMNS",
    "Cases",
    "ImmutableObjectError",
    "KnownCases",
    "LakeFiles",
    "best_versions",
    "put_once",
    "sha256_of",
]
