/* What is open, how old it is, and where. */

/* The older the warmer. */
const AGE_FILLS = ["var(--s4)", "var(--s0)", "var(--s6)", "var(--s1)", "var(--s5)"];
const ageColumns = () => data.ages.map((label, age) => countColumn(`open_${age}`, label, { value: (one) => one.ages[age], write: (n) => (n ? count(n) : DASH) }));
const openColumn = () => countColumn("open_count", "Open");
const daysColumn = (key, label) => column(key, label, { write: (n) => (missing(n) ? DASH : n === 1 ? "1 day" : `${count(n)} days`), sorts: true });
const lastDay = () => data.asOfDates.at(-1);
const BACKLOG_NOTE = "Open is what the data does not know to be closed; the paperwork of some was never closed.";

/* Rows put together by some of their columns, with the number open of each age. */
function aged(list, ...keys) {
  const groups = Map.groupBy(list, (one) => keys.map((key) => one[key]).join(" "));
  return [...groups.values()].map((group) => {
    const ages = data.ages.map((_, age) => sum(group.filter((one) => one.age === age).map((one) => one.open_count)));
    return { ...Object.fromEntries(keys.map((key) => [key, group[0][key]])), ages, open_count: sum(ages) };
  }).sort((a, b) => b.open_count - a.open_count);
}

/* The ends of the months of a year, or of all years, in columns of ages. */
function backlogChart(list, year, label) {
  const ends = data.asOfDates.map((date, at) => ({ date, at })).filter(({ date }) => year === ALL || date.startsWith(String(year)));
  const of = new Map(aged(list, "as_of_date").map((one) => [one.as_of_date, one]));
  const none = { ages: data.ages.map(() => 0), open_count: 0 };
  const name = (date) => `${day(date)}, ${date.slice(0, 4)}`;
  const tick = (date, width) => {
    const month = Number(date.slice(5, 7));
    if (year !== ALL) return width < 460 ? MONTHS[month - 1][0] : MONTHS[month - 1];
    return month === 1 && (width > 460 || Number(date.slice(0, 4)) % 2) ? date.slice(0, 4) : null;
  };
  return {
    chart: (width) => drawColumns({
      width, label, height: 240,
      slots: ends.map(({ date, at }) => ({ name: name(date), tick: tick(date, width), parts: (of.get(at) || none).ages.map((n, age) => ({ n, label: data.ages[age], fill: AGE_FILLS[age] })) })),
    }),
    legend: data.ages.map((label, age) => ({ fill: AGE_FILLS[age], label })),
    table: {
      columns: [nameColumn("as_of_date", "At the end of"), openColumn(), ...ageColumns()].map((one) => ({ ...one, sorts: false })),
      rows: ends.map(({ date, at }) => ({ ...(of.get(at) || none), as_of_date: date })),
    },
  };
}

const newestBacklog = (where = {}) => rows("backlogMonth", { ...where, as_of_date: data.asOfDates.length - 1 });

function backlogPart(year) {
  if (!has("backlogMonth")) return null;
  return part({
    id: "backlog", title: "Open at the end of each month, by age", wide: true, draw: () => ({
      lead: h("p", {}, h("strong", {}, count(sum(newestBacklog().map((one) => one.open_count)))), ` requests are open on ${day(lastDay())}, ${lastDay().slice(0, 4)}, of whatever year.`),
      ...backlogChart(rows("backlogMonth"), year, "Open requests by age, at the end of each month; the table below says the same."), notes: [BACKLOG_NOTE],
    }),
  });
}

function backlogTypesPart() {
  if (!has("backlogType")) return null;
  const ages = new Map(aged(newestBacklog(), "type").map((one) => [one.type, one.ages]));
  return part({
    id: "backlog-types", title: `Open on ${day(lastDay())}, by type`, wide: true, draw: () => ({
      table: {
        columns: [typeColumn(), openColumn(), daysColumn("median_days", "Half are older than"), daysColumn("oldest_days", "The oldest"), ...ageColumns()],
        rows: rows("backlogType").map((one) => ({ ...one, ages: ages.get(one.type) || [] })).sort((a, b) => b.open_count - a.open_count),
      },
    }),
  });
}

const wardColumn = () => nameColumn("ward_name", "Ward", { value: (one) => NAMES.ward.names[one.ward], write: (name, one) => to("ward", one.ward, name), sorts: true });
function backlogPlaces(id, title, table, where, columns) {
  const list = rows(table, where);
  return list.length ? part({
    id, title, draw: () => ({ table: { columns: [...columns, openColumn(), ...ageColumns()], rows: aged(list, table === "backlogArea" ? "area" : "ward") } }),
  }) : null;
}
const backlogWardsPart = (where = {}) => backlogPlaces("backlog-wards", "Open, by ward", "backlogWard", where, [wardColumn()]);
const backlogAreasPart = (where = {}) => backlogPlaces("backlog-areas", "Open, by neighborhood", "backlogArea", where, [areaColumn()]);

/* The backlog of a type over the months; that of a place by type. */
function backlogOf({ kind, position }, year) {
  if (kind === "type") {
    const list = rows("backlogMonth", { type: position });
    const now = row("backlogType", { type: position });
    return list.length ? part({
      id: "backlog", title: "Backlog", wide: true, draw: () => ({
        lead: h("p", { id: "backlog-age" }, now ? [h("strong", {}, count(now.open_count)), ` ${now.open_count === 1 ? "is" : "are"} open on ${day(lastDay())}, half of them for more than ${count(now.median_days)} days, the oldest for ${count(now.oldest_days)} days.`] : `None is open on ${day(lastDay())}.`),
        ...backlogChart(list, year, "Open requests by age, at the end of each month; the table below says the same."), notes: [BACKLOG_NOTE],
      }),
    }) : null;
  }
  const list = kind === "ward" ? rows("backlogWard", { ward: position }) : areasOf[kind](position).flatMap((area) => rows("backlogArea", { area }));
  return part({
    id: "backlog", title: "What it is waiting for", wide: true, draw: () => ({
      lead: h("p", { id: "backlog-age" }, h("strong", {}, count(sum(list.map((one) => one.open_count)))), ` requests are open on ${day(lastDay())}.`),
      table: list.length ? { columns: [typeColumn(), openColumn(), ...ageColumns()], rows: aged(list, "type") } : null, notes: [BACKLOG_NOTE],
    }),
  });
}
