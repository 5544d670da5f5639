/* Rows of the marts: a table is one array a column, named as there. */

const data = JSON.parse($("data").textContent);
const ALL = 0;
const has = (name) => Object.values(data.tables?.[name] || {}).some((values) => values.length);

const indexes = new Map();
function index(name, column) {
  const key = `${name} ${column}`;
  if (!indexes.has(key))
    indexes.set(
      key,
      Map.groupBy(data.tables[name][column].keys(), (at) => data.tables[name][column][at]),
    );
  return indexes.get(key);
}

function rowAt(columns, at) {
  const row = {};
  for (const name in columns) row[name] = columns[name][at];
  return row;
}

/* Where the rows of a table with these values are, found by the first and then by the others. A value may be several. */
function found(name, where) {
  const columns = data.tables?.[name];
  if (!columns) return [];
  const [[column, value] = [], ...others] = Object.entries(where);
  if (!column) return [...Object.values(columns)[0].keys()];
  const first = [value].flat().flatMap((one) => index(name, column).get(one) || []);
  return others.length
    ? first.filter((at) => others.every(([other, wanted]) => columns[other][at] === wanted))
    : first;
}
const rows = (name, where = {}) => found(name, where).map((at) => rowAt(data.tables[name], at));
const row = (name, where) => rows(name, where)[0];

/* Sums of a count by the values of some columns, joined by blanks; counts add up, times do not. */
function totals(name, count, keys, where = {}) {
  const columns = data.tables?.[name];
  const sums = new Map();
  for (const at of found(name, where)) {
    let key = "";
    for (const column of keys) key += ` ${columns[column][at]}`;
    sums.set(key, (sums.get(key) || 0) + columns[count][at]);
  }
  return (...values) => sums.get(` ${values.join(" ")}`) || 0;
}
const by = (list, ...keys) => new Map(list.map((one) => [keys.map((key) => one[key]).join(" "), one]));

/* A year that is not over is compared with the same days of the year before; all years with none. */
const unfinished = (year) =>
  data.unfinished && data.unfinished.day.startsWith(`${year}-`) ? data.unfinished : null;
const rowsBefore = (name, year, where = {}) =>
  year === ALL ? [] : rows(unfinished(year) ? `${name}ToDate` : name, { open_year: year - 1, ...where });
const days = (year) => (year === ALL ? "all years" : (unfinished(year) || { now: String(year) }).now);
const daysBefore = (year) => (unfinished(year) || { before: String(year - 1) }).before;
const newest = () => data.years.at(-1);

/* How far the months of a year go: the last of them, its last day, and whether it is over. */
function lastMonth(year) {
  const [, month, last] = (unfinished(year) || { day: `${year}-12-31` }).day.split("-").map(Number);
  return { month, last, begun: last < new Date(year, month, 0).getDate() };
}
function monthName(year, month) {
  const end = year === ALL ? { month: 0 } : lastMonth(year);
  return end.begun && month === end.month ? `${MONTHS[month - 1]} 1 to ${end.last}` : MONTHS[month - 1];
}

/* Names, and the slugs by which addresses know them: positions move when the data grows. */
const slug = (name) =>
  name
    .toLowerCase()
    .normalize("NFD")
    .replace(/[^a-z0-9]+/g, "-")
    .replace(/^-|-$/g, "") || "-";
function directory(names, more = []) {
  const slugs = [];
  const positions = new Map();
  names.forEach((name, position) => {
    let one = slug(name);
    if (positions.has(one)) one = slug(`${name} ${more[position]}`);
    positions.set(one, position);
    slugs.push(one);
  });
  return { names, slugs, position: (one) => positions.get(one) };
}
const subjectOf = (type) => data.subjects[data.types[type][0]];
const NAMES = data.years.length
  ? {
      category: directory(data.subjects),
      type: directory(
        data.types.map(([, name]) => name),
        data.types.map(([subject]) => data.subjects[subject]),
      ),
      channel: directory(data.channels),
      community: directory(data.communities),
      neighborhood: directory(data.neighborhoods.map(([name]) => name)),
      ward: directory((data.wards || []).map(([, name]) => name)),
    }
  : {};
