/* The address says what is shown: #2025/type/pothole. */

const address = { year: ALL, view: "", name: "" };
const yearSlug = (year) => (year === ALL ? "all" : String(year));
const addressOf = ({ year = address.year, view = "", name = "" }) =>
  `#${[yearSlug(year), view, name].filter(Boolean).join("/")}`;
const to = (kind, position, text = NAMES[kind].names[position]) =>
  link(addressOf({ view: kind, name: NAMES[kind].slugs[position] }), text);

/* Marts of an earlier version know nothing of all years together. */
const years = data.years.length && row("year", { open_year: ALL }) ? [...data.years, ALL] : data.years;

/* What an address asks for; null if this page has no such thing. */
function parsed(hash) {
  const [first = "", view = "", name = ""] = hash.replace(/^#/, "").split("/");
  const year = first === "all" ? ALL : first === "" ? newest() : Number(first);
  if (!years.includes(year)) return null;
  if (!Object.hasOwn(VIEWS, view) || (NAMES[view] && NAMES[view].position(name) === undefined)) return null;
  return { year, view, name };
}
