/* Elements, and the one tooltip. The page's policy allows no style attributes: what needs one is SVG. */

const $ = (id) => document.getElementById(id);
const SVG = "http://www.w3.org/2000/svg";

function make(space, name, attributes, children) {
  const node = space ? document.createElementNS(space, name) : document.createElement(name);
  for (const [key, value] of Object.entries(attributes || {})) {
    if (missing(value) || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "tip") named(node, value);
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) if (!missing(child)) node.append(child);
  return node;
}
const h = (name, attributes, ...children) => make(null, name, attributes, children);
const s = (name, attributes, ...children) => make(SVG, name, attributes, children);
const link = (address, text) => h("a", { href: address }, text);

/* A mark says what it is to the pointer, to a finger, and to those who see neither. */
function named(node, text) {
  node.dataset.tip = text;
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", text.replaceAll("\n", "; "));
}

const tip = $("tip");
const hideTip = () => {
  tip.hidden = true;
};
function showTip(event) {
  const node = event.target instanceof Element ? event.target.closest("[data-tip]") : null;
  if (!node) return hideTip();
  tip.textContent = node.dataset.tip;
  tip.hidden = false;
  tip.style.left = `${Math.max(4, Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4))}px`;
  tip.style.top = `${Math.max(4, Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4))}px`;
}
// A finger does not hover: what it taps stays until it taps elsewhere.
for (const type of ["pointermove", "pointerdown"]) document.addEventListener(type, showTip);
document.documentElement.addEventListener("pointerleave", (event) => {
  if (event.pointerType === "mouse") hideTip();
});
document.addEventListener("scroll", hideTip, { capture: true, passive: true });
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") hideTip();
});

/* Eight colors, and as many again in stripes; at 3:1 on their background in light and dark. */
const COLORS = 8;
const paint = (position) => (position < COLORS ? `var(--s${position})` : `url(#stripes${position % COLORS})`);
const stripes = () =>
  s(
    "svg",
    { class: "visually-hidden", "aria-hidden": "true" },
    s(
      "defs",
      {},
      Array.from({ length: COLORS }, (_, i) =>
        s(
          "pattern",
          {
            id: `stripes${i}`,
            width: 6,
            height: 6,
            patternUnits: "userSpaceOnUse",
            patternTransform: "rotate(45)",
          },
          s("rect", { width: 6, height: 6, fill: "var(--card)" }),
          s("rect", { width: 4, height: 6, fill: `var(--s${i})` }),
        ),
      ),
    ),
  );
/* Swatches are drawn, not background: those are not printed. */
const swatch = (fill) =>
  s(
    "svg",
    { class: "swatch", viewBox: "0 0 14 14", "aria-hidden": "true" },
    s("rect", { width: 14, height: 14, rx: 2, fill }),
  );
const legend = (entries) =>
  h(
    "ul",
    { class: "legend" },
    entries.map(({ fill, label, values = [] }) =>
      h(
        "li",
        {},
        swatch(fill),
        h("span", {}, label),
        values.map((value) => h("b", {}, value)),
      ),
    ),
  );
