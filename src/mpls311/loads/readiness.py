"""Whether a phase may begin: questions to the history."""

from collections.abc import Sequence

import pandas as pd

from mpls311.errors import UserError
from mpls311.loads.history import LoadHistory
from mpls311.loads.load import Load


def check_ready(history: LoadHistory) -> None:
    """Are all pending loads validated, those apart that are held?

    Raises:
        UserError: There is no load yet, or one still has to be validated.
    """
    if not history:
        raise UserError("No load exists yet: run `kedro run --pipeline ingest` first.")
    if waiting := [load.load_id for load in history.publishable if not load.validated]:
        raise UserError(
            f"{', '.join(waiting)} must be validated: run `kedro run --pipeline validate` first."
        )


def check_staging(staged: pd.DataFrame, loads: Sequence[Load], *, remedy: str = "stage") -> None:
    """Does the staging table hold these loads, and nothing else?

    Args:
        staged: What is there: `load_id`, `row_count`.
        loads: What should be there.
        remedy: The pipeline to run if it is not.

    Raises:
        UserError: It does not.
    """
    there = dict(zip(staged["load_id"], staged["row_count"], strict=True)) if len(staged) else {}
    files = {load.load_id: load.validated.file for load in loads if load.validated}
    if there != {load_id: file.rows for load_id, file in files.items() if file.rows}:
        raise UserError(
            "The staging table does not hold exactly the loads to model "
            f"({', '.join(files)}): run `kedro run --pipeline {remedy}` first."
        )
