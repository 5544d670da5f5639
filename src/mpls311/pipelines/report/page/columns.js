/* Columns that several tables have, and sentences that several parts say. */

const typeColumn = () =>
  nameColumn("type_name", "Type", {
    value: (one) => data.types[one.type][1],
    write: (name, one) => to("type", one.type, name),
    sorts: true,
  });
/* Types whose channels differ so much that one time for all of them misleads. */
const mixed = (year) =>
  new Set(
    rows("type", { open_year: year })
      .filter((one) => one.channels_differ)
      .map((one) => one.type),
  );
const nameOfType = (type) => `${data.types[type][1]} ${subjectOf(type)}`;
/* Under a type its channels, where those are apart. */
const typeOrChannelColumn = () => ({
  ...typeColumn(),
  write: (name, one) => (one.is === "sub" ? `by ${data.channels[one.channel]}` : to("type", one.type, name)),
});
const subjectColumn = () =>
  nameColumn("subject_name", "Major category", {
    value: (one) => subjectOf(one.type),
    write: (name, one) => to("category", data.types[one.type][0], name),
  });
const areaColumn = () =>
  nameColumn("neighborhood_name", "Neighborhood", {
    value: (one) => data.neighborhoods[one.area][0],
    write: (name, one) => to("neighborhood", one.area, name),
    sorts: true,
  });
const communityColumn = () =>
  nameColumn("community_name", "Community", {
    value: (one) => data.neighborhoods[one.area][1],
    write: (name) => to("community", NAMES.community.names.indexOf(name), name),
  });
const channelColumn = (options) =>
  nameColumn("channel", "Channel", {
    value: (one) => (missing(one.channel) ? null : data.channels[one.channel]),
    write: (name, one) => (name === null ? "all" : to("channel", one.channel, name)),
    ...options,
  });
const yearColumn = () =>
  nameColumn("open_year", "Year", {
    write: (year, one) =>
      one.is === "sub"
        ? `by ${data.channels[one.channel]}`
        : link(addressOf({ ...address, year }), String(year)),
  });
const changeColumn = (label) =>
  column("change", label, { write: (_, one) => slower(one, one.before), sorts: true });

const PAPERWORK = "Closed is when the paperwork was closed, not when the work was done.";
const REPORTERS =
  "Requests measure who reports, not only what is wrong: some areas report several times as fast as others.";
const CLEAR =
  "A change is shown if it is clear: by more than a tenth of the time, or three points of a share, and too certain to be chance among all that are shown beside it.";
const DIFFER =
  "Where one channel takes more than three times as long as another, times are shown by channel; a change is that of the same mix.";
const FEW_CLOSED =
  "Of few closed requests (their number in parentheses) no times are shown or compared. Times count who still waits; one is \u201cnot reached yet\u201d while too few are closed.";
const sentences = (...list) => list.join(" ");

const monthly = (name, where) => totals(name, "request_count", ["open_year", "open_month"], where);
const monthTick = (month, width) => (width < 460 ? MONTHS[month - 1][0] : MONTHS[month - 1]);
const yearTick = (year, width, years) => (width / years < 40 ? `\u2019${String(year).slice(2)}` : year);
const monthsThereAre = (year) => (year === ALL ? 12 : lastMonth(year).month);
const MONTH_COLUMNS = MONTHS.map((name, at) =>
  countColumn(`month_${at + 1}`, name, {
    write: (n, one) => ({
      text: count(n),
      kind: missing(n) || !one.most ? null : `heat${Math.round((5 * n) / one.most)}`,
    }),
  }),
);
/* A row of the months of a year: past its last month there is nothing yet. */
function monthRow(requests, year) {
  const months = Array.from({ length: monthsThereAre(year) }, (_, at) => requests(year, at + 1));
  return {
    ...Object.fromEntries(months.map((n, at) => [`month_${at + 1}`, n])),
    most: Math.max(...months),
    request_count: sum(months),
  };
}

/* Every month against the band from the fewest to the most of the same month in the years before. */
function trend(requests, year, label) {
  const years = year === ALL ? data.years : [year];
  const slots = years.flatMap((one) =>
    Array.from({ length: year === ALL ? monthsThereAre(one) : 12 }, (_, at) => {
      const earlier = data.years.filter((other) => other < one).map((other) => requests(other, at + 1));
      return {
        year: one,
        month: at + 1,
        n: at < monthsThereAre(one) ? requests(one, at + 1) : null,
        tick: year !== ALL ? MONTHS[at] : at === 0 ? String(one) : null,
        low: earlier.length ? Math.min(...earlier) : null,
        high: earlier.length ? Math.max(...earlier) : null,
      };
    }),
  );
  const text = (slot) =>
    `${monthName(slot.year, slot.month)}, ${slot.year}: ${count(slot.n)}${missing(slot.low) ? "" : `\nyears before: ${count(slot.low)} to ${count(slot.high)}`}`;
  const values = slots.map((slot) => (slot.n === null ? null : { n: slot.n, tip: text(slot) }));
  return {
    chart: (width) =>
      drawLines({
        width,
        label: `${label}, month by month; the table below says the same.`,
        slots:
          width > 460
            ? slots
            : slots.map((slot, at) => ({
                ...slot,
                tick: year === ALL ? (at % 24 === 0 ? slot.tick : null) : slot.tick[0],
              })),
        series: [{ stroke: "var(--s0)", values }],
      }),
    legend: [
      { fill: "var(--s0)", label: year === ALL ? "requests of a month" : `requests of ${year}` },
      {
        fill: "var(--band)",
        label:
          data.years.filter((one) => one < (year || newest())).length === 1
            ? "that month of the year before"
            : "from the fewest to the most of that month in the years before",
      },
    ].slice(0, data.years[0] === year || data.years.length === 1 ? 1 : 2),
    table: {
      columns: [
        nameColumn("open_year", "Year"),
        nameColumn("open_month", "Month", { write: (month, one) => monthName(one.open_year, month) }),
        countColumn("request_count", "Requests"),
        countColumn("fewest_before", "Fewest before"),
        countColumn("most_before", "Most before"),
      ],
      rows: slots
        .filter(({ n }) => n !== null)
        .map(({ year, month, n, low, high }) => ({
          open_year: year,
          open_month: month,
          request_count: n,
          fewest_before: low,
          most_before: high,
        })),
    },
  };
}
