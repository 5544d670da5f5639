/* Minor categories: how many, how long, in which months, and which of them grow. */

/* Rows of the year, each with its channels where those are asked for or too different to be put together. */
function typeRows(year, where, apart) {
  const list = rows("type", { open_year: year }).filter(where);
  const total = sum(list.map((one) => one.request_count));
  const before = by(rowsBefore("type", year), "type");
  const channels = Map.groupBy(rows("typeChannel", { open_year: year }), (one) => one.type);
  const channelsBefore = by(rowsBefore("typeChannel", year), "type", "channel");
  const full = (one, earlier = {}) => ({
    ...one,
    before: earlier,
    share: one.request_count / total,
  });
  return list
    .sort(
      (a, b) =>
        b.request_count - a.request_count || data.types[a.type][1].localeCompare(data.types[b.type][1]),
    )
    .map((one) => ({
      ...full(one, before.get(String(one.type))),
      channel: null,
      parts:
        apart || one.channels_differ
          ? (channels.get(one.type) || []).map((other) => ({
              ...full(other, channelsBefore.get(`${other.type} ${other.channel}`)),
              is: "sub",
            }))
          : [],
    }));
}

function typesPart(year, { subject = null } = {}) {
  let asked = "";
  let apart = false;
  const found = h("p", { class: "note", id: "types-found", "aria-live": "polite" });
  return part({
    id: "types",
    title: "Minor categories",
    wide: true,
    controls: (redraw) => [
      field("Only those named", "only", (text) => {
        asked = text;
        redraw();
      }),
      tick("Channels apart", apart, (checked) => {
        apart = checked;
        redraw();
      }),
    ],
    draw: () => {
      const all = typeRows(year, (one) => subject === null || data.types[one.type][0] === subject, apart);
      const shown = all.filter((one) => having(asked)(nameOfType(one.type)));
      found.textContent = `${asked ? `${count(shown.length)} of ` : ""}${count(all.length)} types`;
      return {
        lead: found,
        table: {
          columns: [
            {
              ...typeColumn(),
              write: (name, one) =>
                one.is ? `by ${data.channels[one.channel]}` : to("type", one.type, name),
            },
            channelColumn({ hidden: true }),
            countColumn("request_count", "Requests"),
            shareColumn("share", "Share", { sorts: false }),
            timeColumn("median_hours", "Median"),
            year === ALL ? null : changeColumn(`Against ${daysBefore(year)}`),
            timeColumn("p90_hours", "90th percentile"),
            subject === null ? subjectColumn() : null,
          ].filter(Boolean),
          rows: shown,
        },
        notes: [
          sentences(
            "Times leave out requests of information-only types, which are closed as they are opened.",
            FEW_CLOSED,
            DIFFER,
            year === ALL ? "" : CLEAR,
            PAPERWORK,
          ),
        ],
      };
    },
  });
}

function typeMonthsPart(year, subject = null) {
  if (!has("typeMonth")) return null;
  const requests = totals("typeMonth", "request_count", ["open_year", "open_month", "type"], {
    open_year: year,
  });
  return part({
    id: "type-months",
    title: "Minor categories by month",
    wide: true,
    draw: () => ({
      table: {
        columns: [
          typeColumn(),
          countColumn("request_count", "All"),
          ...MONTH_COLUMNS.slice(0, monthsThereAre(year)),
        ],
        rows: [...data.types.keys()]
          .filter((type) => subject === null || data.types[type][0] === subject)
          .map((type) => ({ type, ...monthRow((...month) => requests(...month, type), year) }))
          .filter((one) => one.request_count)
          .sort((a, b) => b.request_count - a.request_count),
      },
      notes: ["The darker a month, the nearer it is to the type\u2019s own busiest one."],
    }),
  });
}

/* What grew and what shrank, between whole years at most ten apart. */
function growthPart(year, subject = null) {
  const whole = data.years.filter((one) => !unfinished(one));
  if (year !== ALL || whole.length < 2) return null;
  const last = whole.at(-1);
  const first = Math.max(whole[0], last - 10);
  return part({
    id: "growth",
    title: `What grew from ${first} to ${last}`,
    wide: true,
    draw: () => {
      const counts = [first, last].map((one) => by(rows("type", { open_year: one }), "type"));
      const n = (at, type) => counts[at].get(String(type))?.request_count || 0;
      const list = data.types
        .map((_, type) => ({ type, first_count: n(0, type), last_count: n(1, type) }))
        .filter(
          (one) =>
            (one.first_count || one.last_count) && (subject === null || data.types[one.type][0] === subject),
        );
      return {
        table: {
          columns: [
            typeColumn(),
            countColumn("first_count", first),
            countColumn("last_count", last),
            countColumn("more_count", "More", {
              value: (one) => one.last_count - one.first_count,
              write: (n) => (n < 0 ? `${MINUS}${count(-n)}` : `+${count(n)}`),
            }),
            column("growth", "Growth", {
              value: (one) => ratio(one.last_count, one.first_count),
              write: (_, one) => (one.first_count ? growth(one.last_count, one.first_count) : "new"),
              sorts: true,
            }),
            subjectColumn(),
          ],
          rows: list.sort((a, b) => b.last_count - b.first_count - a.last_count + a.first_count),
        },
        notes: [`Of whole years; ${last} is the last one that is over. ${REPORTERS}`],
      };
    },
  });
}
