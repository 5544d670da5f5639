"""Plotly figures of the newest year, for Kedro-Viz; the dashboard draws its own for every year."""

import calendar

import pandas as pd
import plotly.graph_objects as go

from mpls311.pipelines.report.answers import Answers

PALETTE = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#7A5195")
"""Okabe and Ito's colours, which colour-blind readers can tell apart, and one more."""

_OTHERS = "#9AA0A6"
_TARGETS = 12


def draw_category_split(answers: Answers) -> go.Figure:
    """A ring of the major categories."""
    figure, year = _figure(answers, "Requests by major category")
    if year:
        rows = _of_year(answers.by("year_subject", "subject_name"), year)
        figure.add_pie(
            labels=list(rows["subject_name"]),
            values=list(rows["request_count"]),
            hole=0.6,
            marker_colors=[_colour(answers, name) for name in rows["subject_name"]],
        )
    return figure


def draw_monthly_volume(answers: Answers) -> go.Figure:
    """Stacked columns of the requests of each month."""
    figure, year = _figure(answers, "Requests by month of opening")
    if year:
        rows = _of_year(answers.by("month_subject", "open_month", "subject_name"), year)
        names = _month_names(answers, year)
        for name in answers.subjects:
            months = rows[rows["subject_name"] == name]
            figure.add_bar(
                name=name,
                x=[names[month - 1] for month in months["open_month"]],
                y=list(months["request_count"]),
                marker_color=_colour(answers, name),
            )
        figure.update_layout(barmode="stack", xaxis_categoryarray=names)
    return figure


def draw_times_to_close(answers: Answers) -> go.Figure:
    """Median and 90th percentile of each major category, and those of the year before.

    A year that is not over is drawn against the same days of the year before.
    """
    figure, year = _figure(answers, "Hours to close, information-only types left out")
    if year:
        now = _of_year(answers.by("year_subject", "subject_name"), year)
        before = answers.year_before(year, "year_subject", "subject_name")
        few = now[(now["is_few"] == True) & (now["closed_count"] > 0)]  # noqa: E712
        before = before[~before["subject_name"].isin(few["subject_name"])]
        for measure, label in (("median_hours", "median"), ("p90_hours", "90th percentile")):
            for rows, of, opacity in ((before, year - 1, 0.45), (now, year, 1.0)):
                rows = rows.dropna(subset=[measure])
                figure.add_scatter(
                    name=f"{label}, {answers.days(of, of=year)}",
                    x=list(rows[measure]),
                    y=list(rows["subject_name"]),
                    mode="markers",
                    marker={
                        "size": 11,
                        "opacity": opacity,
                        "color": PALETTE[0] if measure == "median_hours" else PALETTE[5],
                        "symbol": "circle" if measure == "median_hours" else "diamond",
                    },
                )
        figure.add_scatter(
            name="few",
            x=[1] * len(few),
            y=list(few["subject_name"]),
            text=[f"few ({count:.0f})" for count in few["closed_count"]],
            mode="text",
            textposition="middle right",
            showlegend=False,
        )
        figure.update_layout(xaxis_type="log", xaxis_title="hours")
    return figure


def draw_service_targets(answers: Answers) -> go.Figure:
    """What has become worse and better by most, in points; grey where that is not clear."""
    figure, year = _figure(answers, "Share closed within the earlier years' three-quarter time")
    targets = answers.marts["rpt_service_targets"]
    if year and not targets.empty:
        rows = targets.assign(
            worse=answers.worse_shares(answers.of_years("rpt_service_targets"), "benchmark_")
        )
        rows = _of_year(rows, year).sort_values("rank_in_year")
        shown = pd.concat([rows.head(_TARGETS), rows.tail(_TARGETS)]).drop_duplicates()
        change = [100 * share for share in shown["share_change"]]
        figure.add_bar(
            x=change,
            y=[f"{row.type_name} ({row.channel})" for row in shown.itertuples()],
            orientation="h",
            marker_color=[
                {1: PALETTE[5], -1: PALETTE[0]}.get(worse, _OTHERS) for worse in shown["worse"]
            ],
        )
        figure.update_layout(xaxis_title="percentage points", yaxis_autorange="reversed")
    return figure


def draw_neighborhoods(answers: Answers) -> go.Figure:
    """The neighbourhoods by number of requests, and the hot spots."""
    figure, year = _figure(answers, "Requests by neighbourhood, and hot spots")
    if year:
        areas = answers.of_grain("rpt_neighborhoods", "year_neighborhood", "neighborhood_id")
        rows = _of_year(areas, year)
        counts = {row.neighborhood_id: row.request_count for row in rows.itertuples()}
        names = answers.marts["dim_neighborhoods"].set_index("neighborhood_id")["neighborhood_name"]
        most = max((n for number, n in counts.items() if number > 0), default=1)
        for number, rings in answers.shapes("neighborhood").items():
            corners = [corner for ring in rings for corner in (*ring, (None, None))]
            count = counts.get(number, 0)
            figure.add_scatter(
                x=[x for x, _ in corners],
                y=[y for _, y in corners],
                mode="lines",
                fill="toself",
                fillcolor=f"rgba(0, 114, 178, {0.08 + 0.8 * count / most:.3f})",
                line={"color": "white", "width": 1},
                name=f"{names[number]}: {count:,}",
                hoverinfo="name",
                hoverlabel_namelength=-1,
                showlegend=False,
            )
        spots = _of_year(answers.marts["rpt_hot_spots"], year)
        figure.add_scatter(
            x=list(spots["longitude"]),
            y=list(spots["latitude"]),
            text=[f"{count:,} requests" for count in spots["request_count"]],
            mode="markers",
            marker={"color": PALETTE[5], "size": 7},
            name="hot spots",
        )
        figure.update_yaxes(scaleanchor="x", scaleratio=1.41, visible=False)
        figure.update_xaxes(visible=False)
    return figure


def _figure(answers: Answers, title: str) -> tuple[go.Figure, int | None]:
    """A figure and its year, the newest one; None where there is none."""
    year = answers.years[-1] if answers.years else None
    figure = go.Figure()
    source = " (made-up data)" if answers.made_up else ""
    figure.update_layout(title=f"{title}, {year}{source}" if year else "No requests yet")
    return figure, year


def _month_names(answers: Answers, year: int) -> list[str]:
    """January to December; of a month that is not over, the day it has come to."""
    names = list(calendar.month_abbr)[1:]
    day = answers.unfinished
    if day and day.year == year and day.day < calendar.monthrange(year, day.month)[1]:
        names[day.month - 1] += f" 1 to {day.day}"
    return names


def _of_year(rows: pd.DataFrame, year: int) -> pd.DataFrame:
    return rows[rows["open_year"] == year]


def _colour(answers: Answers, subject: str) -> str:
    position = answers.subjects.index(subject)
    return PALETTE[position] if position < len(PALETTE) else _OTHERS
