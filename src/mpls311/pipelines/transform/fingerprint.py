"""What incremental models are made of besides their rows and their own files."""

import hashlib
from pathlib import Path

import pandas as pd

_MADE_OF = ("macros/**/*.sql", "dbt_project.yml", "models/**/*.yml", "models/**/*.md")


def fingerprint(project: Path, borders: pd.DataFrame) -> str:
    """Tells whether a model that is kept up to date, by case or by year, has to be made anew.

    dbt adds the files of the model and of what is upstream (dbt/macros/incremental.sql).

    Args:
        project: The dbt project's folder: its macros, its variables in dbt_project.yml, and the
            descriptions that become comments of the tables.
        borders: The corners of the areas' borders, in any order.

    Returns:
        Hexadecimal digits that change whenever one of these does.
    """
    digest = hashlib.sha256()
    for file in sorted(found for kind in _MADE_OF for found in project.glob(kind)):
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    rows = pd.util.hash_pandas_object(borders, index=False)
    digest.update(int(rows.sum()).to_bytes(8, "big"))
    return digest.hexdigest()
