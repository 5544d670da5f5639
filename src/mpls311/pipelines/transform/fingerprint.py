"""What incremental models are made of besides their rows and their own files."""

import hashlib
from pathlib import Path

import pandas as pd


def fingerprint(project: Path, borders: pd.DataFrame) -> str:
    """Tells whether a model that is kept up to date case by case has to be made anew.

    dbt adds the files of the model and of what is upstream (dbt/macros/incremental.sql).

    Args:
        project: The dbt project's folder: its macros, and its variables in dbt_project.yml.
        borders: The corners of the areas' borders, in any order.

    Returns:
        Hexadecimal digits that change whenever one of these does.
    """
    digest = hashlib.sha256()
    for file in sorted([*project.glob("macros/**/*.sql"), project / "dbt_project.yml"]):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    rows = pd.util.hash_pandas_object(borders, index=False)
    digest.update(int(rows.sum()).to_bytes(8, "big"))
    return digest.hexdigest()
