"""The verdict of a run: what became of each year, told from the histories before and after it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mpls311.loads.history import LoadHistory

WELL, NOTHING, PARTLY = 0, 1, 3
"""Exit codes: all is well; every year that the run was about failed; some did, or are held."""


class Advice(Protocol):
    """How commands are typed where the history is."""

    def typed(self, text: str) -> str:
        """A text in which they are."""

    def release(self, source_year: int) -> str:
        """Releases the held load of a year."""


@dataclass(frozen=True)
class YearVerdict:
    """How a year stands.

    Attributes:
        year: The year of the layer.
        state: not_read, held, or how far its newest load or look got.
        concerns: Whether the run was about it: it was asked for, or something happened to it.
        sentence: Why newer data is not in the marts; None if nothing stops the year.

    """

    year: int
    state: str
    concerns: bool
    sentence: str | None


@dataclass(frozen=True)
class Verdict:
    """How a run ended.

    Attributes:
        years: Every year that is known, ascending.
        published: Those that the run published.

    """

    years: tuple[YearVerdict, ...]
    published: tuple[int, ...]

    @property
    def exit_code(self) -> int:
        """What the command line exits with."""
        about = [year for year in self.years if year.concerns]
        if not any(year.sentence for year in about):
            return WELL
        nothing = not self.published and all(year.state == "not_read" for year in about)
        return NOTHING if nothing else PARTLY

    @property
    def sentences(self) -> tuple[str, ...]:
        """One for each year that is stopped; those that the run was about come last."""
        stopped = sorted(self.years, key=lambda year: (year.concerns, year.year))
        return tuple(year.sentence for year in stopped if year.sentence)


def verdict(
    before: LoadHistory,
    after: LoadHistory,
    years: Iterable[int] = (),
    advice: Advice | None = None,
) -> Verdict:
    """Judge a run.

    Args:
        before: The history when it began.
        after: The history at its end.
        years: The years it was asked to look at.
        advice: How commands are typed; without, none is told that releases a held load.
    """
    known = {(manifest.load_id, manifest.phase) for manifest in before.manifests}
    added = [m for m in after.manifests if (m.load_id, m.phase) not in known]
    about = {*years, *(manifest.source_year for manifest in added)}
    return Verdict(
        years=tuple(
            YearVerdict(year, _state(after, year), year in about, _stopped_by(after, year, advice))
            for year in sorted({manifest.source_year for manifest in after.manifests})
        ),
        published=tuple(
            sorted({manifest.source_year for manifest in added if manifest.phase == "published"})
        ),
    )


def _stopped_by(history: LoadHistory, year: int, advice: Advice | None) -> str | None:
    """Why newer data of a year is not in the marts, and what to do; None if nothing stops it."""
    mark = history.watermark(year)
    causes = list(_causes(history, year, "newer data" if mark else "its data"))
    if not causes:
        return None
    standing = f"{year} as of {mark:%Y-%m-%d}" if mark else f"{year} is not in the marts"
    told = "; ".join([standing, *causes]).rstrip(".") + "."
    if advice is None:
        return told
    load = history.pending_of(year)
    # What could not be read as service requests cannot be released.
    if load and load.is_held and load.validated:
        told += f" Look at the layer; if it is right, release the load: {advice.release(year)}"
    return advice.typed(told)


def _causes(history: LoadHistory, year: int, what: str) -> Iterator[str]:
    load = history.pending_of(year)
    if load and load.held and load.is_held:
        yield f"{what} was held back because {' and '.join(load.held.reasons)}"
    if unread := history.unread(year):
        yield f"it could not be read: {unread.message}"


def _state(history: LoadHistory, year: int) -> str:
    if history.unread(year):
        return "not_read"
    if pending := history.pending_of(year):
        return pending.state
    loads = history.of_year(year)
    newest = loads[-1].load_id if loads else ""
    return "published" if history.newest_id(year) == newest else "unchanged"
