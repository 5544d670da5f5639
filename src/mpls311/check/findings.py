"""What a check found, and how it is told."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

_SHOWN = 5


@dataclass(frozen=True)
class Finding:
    """What is wrong, a clause; and the commands that put it right, one after the other."""

    what: str
    remedy: tuple[str, ...]


@dataclass
class Report:
    """What a check found.

    Attributes:
        findings: What is wrong.
        notes: What is as it may be, but worth a line.
        files: Number of files that were held against their manifests.
        bytes: How large they are together.

    """

    findings: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    files: int = 0
    bytes: int = 0

    def find(self, what: str, *remedy: str) -> None:
        """Add a finding."""
        self.findings.append(Finding(what, remedy))

    def lines(self) -> Iterator[str]:
        """All of it as a person reads it, a line each, the verdict last."""
        yield from (f"{note}." for note in self.notes)
        for finding in self.findings:
            yield f"{finding.what}. Type: {'; then '.join(finding.remedy)}"
        found = len(self.findings)
        verdict = f"{found:,} finding{'s' * (found != 1)}" if found else "all is well"
        yield f"{self.files:,} files of {self.bytes / 1e6:,.1f} MB checked: {verdict}."


def full_read(year: int) -> str:
    """What stands for whatever is damaged of a year."""
    return f"kedro run --params years={year},mode=full"


def some(names: Sequence[str]) -> str:
    """The first few of many names."""
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more:,} more" if more > 0 else "")
