"""What the requests say of the city: the results of the project before this one, computed anew.

python -m publish.findings data/demo/09_export > docs/findings.md
"""

import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb


@dataclass(frozen=True)
class Question:
    """A question, and the query on the exported files that answers it."""

    title: str
    sql: str
    note: str = ""


QUESTIONS = (
    Question(
        "How many kinds of requests are there?",
        """\
select
    count(distinct subject_name) as major_categories,
    count(distinct type_name) as minor_categories,
    count(*) as requests,
    min(open_year) as first_year,
    max(open_year) as last_year
from requests
where open_year < (select max(open_year) from requests)""",
    ),
    Question(
        "How do they split into major categories?",
        """\
select
    subject_name as major_category,
    count(*) as requests,
    round(100.0 * count(*) / sum(count(*)) over (), 1) as percent
from requests
where open_year < (select max(open_year) from requests)
group by subject_name
order by requests desc, major_category""",
    ),
    Question(
        "Which types are asked for most, year by year?",
        """\
with ranked as (
    select
        open_year,
        type_name,
        row_number() over (partition by open_year order by count(*) desc, type_name) as place
    from requests
    where open_year < (select max(open_year) from requests)
    group by open_year, type_name
)

select
    open_year as year,
    max(type_name) filter (where place = 1) as first,
    max(type_name) filter (where place = 2) as second,
    max(type_name) filter (where place = 3) as third
from ranked
group by open_year
order by open_year""",
    ),
    Question(
        "Which types have a season?",
        """\
with months as (
    select type_name, open_month, count(*) as requests
    from requests
    where open_year < (select max(open_year) from requests)
    group by type_name, open_month
),

quarters as (
    select
        first.type_name,
        first.open_month,
        sum(months.requests) as requests
    from months as first
    inner join months
        on first.type_name = months.type_name
        and (months.open_month - first.open_month + 12) % 12 < 3
    group by first.type_name, first.open_month
)

select
    type_name,
    strftime(make_date(2000, arg_max(open_month, requests), 1), '%B') as three_months_from,
    round(100.0 * max(requests) / any_value(total), 0) as percent_of_all
from quarters
inner join (
    select type_name, sum(requests) as total
    from months
    group by type_name
) as totals using (type_name)
where total >= 500
group by type_name
having max(requests) >= 0.45 * any_value(total)
order by percent_of_all desc, type_name
limit 15""",
        "Listed is what has 45 percent or more of its requests in three months that follow each "
        "other; by chance it would be 25.",
    ),
)
"""The questions that the project before this one answered, with the years that are over."""


def findings(exports: Path) -> str:
    """The answers as Markdown, each with its query.

    Args:
        exports: The folder of an export.
    """
    package = json.loads((exports / "datapackage.json").read_text("utf-8"))
    lines = [
        "# Findings",
        "",
        package["description"].partition(" It reaches")[0],
        "",
        "Of the years that are over. The queries run in DuckDB, in the folder of an export, after",
        "`create view requests as from 'requests.parquet'`.",
    ]
    with duckdb.connect() as connection:
        connection.read_parquet(str(exports / "requests.parquet")).create_view("requests")
        for question in QUESTIONS:
            found = connection.execute(question.sql)
            names = [column for column, *_ in found.description]
            lines += ["", f"## {question.title}", "", *_table(names, found.fetchall())]
            lines += ["", question.note] if question.note else []
            lines += ["", "```sql", question.sql, "```"]
    return "\n".join([*lines, ""])


def _table(names: Sequence[str], rows: Sequence[Sequence[Any]]) -> list[str]:
    return [
        _line([name.replace("_", " ") for name in names]),
        _line(["---"] * len(names)),
        *(
            _line([_cell(name, value) for name, value in zip(names, row, strict=True)])
            for row in rows
        ),
    ]


def _line(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(name: str, value: Any) -> str:
    if isinstance(value, float):
        return f"{value:g}"
    return f"{value:,}" if isinstance(value, int) and "year" not in name else str(value)


if __name__ == "__main__":
    sys.stdout.write(findings(Path(sys.argv[1])))
