/* How long it takes, against the year before and against the city's own past. */

function timesPart(year) {
  const before = by(rowsBefore("subject", year), "subject");
  const list = rows("subject", { open_year: year })
    .map((one) => ({ ...one, before: before.get(String(one.subject)) || {} }))
    .filter((one) => one.closed_count > 0)
    .sort((a, b) => b.request_count - a.request_count);
  const kinds = [
    ["median_hours", -6, "var(--s0)", "median", circle],
    ["p90_hours", 6, "var(--s5)", "90th percentile", diamond],
  ];
  const draw = (now, x, middle, left) => {
    const { name, before } = now;
    if (isFew(now)) return [words(measured(now), left, middle + 4, "start")];
    return kinds.map(([key, offset, fill, called, shape]) => {
      const y = middle + offset;
      if (missing(now[key])) return words(`${called}: ${NOT_REACHED}`, left, y + 4, "start");
      const earlier = missing(before[key])
        ? []
        : [
            s("line", { x1: x(before[key]), x2: x(now[key]), y1: y, y2: y, stroke: fill, "stroke-width": 2 }),
            shape(x(before[key]), y, "var(--card)", fill),
          ];
      const text =
        year === ALL
          ? `${name}, ${called}: ${measured(now, key)}`
          : `${name}, ${called}\n${days(year)}: ${measured(now, key)}\n${daysBefore(year)}: ${measured(before, key)}`;
      return s("g", { tip: text }, ...earlier, shape(x(now[key]), y, fill, fill));
    });
  };
  return part({
    id: "times",
    title: "Time to close",
    wide: true,
    draw: () => ({
      chart: (width) =>
        drawTimes({
          width,
          label: `Median and 90th percentile of ${days(year)} by major category; the table below says the same.`,
          draw,
          lines: list.map((one) => ({ ...one, name: data.subjects[one.subject] })),
          values: list.flatMap((one) =>
            [one, one.before].flatMap((each) => [each.median_hours, each.p90_hours]),
          ),
        }),
      legend: kinds.map(([, , fill, called]) => ({
        fill,
        label: `${called === "median" ? "median (circle)" : "90th percentile (diamond)"}`,
      })),
      table: {
        columns: [
          nameColumn("subject_name", "Major category", {
            value: (one) => data.subjects[one.subject],
            write: (name, one) => to("category", one.subject, name),
          }),
          countColumn("closed_count", "Closed"),
          timeColumn("median_hours", `Median, ${days(year)}`),
          ...(year === ALL
            ? []
            : [
                column("median_hours_before", daysBefore(year), {
                  value: (one) => one.before.median_hours,
                  write: (_, one) => measured(one.before, "median_hours"),
                }),
                changeColumn("Change"),
              ]),
          timeColumn("p90_hours", `90th percentile, ${days(year)}`),
          ...(year === ALL
            ? []
            : [
                column("p90_hours_before", daysBefore(year), {
                  value: (one) => one.before.p90_hours,
                  write: (_, one) => measured(one.before, "p90_hours"),
                }),
              ]),
        ],
        rows: list,
        tall: false,
      },
      notes: [
        sentences(
          year === ALL ? "" : `Filled ${days(year)}, hollow ${daysBefore(year)}.`,
          "Information-only types are left out; who still waits counts, for as long as it was seen.",
          PAPERWORK,
        ),
      ],
    }),
  });
}

/* One number of service, by year or by month of a year. */
function servicePart(year) {
  const ofYear = year === ALL ? newest() : year;
  const now = row("service", { open_year: ofYear, open_month: null });
  if (!now) return null;
  const whole = year === ALL;
  const list = rows("service", whole ? { open_month: null } : { open_year: year }).filter(
    (one) => whole || !missing(one.open_month),
  );
  const slots = whole ? data.years : Array.from({ length: 12 }, (_, at) => at + 1);
  const key = whole ? "open_year" : "open_month";
  const of = new Map(list.map((one) => [one[key], one]));
  const name = (one) => (whole ? days(one.open_year) : `${monthName(year, one.open_month)}, ${year}`);
  const point = (column) => (slot) => {
    const one = of.get(slot);
    return missing(one?.[column])
      ? null
      : {
          n: one[column],
          tip: `${name(one)}: ${percent(one[column])}${column === "share_within" ? ` of ${count(one.measured_count)} within targets` : " would be as before"}`,
        };
  };
  return part({
    id: "service",
    title: "One number of service",
    wide: true,
    draw: () => ({
      lead: h(
        "p",
        {},
        h("strong", {}, percent(now.share_within)),
        ` of the requests of ${days(ofYear)} were closed within targets taken from the city\u2019s own past.`,
        missing(now.benchmark_share)
          ? ""
          : ` If each type and channel were what it was before, it would be ${percent(now.benchmark_share)}.`,
      ),
      chart: (width) =>
        drawLines({
          width,
          height: 200,
          most: 1,
          write: (share) => `${Math.round(100 * share)} %`,
          label: "Share within targets; the table below says the same.",
          slots: slots.map((slot) => ({
            tick: whole ? yearTick(slot, width, slots.length) : monthTick(slot, width),
          })),
          series: [
            ...(whole
              ? [{ stroke: "var(--s1)", dash: "5 4", values: slots.map(point("benchmark_share")) }]
              : []),
            { stroke: "var(--s0)", values: slots.map(point("share_within")) },
          ],
        }),
      legend: whole
        ? [
            { fill: "var(--s0)", label: "within targets" },
            { fill: "var(--s1)", label: "if each type and channel were as before (dashed)" },
          ]
        : null,
      table: {
        columns: [
          nameColumn("open_year", "Year"),
          nameColumn("open_month", "Month", {
            write: (month, one) => (missing(month) ? "all" : monthName(one.open_year, month)),
          }),
          shareColumn("share_within", "Within targets"),
          whole ? shareColumn("benchmark_share", "As before") : null,
          countColumn("measured_count", "Measured"),
          shareColumn("covered_share", "Have a target"),
        ].filter(Boolean),
        rows: list,
      },
      notes: [
        sentences(
          "The city publishes no targets: this measures it against its own past. A target is the time in which three quarters of the requests of up to three earlier years were closed, by type and channel, so three quarters is what it takes to be as before.",
          `${percent(now.covered_share)} of the requests have one. Measured are those at least as old as their target.`,
          PAPERWORK,
        ),
      ],
    }),
  });
}

function targetsPart(year) {
  if (year === ALL) return null;
  let worst = true;
  const list = rows("target", { open_year: year });
  return part({
    id: "targets",
    title: "Service targets",
    wide: true,
    controls: (redraw) => [
      choice(
        "First",
        [
          ["worse", "what became worse"],
          ["better", "what became better"],
        ],
        (value) => {
          worst = value === "worse";
          redraw();
        },
      ),
    ],
    draw: () => {
      // What is not a clear change has no rank; the mart's own order is by it and then by volume.
      const rank = (one) => (one.worse ? (worst ? -1 : 1) * one.worse : 0);
      const rowsInOrder = [...list].sort(
        (a, b) =>
          rank(a) - rank(b) ||
          (a.worse
            ? (worst ? 1 : -1) * (a.share_change - b.share_change)
            : b.measured_count - a.measured_count),
      );
      return {
        table: list.length
          ? {
              columns: [
                typeColumn(),
                channelColumn(),
                column("share_change", "Change", {
                  value: (one) => (one.worse ? one.share_change : null),
                  write: (_, one) => points(one),
                  sorts: true,
                }),
                shareColumn("share_within", `Within, ${year}`),
                shareColumn("benchmark_share_within", "Within before"),
                column("target_hours", "Target", { write: duration, sorts: true }),
                countColumn("measured_count", "Measured"),
              ],
              rows: rowsInOrder,
            }
          : null,
        notes: [
          list.length
            ? sentences(
                `${year} is measured against its targets by the requests that are at least as old as the target: ${count(list.length)} kinds of requests, ${count(list.filter((one) => one.worse > 0).length)} of them clearly worse, ${count(list.filter((one) => one.worse < 0).length)} clearly better. Those with few requests are left out.`,
                CLEAR,
                PAPERWORK,
              )
            : `No year before ${year} is here to measure it against.`,
        ],
      };
    },
  });
}
