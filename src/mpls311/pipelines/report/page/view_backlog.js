/* What is open, how old it is, and where. */

/* The older the warmer. */
const AGE_FILLS = ["var(--s4)", "var(--s0)", "var(--s6)", "var(--s1)", "var(--s5)"];
const ageColumns = () =>
  data.ages.map((label, age) =>
    countColumn(`open_${age}`, label, { value: (one) => one.ages[age], write: (n) => (n ? count(n) : DASH) }),
  );
const openColumn = () => countColumn("open_count", "Open");
const daysColumn = (key, label) =>
  column(key, label, {
    write: (n) => (missing(n) ? DASH : n === 1 ? "1 day" : `${count(n)} days`),
    sorts: true,
  });
const dated = (date) => `${day(date)}, ${date.slice(0, 4)}`;
const lastDay = () => dated(data.asOfDates.at(-1));
const BACKLOG_NOTE =
  "Open is what the data does not know to be closed; the paperwork of some was never closed.";

/* Rows put together by a column, with the number open of each age; those with most first. */
function aged(name, key, where) {
  const open = totals(name, "open_count", [key, "age"], where);
  const row = (value) => {
    const ages = data.ages.map((_, age) => open(value, age));
    return { [key]: value, ages, open_count: sum(ages) };
  };
  return {
    row,
    rows: [...new Set(found(name, where).map((at) => data.tables[name][key][at]))]
      .map(row)
      .sort((a, b) => b.open_count - a.open_count),
  };
}

/* The ends of the months of a year, or of all years, in columns of ages. */
function backlogChart(where, year) {
  const ends = data.asOfDates
    .map((date, at) => ({ date, at }))
    .filter(({ date }) => year === ALL || date.startsWith(String(year)));
  const open = aged("backlogMonth", "as_of_date", where);
  const tick = (date, width) => {
    const month = Number(date.slice(5, 7));
    if (year !== ALL) return monthTick(month, width);
    return month === 1 && (width > 460 || Number(date.slice(0, 4)) % 2) ? date.slice(0, 4) : null;
  };
  return {
    chart: (width) =>
      drawColumns({
        width,
        label: "Open requests by age, at the end of each month; the table below says the same.",
        height: 240,
        slots: ends.map(({ date, at }) => ({
          name: dated(date),
          tick: tick(date, width),
          parts: open.row(at).ages.map((n, age) => ({ n, label: data.ages[age], fill: AGE_FILLS[age] })),
        })),
      }),
    legend: data.ages.map((label, age) => ({ fill: AGE_FILLS[age], label })),
    table: {
      columns: [nameColumn("as_of_date", "At the end of"), openColumn(), ...ageColumns()].map((one) => ({
        ...one,
        sorts: false,
      })),
      rows: ends.map(({ date, at }) => ({ ...open.row(at), as_of_date: date })),
    },
  };
}

const onLastDay = () => ({ as_of_date: data.asOfDates.length - 1 });
function backlogPart(year) {
  if (!has("backlogMonth")) return null;
  return part({
    id: "backlog",
    title: "Open at the end of each month, by age",
    wide: true,
    draw: () => ({
      lead: h(
        "p",
        {},
        h(
          "strong",
          {},
          count(totals("backlogMonth", "open_count", ["as_of_date"], onLastDay())(data.asOfDates.length - 1)),
        ),
        ` requests are open on ${lastDay()}, of whatever year.`,
      ),
      ...backlogChart({}, year),
      notes: [BACKLOG_NOTE],
    }),
  });
}

function backlogTypesPart() {
  if (!has("backlogType")) return null;
  const open = aged("backlogMonth", "type", onLastDay());
  return part({
    id: "backlog-types",
    title: `Open on ${lastDay()}, by type`,
    wide: true,
    draw: () => ({
      table: {
        columns: [
          typeColumn(),
          openColumn(),
          daysColumn("median_days", "Half are older than"),
          daysColumn("oldest_days", "The oldest"),
          ...ageColumns(),
        ],
        rows: rows("backlogType")
          .map((one) => ({ ...one, ages: open.row(one.type).ages }))
          .sort((a, b) => b.open_count - a.open_count),
      },
    }),
  });
}

const wardColumn = () =>
  nameColumn("ward_name", "Ward", {
    value: (one) => NAMES.ward.names[one.ward],
    write: (name, one) => to("ward", one.ward, name),
    sorts: true,
  });
function backlogPlaces(id, title, name, key, where, column) {
  const open = aged(name, key, where);
  return open.rows.length
    ? part({
        id,
        title,
        draw: () => ({ table: { columns: [column, openColumn(), ...ageColumns()], rows: open.rows } }),
      })
    : null;
}
const backlogWardsPart = (where = {}) =>
  backlogPlaces("backlog-wards", "Open, by ward", "backlogWard", "ward", where, wardColumn());
const backlogAreasPart = (where = {}) =>
  backlogPlaces("backlog-areas", "Open, by neighborhood", "backlogArea", "area", where, areaColumn());

/* The backlog of a type over the months; that of a place by type. */
function backlogOfType({ position }, year) {
  const where = { type: position };
  const now = row("backlogType", where);
  return found("backlogMonth", where).length
    ? part({
        id: "backlog",
        title: "Backlog",
        wide: true,
        draw: () => ({
          lead: h(
            "p",
            { id: "backlog-age" },
            now
              ? [
                  h("strong", {}, count(now.open_count)),
                  ` ${now.open_count === 1 ? "is" : "are"} open on ${lastDay()}, half of them for more than ${count(now.median_days)} days, the oldest for ${count(now.oldest_days)} days.`,
                ]
              : `None is open on ${lastDay()}.`,
          ),
          ...backlogChart(where, year),
          notes: [BACKLOG_NOTE],
        }),
      })
    : null;
}
function backlogOfPlace(what) {
  if (!has("backlogMonth")) return null;
  const open = aged(KINDS[what.kind].backlog, "type", whereOf(what));
  return part({
    id: "backlog",
    title: "What it is waiting for",
    wide: true,
    draw: () => ({
      lead: h(
        "p",
        { id: "backlog-age" },
        h("strong", {}, count(sum(open.rows.map((one) => one.open_count)))),
        ` requests are open on ${lastDay()}.`,
      ),
      table: open.rows.length
        ? { columns: [typeColumn(), openColumn(), ...ageColumns()], rows: open.rows }
        : null,
      notes: [BACKLOG_NOTE],
    }),
  });
}
