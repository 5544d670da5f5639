/* Parts of a view: a title, a chart, a table, and its CSV. */

/* How tables are sorted, and which are open under their charts, stays while the page is open. */
const sorting = new Map();
const unfolded = new Set();

/* A column: its name in the CSV, its label, how its value is written; `value` where the row has none of that name. */
const column = (key, label, options = {}) => ({
  key,
  label,
  value: (one) => one[key],
  write: (value) => (missing(value) ? DASH : value),
  ...options,
});
const nameColumn = (key, label, options) => column(key, label, { text: true, ...options });
const countColumn = (key, label, options) => column(key, label, { write: count, sorts: true, ...options });
const shareColumn = (key, label, options) => column(key, label, { write: percent, sorts: true, ...options });
const timeColumn = (key, label, options) =>
  column(key, label, { write: (_, one) => measured(one, key), sorts: true, ...options });

function ordered({ id, columns, rows }) {
  const { key, down } = sorting.get(id) || {};
  const by = columns.find((one) => one.key === key && one.sorts);
  if (!by) return rows;
  const sign = down ? -1 : 1;
  return [...rows].sort((a, b) => {
    const [x, y] = [by.value(a), by.value(b)];
    if (missing(x) || missing(y)) return missing(x) - missing(y);
    return sign * (typeof x === "string" ? x.localeCompare(y) : x - y);
  });
}
const lines = (spec) => ordered(spec).flatMap((one) => [one, ...(one.parts || [])]);

function drawTable(spec) {
  const columns = spec.columns.filter(({ hidden }) => !hidden);
  const body = h("tbody");
  const heads = columns.map(({ key, label, text, sorts }) =>
    h(
      "th",
      { scope: "col", class: text ? "t" : null },
      sorts
        ? h(
            "button",
            {
              type: "button",
              onclick: () => {
                const now = sorting.get(spec.id);
                sorting.set(spec.id, { key, down: now?.key === key ? !now.down : !text });
                fill();
              },
            },
            label,
          )
        : label,
    ),
  );
  const cell = (one, { value, write, text }, at) => {
    const written = write(value(one), one);
    const { text: content, kind } =
      written !== null && typeof written === "object" && !(written instanceof Node)
        ? written
        : { text: written };
    const node = document.createElement(at === 0 ? "th" : "td");
    if (at === 0) node.scope = "row";
    if (text || kind) node.className = [text ? "t" : "", kind || ""].join(" ").trim();
    node.append(content);
    return node;
  };
  const fill = () => {
    const { key, down } = sorting.get(spec.id) || {};
    heads.forEach((head, at) => {
      if (columns[at].key === key) head.setAttribute("aria-sort", down ? "descending" : "ascending");
      else head.removeAttribute("aria-sort");
    });
    body.replaceChildren(
      ...lines(spec).map((one) =>
        h(
          "tr",
          { class: one.is || null, "data-area": one.area },
          columns.map((column, at) => cell(one, column, at)),
        ),
      ),
    );
  };
  fill();
  return h(
    "table",
    { id: spec.id },
    h("caption", { class: "visually-hidden" }, spec.caption),
    h("thead", {}, h("tr", {}, heads)),
    body,
  );
}

function csvOf(spec) {
  const quoted = (value) =>
    missing(value) ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : String(value);
  const rows = lines(spec).map((one) => spec.columns.map(({ value }) => quoted(value(one))));
  return [spec.columns.map(({ key }) => key), ...rows].map((cells) => `${cells.join(",")}\r\n`).join("");
}
function download(spec) {
  const url = URL.createObjectURL(new Blob([csvOf(spec)], { type: "text/csv" }));
  const made = document.documentElement.classList.contains("made-up") ? "-made-up" : "";
  h("a", {
    href: url,
    download: `mpls311${made}-${slug(document.title.split(" \u00b7 ")[0])}-${spec.id}.csv`,
  }).click();
  setTimeout(() => URL.revokeObjectURL(url), 60_000);
}

/* Wide tables scroll by themselves; by keyboard too, where there is something to scroll. */
const reachable = new ResizeObserver((entries) => {
  for (const box of new Set(entries.map(({ target }) => target.closest(".scroll")))) {
    if (box && (box.scrollWidth > box.clientWidth || box.scrollHeight > box.clientHeight)) box.tabIndex = 0;
    else box?.removeAttribute("tabindex");
  }
});
function scroller(spec, kind = "") {
  const table = drawTable(spec);
  const box = h(
    "div",
    { class: `scroll ${kind}`, role: "group", "aria-label": `${spec.caption}, table` },
    table,
  );
  for (const one of [table, box]) reachable.observe(one);
  return box;
}

const PADDING = 16;

/* A part of a view. What `draw` returns of notes, chart, legend and table is shown, the table of a chart when it is asked for. */
function part({ id, title, wide, controls, draw }) {
  const csv = h(
    "button",
    { type: "button", class: "csv", "aria-label": `CSV: ${title}`, onclick: () => download(now.table) },
    "CSV",
  );
  const body = h("div");
  const place = h("div", { class: "chart" });
  let now = {};
  let room = 560;
  let filled = () => {};
  const redraw = () => {
    now = draw();
    const { notes = [], table, beside } = now;
    csv.hidden = !table;
    if (table) Object.assign(table, { id: `${id}-table`, caption: table.caption || title });
    let shown = null;
    filled = () => {};
    if (table && now.chart && !beside) {
      shown = h(
        "details",
        {
          open: unfolded.has(id),
          ontoggle: () => {
            if (!shown.open) return unfolded.delete(id);
            unfolded.add(id);
            filled();
          },
        },
        h("summary", {}, "As a table"),
      );
      filled = () => {
        if (shown.childElementCount === 1) shown.append(scroller(table));
      };
    } else if (table) shown = scroller(table, table.tall === false ? "" : "tall");
    const drawn = now.chart ? [place, now.legend ? legend(now.legend) : null] : [];
    body.replaceChildren(
      ...[
        now.lead,
        ...(now.split ? [h("div", { class: "split" }, drawn)] : drawn),
        shown,
        ...notes.map((note) => (typeof note === "string" ? h("p", { class: "note" }, note) : note)),
      ]
        .flat()
        .filter((one) => !missing(one)),
    );
    draws();
  };
  const draws = () => {
    if (now.chart) place.replaceChildren(now.chart(room));
  };
  const section = h(
    "section",
    { id, class: wide ? "wide" : null, "aria-labelledby": `${id}-title` },
    h("div", { class: "head" }, h("h2", { id: `${id}-title` }, title), csv),
    controls ? h("div", { class: "controls" }, controls(redraw)) : null,
    body,
  );
  // Measured before anything is drawn, so that the browser lays the view out once.
  const measure = () => {
    room = Math.max(280, section.clientWidth - 2 * PADDING);
  };
  return { section, measure, redraw, draws, whole: () => filled() };
}
const choice = (label, options, onchange) => {
  const select = h(
    "select",
    { onchange: () => onchange(select.value) },
    options.map(([value, text, selected]) => h("option", { value, selected }, text)),
  );
  return h("label", {}, `${label} `, select);
};
const tick = (label, checked, onchange) => {
  const box = h("input", { type: "checkbox", checked, onchange: () => onchange(box.checked) });
  return h("label", {}, box, ` ${label}`);
};
/* Whether a text has all the words of another, of whatever case. */
function having(asked) {
  const all = asked.trim().toLowerCase().split(/\s+/).filter(Boolean);
  return (text) => all.every((word) => text.toLowerCase().includes(word));
}
const field = (label, id, onchange) => {
  const input = h("input", { type: "search", id, autocomplete: "off", oninput: () => onchange(input.value) });
  return h("label", {}, `${label} `, input);
};
