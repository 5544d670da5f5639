"""What a statement processes in BigQuery, by the rules of on-demand billing.

Of cloud.google.com/bigquery/pricing and, for DML, of
cloud.google.com/bigquery/docs/reference/standard-sql/dml-syntax:

- A query processes the columns that it refers to, whole, each once; of a view, those of its tables.
- Partitions that a literal condition on the partitioning column leaves out are not processed.
- INSERT and CREATE TABLE AS process what their query does (q). DELETE, and a MERGE that does more
  than insert, process q, and besides all columns (t) of what they change, of the same partitions.
- Views made, and metadata, are free.

A query with `limit 0`, by which dbt learns of columns, is taken to be free. Blocks that clustering
leaves out are not told on paper, and count.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sqlglot import exp, parse_one
from sqlglot.optimizer.pushdown_projections import pushdown_projections
from sqlglot.optimizer.qualify import qualify
from sqlglot.optimizer.scope import Scope, traverse_scope
from sqlglot.schema import MappingSchema

TEMPORARY = "__dbt_tmp"
"""What the name of a table that dbt merges from ends with; a number follows."""
NOTHING = exp.Limit(expression=exp.Literal.number(0))


@dataclass(frozen=True)
class Table:
    """What is stored of a table."""

    columns: Mapping[str, float]
    """Bytes of all values of each."""
    partitioned_by: str = ""
    shares: Mapping[int, float] = field(default_factory=dict)
    """Of the rows in each partition."""

    def times(self, factor: float) -> "Table":
        """The same with so many times its rows."""
        return replace(self, columns={name: size * factor for name, size in self.columns.items()})


class Warehouse(NamedTuple):
    """What statements can refer to, by dataset and name."""

    tables: Mapping[str, Table]
    views: Mapping[str, exp.Query]

    def scanned(self, statement: str) -> dict[str, float]:
        """How many bytes of which tables a statement processes."""
        tree = parsed(statement)
        query = _query_of(tree)
        if query is None or query.args.get("limit") == NOTHING:
            return {}
        shares: dict[str, dict[str, float]] = defaultdict(dict)
        for name, column, share in self._scans(query):
            shares[name][column] = max(share, shares[name].get(column, 0))
        found = {
            name: sum(self.tables[name].columns[column] * share for column, share in scan.items())
            for name, scan in shares.items()
        }
        if _is_rewrite(tree):
            changed = name_of(tree.this)
            whole = sum(self.tables[changed].columns.values())
            found[changed] = found.get(changed, 0) + whole * max(
                shares[changed].values(), default=1
            )
        return found

    def _scans(self, query: exp.Query) -> Iterator[tuple[str, str, float]]:
        """Table, column and share of its rows, for each scan of a table in a query."""
        schema = MappingSchema(dialect="bigquery")
        for name, stored in self.tables.items():
            schema.add_table(name, dict.fromkeys(stored.columns, "string"))
        whole = exp.expand(query, dict(self.views), dialect="bigquery")
        qualified = qualify(whole, dialect="bigquery", schema=schema)
        for scope in traverse_scope(pushdown_projections(qualified, schema=schema)):
            for alias, source in scope.sources.items():
                if isinstance(source, exp.Table):
                    share = self._share(source, alias, scope)
                    for column in {column.name for column in scope.source_columns(alias)}:
                        yield name_of(source), column, share

    def _share(self, source: exp.Table, alias: str, scope: Scope) -> float:
        """What literal conditions leave of a table's partitions."""
        stored, share = self.tables[name_of(source)], 1.0
        for condition in _conditions(scope, alias):
            column, values = condition.this, condition.expressions or [condition.expression]
            if (
                isinstance(column, exp.Column)
                and (column.table, column.name) == (alias, stored.partitioned_by)
                and all(isinstance(value, exp.Literal) for value in values)
            ):
                left = {int(value.name) for value in values}
                share = min(share, sum(stored.shares.get(value, 0) for value in left))
        return share


def parsed(statement: str) -> exp.Expr:
    """A statement on tables of one project, dbt's temporary ones without their numbers."""
    tree = parse_one(statement, dialect="bigquery")
    for node in tree.find_all(exp.Table):
        name, temporary, _ = node.name.partition(TEMPORARY)
        node.set("catalog", None)
        node.set("this", exp.to_identifier(name + temporary))
    return tree


def name_of(table: exp.Table) -> str:
    """Its dataset and name."""
    return f"{table.db}.{table.name}"


def _query_of(tree: exp.Expr) -> exp.Query | None:
    """The query that refers to the columns that a statement refers to; none if it is free."""
    match tree:
        case exp.Query():
            return tree
        case exp.Create(kind="TABLE", expression=exp.Subquery(this=exp.Query() as query)):
            return query
        case exp.Create(kind="TABLE", expression=query) | exp.Insert(expression=query):
            return query if isinstance(query, exp.Query) else None
        case exp.Delete():
            return exp.select("1").from_(tree.this).where(tree.args["where"].this)
        case exp.Merge():
            target, using = tree.this.alias_or_name, tree.args["using"]
            own = [c for c in tree.args["whens"].find_all(exp.Column) if c.table == target]
            columns = exp.select(exp.column(exp.Star(), table=using.alias_or_name), *own)
            return columns.from_(using).join(tree.this, on=tree.args["on"])
        case exp.Create() | exp.Alter() | exp.Drop():
            return None
    raise NotImplementedError(tree.sql())


def _is_rewrite(tree: exp.Expr) -> bool:
    """Whether it processes all columns of what it changes."""
    if isinstance(tree, exp.Merge):
        whens = tree.args["whens"].expressions
        return any(not isinstance(when.args["then"], exp.Insert) for when in whens)
    return isinstance(tree, exp.Delete)


def _conditions(scope: Scope, alias: str) -> Iterator[exp.Expr]:
    """The equalities and lists that all rows of a source have to meet."""
    where = scope.expression.args.get("where")
    joins = scope.expression.args.get("joins") or []
    wholes = [where.this] if where else []
    wholes += [join.args["on"] for join in joins if join.alias_or_name == alias and join.args["on"]]
    for whole in wholes:
        for part in whole.flatten() if isinstance(whole, exp.And) else [whole]:
            condition = part.unnest()
            if isinstance(condition, exp.EQ | exp.In):
                yield condition
