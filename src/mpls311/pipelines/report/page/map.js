/* The map of the neighborhoods. */

const frame = {};
function framed() {
  if (frame.scale || !data.borders.length) return Boolean(frame.scale);
  const edge = (pick, from) =>
    data.borders
      .flatMap(([, rings]) => rings)
      .reduce(
        (best, ring) => ring.reduce((most, n, i) => (i % 2 === from ? pick(most, n) : most), best),
        pick === Math.min ? Infinity : -Infinity,
      );
  const [west, east, south, north] = [
    edge(Math.min, 0),
    edge(Math.max, 0),
    edge(Math.min, 1),
    edge(Math.max, 1),
  ];
  // So far north a degree of longitude is this much of a degree of latitude.
  const squeeze = Math.cos((((south + north) / 2e4) * Math.PI) / 180);
  Object.assign(frame, {
    west,
    north,
    squeeze,
    scale: 600 / ((east - west) * squeeze),
    height: Math.ceil(((north - south) * 600) / ((east - west) * squeeze)),
  });
  return true;
}
const place = (x, y) => [(x - frame.west) * frame.squeeze * frame.scale, (frame.north - y) * frame.scale];
const outline = (rings) =>
  rings
    .map((ring) => {
      let d = "";
      for (let i = 0; i < ring.length; i += 2)
        d += `${i ? "L" : "M"}${place(ring[i], ring[i + 1])
          .map((n) => n.toFixed(1))
          .join(" ")}`;
      return `${d}Z`;
    })
    .join("");

/* Square kilometers within rings of ten thousandths of a degree; holes turn the other way round. */
const KM_PER_UNIT = 40_008 / 360 / 10_000;
function areaOf(rings) {
  const signed = rings.map((ring) => {
    let twice = 0;
    for (let i = 0; i < ring.length; i += 2) {
      const j = (i + 2) % ring.length;
      twice += ring[i] * ring[j + 1] - ring[j] * ring[i + 1];
    }
    return twice / 2;
  });
  return framed() ? Math.abs(sum(signed)) * frame.squeeze * KM_PER_UNIT ** 2 : null;
}

/* Shapes filled and named by `look(area)`; `chosen` is told of the one that is clicked or tapped. */
function drawMap({ label, look, spots, chosen }) {
  const shapes = data.borders.map(([area, rings]) => {
    const { fill, tip } = look(area);
    return s("path", {
      class: "mark",
      d: outline(rings),
      "fill-rule": "evenodd",
      fill,
      tip,
      "data-area": area,
    });
  });
  const marks = spots.map(({ longitude, latitude, radius, tip }) => {
    const [cx, cy] = place(1e4 * longitude, 1e4 * latitude);
    return s("circle", { class: "spot", cx, cy, r: radius, tip });
  });
  const map = s(
    "svg",
    { class: "map", viewBox: `-4 -4 608 ${frame.height + 8}`, role: "group", "aria-label": label },
    ...shapes,
    ...marks,
  );
  map.addEventListener("click", (event) => {
    const shape = event.target.closest("path");
    if (shape) chosen(Number(shape.dataset.area));
  });
  return map;
}
