/* Where: the map, neighborhoods and wards. */

const CLASSES = 5;
const shade = (step) =>
  `color-mix(in srgb, var(--map-to) ${Math.round((100 * step) / CLASSES)}%, var(--map-from))`;
const MEASURES = {
  requests: { label: "requests", value: (one) => one.request_count },
  density: { label: "requests per km\u00b2", value: (one) => one.per_km2 },
  slower: { label: "slower than the city", value: (one) => one.slower_share },
};
const sizes = new Map();
const sizeOf = (area) => {
  if (!sizes.size) for (const [number, rings] of data.borders) sizes.set(number, areaOf(rings));
  return sizes.get(area) || null;
};
const isPlace = (area) => data.neighborhoods[area][0] !== "Unknown";

function placesPart(year) {
  let measure = "requests";
  let subject = "";
  let withSpots = true;
  const city = row("city", { open_year: year })?.slower_share;
  return part({
    id: "map",
    title: "Neighborhoods and hot spots",
    wide: true,
    controls: (redraw) => {
      const set = (change) => (value) => {
        change(value);
        redraw();
      };
      return [
        choice(
          "Color by",
          Object.entries(MEASURES).map(([key, { label }]) => [key, label]),
          set((value) => {
            measure = value;
          }),
        ),
        choice(
          "Category",
          [["", "all"], ...data.subjects.map((name, at) => [at, name])],
          set((value) => {
            subject = value;
          }),
        ),
        tick(
          "Hot spots",
          withSpots,
          set((checked) => {
            withSpots = checked;
          }),
        ),
      ];
    },
    draw: () => {
      const slow = measure === "slower";
      const counted =
        subject === ""
          ? rows("area", { open_year: year })
          : rows("areaSubject", { subject: Number(subject), open_year: year });
      const requests = new Map(counted.map((one) => [one.area, one.request_count]));
      const all = rows("area", { open_year: year })
        .map((one) => ({ ...one, request_count: requests.get(one.area) || 0 }))
        .map((one) => ({ ...one, per_km2: sizeOf(one.area) && one.request_count / sizeOf(one.area) }));
      const list = all
        .filter((one) => isPlace(one.area))
        .sort(
          (a, b) =>
            (slow ? (b.worse || 0) - (a.worse || 0) : 0) ||
            (MEASURES[measure].value(b) ?? -1) - (MEASURES[measure].value(a) ?? -1),
        );
      const known = new Map(list.map((one) => [one.area, one]));
      const most = Math.max(0, ...list.map((one) => MEASURES[measure].value(one) || 0));
      const step = (n) => Math.min(CLASSES, Math.max(1, Math.ceil((CLASSES * n) / most)));
      const fillOf = (one) => {
        if (slow) return one.worse ? `var(--${kindOf(one.worse)})` : "var(--map-from)";
        return one.request_count ? shade(step(MEASURES[measure].value(one))) : "var(--card)";
      };
      const verdict = (one) =>
        ({
          1: "clearly more than in the city",
          "-1": "clearly fewer than in the city",
          0: "not clearly other than the city",
        })[one.worse];
      const look = (area) => {
        const one = known.get(area);
        const name = data.neighborhoods[area].join(", ");
        if (!one) return { fill: "var(--card)", tip: `${name}\nno requests` };
        return {
          fill: fillOf(one),
          tip: [
            name,
            `${count(one.request_count)} requests${one.per_km2 ? `, ${count(Math.round(one.per_km2))} per km\u00b2` : ""}`,
            `median ${measured(one, "median_hours")}`,
            missing(one.slower_share)
              ? null
              : `${percent(one.slower_share)} slower than usual in the city${verdict(one) ? `: ${verdict(one)}` : ""}`,
          ]
            .filter(Boolean)
            .join("\n"),
        };
      };
      const marks = withSpots && year !== ALL ? rows("spot", { open_year: year }) : [];
      const busiest = Math.max(1, ...marks.map((one) => one.request_count));
      const edge = (at) => count(Math.round((most * at) / CLASSES));
      const steps = Array.from({ length: CLASSES }, (_, at) => ({
        fill: shade(at + 1),
        label: `${edge(at)} to ${edge(at + 1)}`,
      }));
      const key = slow
        ? [
            ["worse", "clearly more wait longer"],
            ["better", "clearly fewer wait longer"],
            ["map-from", "no clear difference, or few"],
          ].map(([color, label]) => ({ fill: `var(--${color})`, label }))
        : [...steps, { fill: "var(--card)", label: "none" }];
      const note = h(
        "p",
        { id: "chosen", "aria-live": "polite" },
        "Tap or click a neighborhood to find it in the table.",
      );
      const chosen = (area) => {
        for (const one of document.querySelectorAll("#map [data-area].on")) one.classList.remove("on");
        for (const one of document.querySelectorAll(`#map [data-area="${area}"]`)) one.classList.add("on");
        const one = known.get(area);
        note.replaceChildren(
          to("neighborhood", area),
          `: ${one ? `${count(one.request_count)} requests, median ${measured(one, "median_hours")}` : "no requests"}`,
        );
        const found = document.querySelector(`#map tr[data-area="${area}"]`);
        found?.closest(".scroll").scrollTo({ top: found.offsetTop - 60 });
      };
      const unknown = all.find((one) => !isPlace(one.area));
      const mapped = framed();
      return {
        beside: true,
        lead: mapped ? note : null,
        chart: mapped
          ? () =>
              drawMap({
                label: "Map of the neighborhoods; the table says the same.",
                look,
                chosen,
                spots: marks.map((one) => ({
                  ...one,
                  radius: 2.5 + 4 * Math.sqrt(one.request_count / busiest),
                  tip: `Hot spot: ${count(one.request_count)} requests at ${count(one.place_count)} places`,
                })),
              })
          : null,
        legend: [...key, ...(marks.length ? [{ fill: "var(--spot)", label: "hot spot" }] : [])],
        table: {
          columns: [
            areaColumn(),
            communityColumn(),
            countColumn("request_count", "Requests"),
            countColumn("per_km2", "Per km\u00b2", {
              write: (n) => (missing(n) ? DASH : count(Math.round(n))),
            }),
            timeColumn("median_hours", "Median"),
            shareColumn("slower_share", "Slower", {
              write: (_, one) => measured(one, "slower_share", percent),
            }),
            column("worse", "Against the city", {
              write: (worse, one) =>
                isFew(one)
                  ? FEW
                  : {
                      text: worse
                        ? worse > 0
                          ? "more wait longer"
                          : "fewer wait longer"
                        : worse === 0
                          ? "no clear difference"
                          : DASH,
                      kind: kindOf(worse),
                    },
              sorts: true,
            }),
          ],
          rows: list,
        },
        notes: [
          sentences(
            mapped
              ? `The colors show ${slow ? "shares" : "counts"} of requests${measure === "density" ? " per area" : ""}.`
              : "The neighborhood layer was not read, so there is no map.",
            REPORTERS,
            `Slower: the share of requests that took, or have waited, longer than the city\u2019s median for the same type, channel and year, of those as old as it; ${percent(city)} in the whole city.`,
            `Without a place in a neighborhood: ${count(unknown ? unknown.request_count : 0)} requests. Hot spots are cells of about 110 by 80 meters; one address with many requests is none.${year === ALL ? " They are shown of single years." : ""}`,
          ),
        ],
      };
    },
  });
}

function wardsPart(year) {
  if (!has("ward")) return null;
  return part({
    id: "wards",
    title: "Wards",
    wide: true,
    draw: () => ({
      table: {
        tall: false,
        columns: [
          wardColumn(),
          countColumn("request_count", "Requests"),
          timeColumn("median_hours", "Median"),
          countColumn("open_count", "Open of these"),
        ],
        rows: rows("ward", { open_year: year }),
      },
      notes: [REPORTERS],
    }),
  });
}
