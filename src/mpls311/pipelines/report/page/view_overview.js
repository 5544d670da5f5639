/* The year at a glance. */

const within = (row, span) =>
  row[`aged_${span}_days_count`] ? row[`within_${span}_days_count`] / row[`aged_${span}_days_count`] : null;
const tile = (id, value, label) => h("div", { class: "tile" }, h("b", { id }, value), h("span", {}, label));
const nothing = () => {};
const fixed = (section) => ({ section, measure: nothing, redraw: nothing, draws: nothing, whole: nothing });
const tiles = (...list) =>
  fixed(h("section", { class: "tiles", id: "tiles", "aria-label": "In figures" }, list));

function yearTiles(year) {
  const now = row("year", { open_year: year });
  const [before] = rowsBefore("year", year);
  const against = (value) => (before ? `; ${daysBefore(year)}: ${value(before)}` : "");
  const service = row("service", { open_year: year, open_month: null });
  return tiles(
    tile(
      "total",
      count(now.request_count),
      `requests${unfinished(year) ? ` to ${day(unfinished(year).day)}` : ""}${against((one) => count(one.request_count))}`,
    ),
    tile("open", count(now.open_count), `still open, ${percent(now.open_count / now.request_count)}`),
    tile(
      "within",
      percent(within(now, 7)),
      `closed within 7 days, of those as old${against((one) => percent(within(one, 7)))}`,
    ),
    tile(
      "median",
      measured(now, "median_hours"),
      `median time to close${against((one) => measured(one, "median_hours"))}`,
    ),
    tile("p90", measured(now, "p90_hours"), `90th percentile${against((one) => measured(one, "p90_hours"))}`),
    service
      ? tile(
          "service",
          percent(service.share_within),
          `within targets from the city\u2019s own past${missing(service.benchmark_share) ? "" : `; as before it would be ${percent(service.benchmark_share)}`}`,
        )
      : null,
  );
}

/* What is asked for unusually often; that nothing is, is an answer too. */
function weekPart(year) {
  if (!has("week") || (year !== ALL && year !== newest())) return null;
  const [first, last] = data.lastWeek;
  const known = rows("week").filter((one) => !missing(one.expected_count));
  const unusual = known.filter((one) => one.is_unusual);
  const span = `in the seven days from ${day(first)} to ${day(last)}`;
  const answer = !known.length
    ? `What is usual ${span} cannot be told: too few earlier weeks are here.`
    : !unusual.length
      ? `None of ${count(known.length)} types was asked for unusually often ${span}.`
      : `${unusual.length === 1 ? "One type" : `${count(unusual.length)} types`} of ${count(known.length)} ${unusual.length === 1 ? "was" : "were"} asked for unusually often ${span}.`;
  return part({
    id: "week",
    title: "This week",
    wide: true,
    draw: () => ({
      lead: h("p", { id: "week-answer" }, answer),
      table: unusual.length
        ? {
            tall: false,
            columns: [
              typeColumn(),
              countColumn("request_count", "Requests"),
              column("expected_count", "Expected", { write: (n) => count(Math.round(n)), sorts: true }),
              countColumn("low", "Usual from"),
              countColumn("high", "to"),
            ],
            rows: unusual,
          }
        : null,
      notes: known.length
        ? [
            "Expected is what the same weeks of earlier years had, times how much more there has been lately. Unusual is what is beyond chance for a type that varies as much as it does, among so many types.",
          ]
        : [],
    }),
  });
}

function splitPart(year) {
  return part({
    id: "split",
    title: "Major categories",
    draw: () => {
      const list = rows("subject", { open_year: year }).sort((a, b) => b.request_count - a.request_count);
      const total = sum(list.map((one) => one.request_count));
      const shares = list.map((one) => ({
        subject: one.subject,
        request_count: one.request_count,
        share: one.request_count / total,
      }));
      return {
        split: true,
        chart: () =>
          drawRing(
            `Requests of ${days(year)} by major category; the list beside it says the same.`,
            shares.map((one) => ({
              label: data.subjects[one.subject],
              fill: paint(one.subject),
              n: one.request_count,
            })),
          ),
        legend: shares.map((one) => ({
          fill: paint(one.subject),
          label: to("category", one.subject),
          values: [count(one.request_count), percent(one.share)],
        })),
        table: {
          columns: [
            nameColumn("subject_name", "Major category", { value: (one) => data.subjects[one.subject] }),
            countColumn("request_count", "Requests"),
            shareColumn("share", "Share"),
          ],
          rows: shares,
          tall: false,
        },
      };
    },
  });
}

/* The months of a year, or the years, in stacked columns of major categories. */
function columnsPart(year) {
  const list = rows("month", year === ALL ? {} : { open_year: year }).filter((one) => one.open_year !== ALL);
  const key = year === ALL ? "open_year" : "open_month";
  const slots = year === ALL ? data.years : MONTHS.slice(0, monthsThereAre(year)).map((_, at) => at + 1);
  const cells = Map.groupBy(list, (one) => one[key]);
  const counts = slots.map((slot) => {
    const numbers = data.subjects.map(() => 0);
    for (const one of cells.get(slot) || []) numbers[one.subject] += one.request_count;
    return numbers;
  });
  const begun = (slot) =>
    year === ALL ? Boolean(unfinished(slot)) : lastMonth(year).begun && slot === lastMonth(year).month;
  const name = (slot) => (year === ALL ? days(slot) : monthName(year, slot));
  return part({
    id: "months",
    title: year === ALL ? "Requests by year" : "Requests by month",
    draw: () => ({
      chart: (width) =>
        drawColumns({
          width,
          label: `Requests of ${days(year)} by ${year === ALL ? "year" : "month"}; the table below says the same.`,
          slots: slots.map((slot, at) => ({
            name: `${name(slot)}${year === ALL ? "" : `, ${year}`}`,
            begun: begun(slot),
            above: begun(slot)
              ? `to ${year === ALL ? day(unfinished(slot).day) : lastMonth(year).last}`
              : null,
            tick: year === ALL ? yearTick(slot, width, slots.length) : monthTick(slot, width),
            parts: counts[at].map((n, subject) => ({
              n,
              label: data.subjects[subject],
              fill: paint(subject),
            })),
          })),
        }),
      table: {
        columns: [
          nameColumn(key, year === ALL ? "Year" : "Month", { write: (slot) => name(slot) }),
          countColumn("request_count", "All"),
          ...data.subjects.map((label, subject) => countColumn(`subject_${subject}`, label, { key: label })),
        ].map((one) => ({ ...one, sorts: false })),
        rows: slots.map((slot, at) => ({
          [key]: slot,
          request_count: sum(counts[at]),
          ...Object.fromEntries(counts[at].map((n, subject) => [`subject_${subject}`, n])),
        })),
      },
      notes: ["Colors as in the list of major categories."],
    }),
  });
}

function trendPart(year) {
  const requests = monthly("month");
  return part({
    id: "trend",
    title: year === ALL ? "All months, against the years before" : `${year} against the years before`,
    wide: year === ALL,
    draw: () => trend(requests, year, `Requests of ${days(year)}`),
  });
}

function channelsPart(year) {
  if (!has("channelYear")) return null;
  const list = rows("channelYear").filter((one) => one.open_year !== ALL);
  const totals = new Map(
    data.years.map((year) => [
      year,
      sum(list.filter((one) => one.open_year === year).map((one) => one.request_count)),
    ]),
  );
  const shares = by(list, "open_year", "channel");
  const share = (year, channel) => (shares.get(`${year} ${channel}`)?.request_count || 0) / totals.get(year);
  return part({
    id: "channels",
    title: "How people ask, over the years",
    wide: year === ALL,
    draw: () => ({
      chart: (width) =>
        drawLines({
          width,
          label: "Share of each channel by year; the table below says the same.",
          write: (n) => `${Math.round(100 * n)} %`,
          height: 220,
          slots: data.years.map((year) => ({
            tick: yearTick(year, width, data.years.length),
          })),
          series: data.channels.map((name, channel) => ({
            stroke: paint(channel),
            values: data.years.map((year) => ({
              n: share(year, channel),
              tip: `${name}, ${days(year)}: ${percent(share(year, channel))}`,
            })),
          })),
        }),
      legend: data.channels.map((_, channel) => ({ fill: paint(channel), label: to("channel", channel) })),
      table: {
        columns: [
          nameColumn("open_year", "Year"),
          channelColumn(),
          countColumn("request_count", "Requests"),
          shareColumn("share", "Share"),
        ],
        rows: list.map((one) => ({ ...one, share: one.request_count / totals.get(one.open_year) })),
      },
      notes: [
        "Open311 is how apps for phones ask, Self Service the forms on the city's site; what is left came by phone, mail, or in some way that is not told.",
      ],
    }),
  });
}
