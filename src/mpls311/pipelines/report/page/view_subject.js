/* One type, category, channel, community, neighborhood or ward: its months, years, times, backlog and areas. */

/* Which tables know such a thing, and by which column. */
const PLACE = {
  key: "area",
  yearly: "area",
  monthly: "areaMonth",
  types: "typeArea",
  backlog: "backlogArea",
};
const KINDS = {
  type: { key: "type", yearly: "type", monthly: "typeMonth" },
  category: { key: "subject", yearly: "subject", monthly: "month" },
  channel: { key: "channel", yearly: "channelYear", types: "typeChannel" },
  ward: { key: "ward", yearly: "ward", monthly: "wardMonth", types: "typeWard", backlog: "backlogWard" },
  neighborhood: PLACE,
  community: PLACE,
};
const areasOf = (community) =>
  [...data.neighborhoods.keys()].filter(
    (area) => data.neighborhoods[area][1] === NAMES.community.names[community],
  );
const whereOf = ({ kind, position }) => ({
  [KINDS[kind].key]: kind === "community" ? areasOf(position) : position,
});
/* Its rows by year; those of a community are sums, without times, which do not add up. */
function yearlyOf(what) {
  const list = rows(KINDS[what.kind].yearly, whereOf(what));
  if (what.kind !== "community") return list;
  return [...Map.groupBy(list, (one) => one.open_year)].map(([open_year, group]) => ({
    open_year,
    request_count: sum(group.map((one) => one.request_count)),
  }));
}

function tilesOf(what, year) {
  const { key, yearly } = KINDS[what.kind];
  const now = yearlyOf(what).find((one) => one.open_year === year);
  const all = row("year", { open_year: year });
  if (!now) return fixed(h("p", {}, `No requests in ${days(year)}.`));
  const before =
    key === "type" || key === "subject"
      ? rowsBefore(yearly, year, whereOf(what)).map((one) => ({
          ...one,
          channels_differ: now.channels_differ,
        }))[0]
      : null;
  const change = before && slower(now, before);
  return tiles(
    tile(
      "total",
      count(now.request_count),
      `requests, ${percent(now.request_count / all.request_count)} of the city\u2019s${before ? `; ${daysBefore(year)}: ${count(before.request_count)}` : ""}`,
    ),
    "median_hours" in now
      ? tile(
          "median",
          measured(now, "median_hours"),
          `median time to close${before ? `; ${daysBefore(year)}: ${measured(before, "median_hours")}` : ""}`,
        )
      : null,
    change
      ? h(
          "div",
          { class: "tile" },
          h("b", { id: "change", class: change.kind }, change.text),
          h("span", {}, `time to close, against ${daysBefore(year)}`),
        )
      : null,
    "p90_hours" in now ? tile("p90", measured(now, "p90_hours"), "90th percentile") : null,
  );
}

function gridPart(what) {
  const name = KINDS[what.kind].monthly;
  if (!has(name)) return null;
  const requests = monthly(name, whereOf(what));
  return part({
    id: "grid",
    title: "Months by year",
    wide: true,
    draw: () => ({
      table: {
        tall: false,
        columns: [
          yearColumn(),
          ...MONTH_COLUMNS.map((one) => ({ ...one, sorts: false })),
          countColumn("request_count", "All", { sorts: false }),
        ],
        rows: [...data.years].reverse().map((year) => ({ open_year: year, ...monthRow(requests, year) })),
      },
      notes: [
        "The darker a month, the nearer it is to the busiest one of its year.",
        unfinished(newest()) ? `${newest()} goes to ${day(unfinished(newest()).day)}.` : null,
      ].filter(Boolean),
    }),
  });
}

function trendOf(what, year) {
  const name = KINDS[what.kind].monthly;
  return has(name)
    ? part({
        id: "trend",
        title: year === ALL ? "All months, against the years before" : `${year} against the years before`,
        wide: true,
        draw: () => trend(monthly(name, whereOf(what)), year, `Requests of ${days(year)}`),
      })
    : null;
}

function yearsPart(what) {
  const channels = (one) =>
    rows("typeChannel", { ...whereOf(what), open_year: one.open_year }).map((each) => ({
      ...each,
      is: "sub",
    }));
  const list = yearlyOf(what)
    .filter((one) => data.years.includes(one.open_year))
    .sort((a, b) => b.open_year - a.open_year)
    .map((one) => ({ ...one, channel: null, parts: one.channels_differ ? channels(one) : [] }));
  const knows = (name) => list.some((one) => name in one);
  return list.length
    ? part({
        id: "years",
        title: "Years",
        draw: () => ({
          chart: (width) =>
            drawColumns({
              width,
              height: 200,
              label: "Requests by year; the table below says the same.",
              slots: [...list].reverse().map((one) => ({
                name: days(one.open_year),
                tick: yearTick(one.open_year, width, list.length),
                begun: Boolean(unfinished(one.open_year)),
                parts: [{ n: one.request_count, label: "requests", fill: "var(--s0)" }],
              })),
            }),
          beside: true,
          table: {
            columns: [
              yearColumn(),
              what.kind === "type" ? channelColumn({ hidden: true }) : null,
              countColumn("request_count", "Requests", { sorts: false }),
              knows("median_hours") ? timeColumn("median_hours", "Median", { sorts: false }) : null,
              knows("p90_hours") ? timeColumn("p90_hours", "90th percentile", { sorts: false }) : null,
              knows("slower_share")
                ? shareColumn("slower_share", "Slower than the city", {
                    sorts: false,
                    write: (_, one) => measured(one, "slower_share", percent),
                  })
                : null,
            ].filter(Boolean),
            rows: list,
          },
          notes: knows("median_hours") ? [PAPERWORK] : [],
        }),
      })
    : null;
}

/* What a channel or a place is asked for; the counts of a community are sums. */
function typesOf(what, year) {
  const name = KINDS[what.kind].types;
  if (!has(name)) return null;
  const where = { ...whereOf(what), open_year: year };
  const requests = totals(name, "request_count", ["type"], where);
  const differ = what.kind === "channel" ? new Set() : mixed(year);
  const list =
    what.kind === "community"
      ? [...new Set(rows(name, where).map(({ type }) => type))].map((type) => ({
          type,
          request_count: requests(type),
        }))
      : rows(name, where).map((one) => ({ ...one, channels_differ: differ.has(one.type) }));
  const total = sum(list.map((one) => one.request_count));
  const knows = (column) => list.some((one) => column in one);
  return part({
    id: "types",
    title: "What it is asked for",
    wide: true,
    draw: () => ({
      table: list.length
        ? {
            columns: [
              typeColumn(),
              countColumn("request_count", "Requests"),
              shareColumn("share", "Share", { sorts: false }),
              knows("median_hours") ? timeColumn("median_hours", "Median") : null,
              knows("open_count") ? countColumn("open_count", "Open of these") : null,
              subjectColumn(),
            ].filter(Boolean),
            rows: list
              .sort((a, b) => b.request_count - a.request_count)
              .map((one) => ({ ...one, share: one.request_count / total })),
          }
        : null,
      notes: [
        list.length
          ? REPORTERS
          : h(
              "p",
              { class: "note" },
              "Types of a place are here for ",
              link(addressOf({ ...address, year: newest() }), String(newest())),
              " and for ",
              link(addressOf({ ...address, year: ALL }), "all years"),
              ".",
            ),
      ],
    }),
  });
}
