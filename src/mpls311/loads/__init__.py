"""The load protocol: what was read, how far it got, and what to read next.

A *load* is one run's read of one year. Each phase ends by writing one immutable manifest; what
no manifest names does not exist. A load is *pending* from its ingest manifest until its
published one, and the *watermark* of a year moves only with a published manifest. Everything
here is pure: manifests in, decisions and rows out. Reading and writing them is the catalog's.
"""

from mpls311.loads.damage import Damage, believable, is_manifest_name, manifest_name
from mpls311.loads.decision import Decision, Edition, decide, is_read_in_full, one_overdue
from mpls311.loads.folds import LOOSE, fold_document, fold_name, is_fold_name, parse_fold
from mpls311.loads.guards import Limits, implausible, judge
from mpls311.loads.history import LoadHistory
from mpls311.loads.load import Load
from mpls311.loads.looks import looks_document, looks_name
from mpls311.loads.manifests import (
    Failed,
    Folder,
    Held,
    Ingested,
    LakeFile,
    Manifest,
    Mode,
    NotRead,
    Published,
    Released,
    Replacement,
    Rewritten,
    Standing,
    Unchanged,
    Validated,
    Withdrawn,
    manifest_document,
    mint_load_id,
    parse_manifest,
)
from mpls311.loads.readiness import check_ready, check_staging
from mpls311.loads.tracking import tracking_rows
from mpls311.loads.verdict import Verdict, YearVerdict, verdict

__all__ = [
    "LOOSE",
    "Damage",
    "Decision",
    "Edition",
    "Failed",
    "Folder",
    "Held",
    "Ingested",
    "LakeFile",
    "Limits",
    "Load",
    "LoadHistory",
    "Manifest",
    "Mode",
    "NotRead",
    "Published",
    "Released",
    "Replacement",
    "Rewritten",
    "Standing",
    "Unchanged",
    "Validated",
    "Verdict",
    "Withdrawn",
    "YearVerdict",
    "believable",
    "check_ready",
    "check_staging",
    "decide",
    "fold_document",
    "fold_name",
    "implausible",
    "is_fold_name",
    "is_manifest_name",
    "is_read_in_full",
    "judge",
    "looks_document",
    "looks_name",
    "manifest_document",
    "manifest_name",
    "mint_load_id",
    "one_overdue",
    "parse_fold",
    "parse_manifest",
    "tracking_rows",
    "verdict",
]
