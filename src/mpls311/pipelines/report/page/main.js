/* Show what the address asks for, and again when it changes. */

let parts = [];
let seen = null;

function show(asked) {
  const moved = asked.view !== address.view || asked.name !== address.name;
  Object.assign(address, asked);
  const { year, view, name } = address;
  const what = NAMES[view] ? { kind: view, position: NAMES[view].position(name) } : null;
  const title = what ? NAMES[view].names[what.position] : VIEWS[view].title;
  const when = year === ALL ? "all years" : String(year);
  hideTip();
  $("year").value = String(year);
  const position = data.years.indexOf(year);
  $("earlier").disabled = year === ALL || position === 0;
  $("later").disabled = year === ALL || position === data.years.length - 1;
  document.title = `${[title, when].filter(Boolean).join(", ")} \u00b7 ${PAGE_TITLE}`;
  for (const one of document.querySelectorAll("nav a[data-view]")) {
    one.href = addressOf({ view: one.dataset.view });
    if (one.dataset.view === view) one.setAttribute("aria-current", "page");
    else one.removeAttribute("aria-current");
  }
  $("title").replaceChildren(
    what && !title.startsWith(VIEWS[view].title) ? h("span", { class: "kind" }, VIEWS[view].title, " ") : "",
    title,
    VIEWS[view].always ? "" : h("span", { class: "kind" }, `, ${days(year)}`),
  );
  parts = VIEWS[view].parts(year, what).filter(Boolean);
  if (!parts.length)
    parts = [fixed(h("p", {}, "The data of this page is of an earlier version, which has nothing of this."))];
  $("parts").replaceChildren(...parts.map(({ section }) => section));
  for (const { measure } of parts) measure();
  for (const { redraw } of parts) redraw();
  $("announce").textContent = `Showing ${title}, ${when}`;
  return moved;
}

function follow() {
  if (location.hash === seen) return;
  const first = seen === null;
  seen = location.hash;
  const asked = parsed(location.hash);
  const moved = show(asked || { year: newest(), view: "", name: "" });
  $("lost").hidden = Boolean(asked);
  if (moved && !first) {
    $("title").focus({ preventScroll: true });
    scrollTo(0, 0);
  }
}

const dark = () =>
  (document.documentElement.dataset.theme ||
    (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
function nameTheme() {
  $("theme").textContent = dark() ? "Light" : "Dark";
}

const PAGE_TITLE = document.title;
nameTheme();
$("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = dark() ? "light" : "dark";
  nameTheme();
});
$("skip").addEventListener("click", (event) => {
  event.preventDefault();
  $("title").focus();
});
if (!data.years.length) {
  $("empty").hidden = false;
  for (const part of document.querySelectorAll("header .controls, nav, footer, #title")) part.hidden = true;
} else {
  document.body.append(stripes());
  $("reach").textContent =
    `Requests up to ${data.reachesTo || DASH}: what the city was asked for, how long it took, and where.`;
  $("year").replaceChildren(
    ...[...years]
      .sort((a, b) => b - a)
      .map((year) => h("option", { value: year }, year === ALL ? "all years" : String(year))),
  );
  const go = (year) => {
    location.hash = addressOf({ ...address, year });
  };
  $("year").addEventListener("change", () => go(Number($("year").value)));
  for (const [id, step] of [
    ["earlier", -1],
    ["later", 1],
  ])
    $(id).addEventListener("click", () => go(data.years[data.years.indexOf(address.year) + step]));
  $("print").addEventListener("click", () => print());
  searches();
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    for (const { measure } of parts) measure();
    for (const { draws } of parts) draws();
  });
  // On paper there is nothing to open.
  addEventListener("beforeprint", () => {
    for (const { whole } of parts) whole();
    for (const one of document.querySelectorAll("#parts details:not([open])"))
      Object.assign(one, { open: true }).dataset.printed = "";
  });
  addEventListener("afterprint", () => {
    for (const one of document.querySelectorAll("details[data-printed]")) {
      one.open = false;
      delete one.dataset.printed;
    }
  });
  addEventListener("hashchange", follow);
  follow();
}
