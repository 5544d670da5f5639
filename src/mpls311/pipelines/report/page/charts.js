/* Charts, as wide as their place so that their text keeps its size. */

const chart = (width, height, label, ...marks) =>
  s("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": label }, ...marks);
const words = (text, x, y, anchor = "middle", kind = "soft") =>
  s("text", { class: kind, x, y, "text-anchor": anchor }, text);
const grid = (x1, y1, x2, y2) => s("line", { class: "grid", x1, y1, x2, y2 });

/* A vertical axis from zero to just above the most, with room for its numbers. */
function upright(width, height, most, write = count) {
  const [top, bottom, left] = [12, 24, 52];
  const y = (n) => height - bottom - (height - bottom - top) * (n / (most || 1));
  const axis = ticks(most).map((step) => [
    grid(left, y(step), width, y(step)),
    words(write(step), left - 6, y(step) + 4, "end"),
  ]);
  return { y, left, axis: axis.flat(), foot: height - bottom };
}

/* Stacked columns: slots of { name, tick, parts: [{ label, fill, n }], begun, above }. */
function drawColumns({ width, label, slots, height = 280 }) {
  const totals = slots.map(({ parts }) => sum(parts.map(({ n }) => n)));
  const { y, left, axis, foot } = upright(width, height, Math.max(1, ...totals));
  const slot = (width - left) / slots.length;
  // Of thin columns an outline would leave nothing.
  const thin = slot < 8;
  const wide = thin ? slot : Math.min(90, slot * 0.8);
  const columns = slots.map(({ name, tick, parts, begun, above }, at) => {
    const seen = parts.filter(({ n }) => n > 0);
    let below = 0;
    const column = s(
      "g",
      {
        class: begun ? "begun" : thin ? "thin" : null,
        tip: `${name}: ${count(totals[at])}\n${seen.map((part) => `${part.label}: ${count(part.n)}`).join("\n")}`,
      },
      seen.map(({ n, fill }) => {
        const [foot, head] = [y(below), y((below += n))];
        return s("rect", {
          class: "mark",
          fill,
          x: left + (at + 0.5) * slot - wide / 2,
          width: wide,
          y: head,
          height: foot - head,
        });
      }),
      s("rect", { x: left + at * slot, y: 0, width: slot, height: foot, fill: "transparent" }),
    );
    return [
      column,
      above
        ? words(above, Math.min(left + (at + 0.5) * slot, width - 3.4 * above.length), y(totals[at]) - 4)
        : null,
      missing(tick) ? null : words(tick, left + (at + 0.5) * slot, height - 7),
    ];
  });
  return chart(width, height, label, ...axis, ...columns);
}

/* Lines over a band: points of { tick, low, high } and of each series { values: [{ n, tip }] }. */
function drawLines({ width, label, slots, series, height = 240, write = count, most }) {
  const values = [
    ...series.flatMap((one) => one.values.map((value) => value?.n)),
    ...slots.map((slot) => slot.high),
  ].filter((n) => !missing(n));
  const { y, left, axis, foot } = upright(width, height, most || Math.max(...values) * 1.04, write);
  const slot = (width - left) / slots.length;
  const x = (at) => left + (at + 0.5) * slot;
  const pieces = (has) =>
    slots
      .map((_, at) => at)
      .reduce(
        (all, at) => {
          if (!has(at)) all.push([]);
          else all.at(-1).push(at);
          return all;
        },
        [[]],
      )
      .filter((piece) => piece.length);
  const path = (piece, value) =>
    piece.map((at, i) => `${i ? "L" : "M"}${x(at).toFixed(1)} ${y(value(at)).toFixed(1)}`).join("");
  const bands = pieces((at) => !missing(slots[at].high)).map((piece) =>
    s("path", {
      class: "band",
      d: `${path(piece, (at) => slots[at].high)}${path([...piece].reverse(), (at) => slots[at].low).replace("M", "L")}Z`,
    }),
  );
  const lines = series.map(({ values, stroke, dash }) =>
    [
      pieces((at) => !missing(values[at]?.n)).map((piece) =>
        s("path", { class: "line", stroke, "stroke-dasharray": dash, d: path(piece, (at) => values[at].n) }),
      ),
      values.map((value, at) =>
        missing(value?.n)
          ? null
          : s("circle", {
              class: "mark",
              fill: stroke,
              cx: x(at),
              cy: y(value.n),
              r: slot > 9 ? 4 : 2.4,
              tip: value.tip,
            }),
      ),
    ].flat(),
  );
  const marks = slots.map(({ tick }, at) => (missing(tick) ? null : words(tick, x(at), height - 7)));
  return chart(
    width,
    height,
    label,
    ...axis,
    ...bands,
    ...lines.flat(),
    ...marks,
    grid(left, foot, width, foot),
  );
}

/* A logarithmic scale of time across, for rows with a name each; where there is little room names stand above. */
const SCALE = [
  [1 / 60, "1 min"],
  [1, "1 h"],
  [6, "6 h"],
  [24, "1 day"],
  [168, "1 week"],
  [720, "30 days"],
  [4320, "180 days"],
  [35040, "4 years"],
];
function drawTimes({ width, label, lines, values, draw }) {
  const narrow = width < 460;
  const [left, line, top] = narrow ? [8, 50, 26] : [210, 34, 26];
  const height = top + lines.length * line + 12;
  // Times of nothing but zero have no place on a logarithmic scale, yet they are times.
  const known = [1, 24, ...values.filter((value) => value > 0)];
  const [low, high] = [
    Math.log10(Math.max(0.02, Math.min(...known))) - 0.1,
    Math.log10(Math.max(...known)) + 0.1,
  ];
  const x = (hours) =>
    left +
    (width - left - 28) * Math.min(1, Math.max(0, (Math.log10(Math.max(hours, 1e-6)) - low) / (high - low)));
  const axis = SCALE.filter(([hours]) => Math.log10(hours) >= low && Math.log10(hours) <= high).map(
    ([hours, text]) => [grid(x(hours), top - 6, x(hours), height), words(text, x(hours), 12)],
  );
  const marks = lines.map((one, at) => {
    const middle = top + (at + (narrow ? 0.7 : 0.5)) * line;
    return [
      words(one.name, 0, narrow ? middle - 17 : middle + 4, "start", "name"),
      ...draw(one, x, middle, left).flat(),
    ];
  });
  return chart(width, height, label, ...axis.flat(), ...marks);
}
const circle = (x, y, fill, stroke) => s("circle", { cx: x, cy: y, r: 4.5, fill, stroke, "stroke-width": 2 });
const diamond = (x, y, fill, stroke) =>
  s("path", {
    d: `M${x - 5.5} ${y}L${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}Z`,
    fill,
    stroke,
    "stroke-width": 2,
  });

/* A ring of parts { label, fill, n }. */
function drawRing(label, parts) {
  const total = sum(parts.map(({ n }) => n));
  const at = (turn, radius) =>
    `${(radius * Math.sin(2 * Math.PI * turn)).toFixed(2)} ${(-radius * Math.cos(2 * Math.PI * turn)).toFixed(2)}`;
  let angle = 0;
  const marks = parts.map(({ label, fill, n }) => {
    const from = angle;
    angle += n / total;
    // A whole circle has no arc of its own.
    const end = Math.min(angle, from + 0.9999);
    const large = end - from > 0.5 ? 1 : 0;
    return s("path", {
      class: "mark",
      fill,
      tip: `${label}\n${count(n)}, ${percent(n / total)}`,
      d: `M${at(from, 104)} A104 104 0 ${large} 1 ${at(end, 104)} L${at(end, 64)} A64 64 0 ${large} 0 ${at(from, 64)} Z`,
    });
  });
  return s(
    "svg",
    { class: "ring", viewBox: "-110 -110 220 220", role: "group", "aria-label": label },
    ...marks,
    words(count(total), 0, 2, "middle", "total"),
    words("requests", 0, 22),
  );
}
