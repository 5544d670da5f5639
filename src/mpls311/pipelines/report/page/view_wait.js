/* How long a new request will take, by what the last ones took. */

const SPANS = [
  column("p25_hours", "A quarter within", { write: (_, one) => measured(one, "p25_hours"), sorts: true }),
  column("median_hours", "Half within", { write: (_, one) => measured(one, "median_hours"), sorts: true }),
  column("p75_hours", "Three quarters within", {
    write: (_, one) => measured(one, "p75_hours"),
    sorts: true,
  }),
];
const waits = (where) => rows("wait", where).filter((one) => one.closed_count > 0);
const WAIT_NOTE = sentences(
  "Of the requests of the last 365 days, whatever the year above. Quartiles count who still waits, as the survival curve does.",
  PAPERWORK,
);

function waitPart(type = null) {
  if (!has("wait")) return null;
  let asked = "";
  const all = (type === null ? waits() : waits({ type })).map((one) => ({
    ...one,
    is: missing(one.channel) ? null : "sub",
  }));
  const apart = Map.groupBy(
    all.filter((one) => !missing(one.channel)),
    (one) => one.type,
  );
  const differ = mixed(newest());
  const list = all
    .filter((one) => missing(one.channel))
    .map((one) => ({
      ...one,
      channels_differ: differ.has(one.type),
      parts: (apart.get(one.type) || []).length > 1 ? apart.get(one.type) : [],
    }))
    .sort((a, b) => b.closed_count - a.closed_count);
  if (type !== null && !list.length) return null;
  return part({
    id: "wait",
    title: "How long will mine take?",
    wide: type === null,
    controls:
      type === null
        ? (redraw) => [
            field("It is about", "mine", (text) => {
              asked = text;
              redraw();
            }),
          ]
        : null,
    draw: () => {
      const shown = list.filter((one) => having(asked)(nameOfType(one.type)));
      const few =
        shown.length && shown.length <= 6
          ? shown.flatMap((one) => [one, ...one.parts]).filter((one) => !isFew(one) && !one.channels_differ)
          : [];
      const name = (one) =>
        `${type === null ? `${data.types[one.type][1]}, ` : ""}${missing(one.channel) ? "all channels" : data.channels[one.channel]}`;
      const draw = (one, x, middle, left) => {
        if (missing(one.median_hours)) return [words(NOT_REACHED, left, middle + 4, "start")];
        const end = missing(one.p75_hours) ? x(1e9) : x(one.p75_hours);
        return [
          s(
            "g",
            {
              tip: `${one.name}\nhalf within ${duration(one.median_hours)}, three quarters ${measured(one, "p75_hours")}`,
            },
            s("rect", {
              class: "mark",
              fill: "var(--s4)",
              x: x(one.p25_hours),
              width: Math.max(3, end - x(one.p25_hours)),
              y: middle - 6,
              height: 12,
              rx: 3,
            }),
            circle(x(one.median_hours), middle, "var(--card)", "var(--ink)"),
          ),
        ];
      };
      return {
        beside: true,
        chart: few.length
          ? (width) =>
              drawTimes({
                width,
                label:
                  "From a quarter to three quarters closed, and the median; the table below says the same.",
                lines: few.map((one) => ({ ...one, name: name(one) })),
                values: few.flatMap((one) => [one.p25_hours, one.median_hours, one.p75_hours]),
                draw,
              })
          : null,
        legend: few.length
          ? [{ fill: "var(--s4)", label: "the middle half of the requests; the circle is the median" }]
          : null,
        table: {
          columns: [
            type === null ? typeOrChannelColumn() : channelColumn(),
            ...(type === null ? [channelColumn({ hidden: true })] : []),
            ...SPANS,
            countColumn("closed_count", "Closed"),
          ],
          rows: shown,
          tall: type === null,
        },
        notes: [WAIT_NOTE],
      };
    },
  });
}
