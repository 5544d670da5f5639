"""What was found, as Markdown: troubles first, then what is good to know, layers and fields."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from itertools import pairwise

from mpls311.arcgis.errors import printable
from mpls311.first_contact.contact import Contact
from mpls311.parameters import SourceSettings
from mpls311.schemas import ServiceRequest, source_columns


def report(source: SourceSettings, contacts: Sequence[Contact], now: datetime) -> str:
    """The report; of what is the same in several layers one line."""
    seen = [contact.description for contact in contacts if contact.description]
    rows = sum(found.count or 0 for found in seen)
    lines = [
        f"# First contact with {source.id}",
        "",
        f"{now:%Y-%m-%d %H:%M} UTC, {source.services_url}: {len(seen)} of {len(contacts)} layers, "
        f"{rows:,} rows.",
        "",
        "## Troubles",
        "",
        *_findings(contacts, is_trouble=True),
        "",
        "## Good to know",
        "",
        *_findings(contacts, is_trouble=False),
        "",
        "## Layers",
        "",
        *_table(_layers(contacts)),
        "",
        "## Fields",
        "",
        *_table(_fields(contacts)),
    ]
    return "\n".join(lines)


def _findings(contacts: Iterable[Contact], *, is_trouble: bool) -> Iterator[str]:
    titles: defaultdict[str, list[str]] = defaultdict(list)
    for contact in contacts:
        for finding in contact.findings:
            if finding.is_trouble is is_trouble:
                titles[finding.text].append(contact.title)
    for text, found in titles.items():
        yield f"- {_years(found)}: {_escaped(text.rstrip('.'))}."
    if not titles:
        yield "None."


def _layers(contacts: Iterable[Contact]) -> Iterator[Sequence[object]]:
    yield "layer", "rows", "read by", "page", "object id", "kind", "wkid", "last edit (UTC)"
    for contact in contacts:
        if found := contact.description:
            layer = found.layer
            edited = layer.data_last_edit_date
            yield (
                contact.title,
                "?" if found.count is None else f"{found.count:,}",
                found.way or "nothing",
                f"{layer.page_limit:,}{' standard' if layer.result_type else ''}",
                layer.object_id_field,
                (layer.geometry_type or "table").removeprefix("esriGeometry"),
                layer.wkid or "?",
                "?" if edited is None else f"{_moment(edited):%Y-%m-%d %H:%M}",
            )
        else:
            yield contact.title, "not seen", *[""] * 6


def _moment(epoch_ms: int) -> datetime:
    return datetime.fromtimestamp(epoch_ms / 1000, UTC)


def _fields(contacts: Iterable[Contact]) -> Iterator[Sequence[object]]:
    """Fields of the layers of requests, by name and type, with the years that have them."""
    yield "field", "type", "column", "layers"
    titles: defaultdict[tuple[str, str, str], list[str]] = defaultdict(list)
    for contact in contacts:
        if contact.description and contact.title.isdecimal():
            layer = contact.description.layer
            names = source_columns(ServiceRequest, layer.arrow_schema.names, layer.object_id_field)
            columns = {name: column for column, name in names.items()}
            for field in layer.fields:
                kind = field.type.removeprefix("esriFieldType")
                if field.coded_values:
                    kind += f", {len(field.coded_values)} coded values"
                titles[field.name, kind, columns.get(field.name, "extras")].append(contact.title)
    for described, found in titles.items():
        yield *described, _years(found)


def _years(titles: Sequence[str]) -> str:
    """Titles in few words: 2015-2019, 2021, neighborhoods."""
    years = sorted(int(title) for title in titles if title.isdecimal())
    starts = [b for a, b in pairwise([0, *years]) if b != a + 1]
    ends = [a for a, b in pairwise([*years, 0]) if b != a + 1]
    runs = [f"{a}-{b}" if a < b else str(a) for a, b in zip(starts, ends, strict=True)]
    return ", ".join([*runs, *(title for title in titles if not title.isdecimal())])


def _table(rows: Iterable[Sequence[object]]) -> Iterator[str]:
    for number, row in enumerate(rows):
        yield f"| {' | '.join(_escaped(str(cell)) for cell in row)} |"
        if not number:
            yield f"|{'---|' * len(row)}"


def _escaped(text: str) -> str:
    """Text of a server that cannot be taken for Markdown or HTML."""
    return re.sub(r"([\\|*`<])", r"\\\1", printable(text))
