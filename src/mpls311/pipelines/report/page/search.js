/* Find a type or a place: its names as links, so that finger, keyboard and screen reader know what they are. */

const FOUND_IN = ["type", "neighborhood", "community", "ward", "category", "channel"];
const MOST_FOUND = 12;

function search(asked) {
  const has = having(asked);
  const found = FOUND_IN.flatMap((kind) =>
    NAMES[kind].names
      .map((name, position) => ({ kind, position, name }))
      .filter(({ name }) => asked.trim() && has(`${kind} ${name}`)),
  );
  const items = found
    .slice(0, MOST_FOUND)
    .map(({ kind, position }) =>
      h("li", {}, to(kind, position), h("span", { class: "kind" }, ` ${VIEWS[kind].title.toLowerCase()}`)),
    );
  const none = h("li", { class: "note" }, "Nothing has these words in its name.");
  $("results").replaceChildren(...(items.length ? items : [none]));
  $("results").hidden = !asked.trim();
  const more = found.length > MOST_FOUND ? `, the first ${MOST_FOUND} are shown` : "";
  $("found").textContent = asked.trim() ? `${count(found.length)} found${more}` : "";
}

function searches() {
  const close = () => {
    $("find").value = "";
    search("");
  };
  $("find").addEventListener("input", () => search($("find").value));
  $("search").addEventListener("submit", (event) => {
    event.preventDefault();
    $("results").querySelector("a")?.click();
  });
  $("search").addEventListener("click", (event) => {
    if (event.target.closest("a")) close();
  });
  $("search").addEventListener("keydown", (event) => {
    if (event.key === "Escape") close();
  });
}
