/* How good the data is. */

function qualityPart(year) {
  const counts = {
    case_count: "Requests",
    deleted_count: "Deleted",
    rejected_count: "Rejected rows",
    duplicate_count: "Duplicate rows",
    several_layers_count: "In several layers",
    no_location_count: "No location",
    no_neighborhood_count: "No neighborhood",
    unknown_category_count: "Unknown category",
    status_mismatch_count: "Status against date",
    closed_before_opened_count: "Closed before opened",
  };
  const dateColumn = (key, label) =>
    nameColumn(key, label, { write: (time) => (time ? time.slice(0, "YYYY-MM-DD".length) : DASH) });
  const list = rows("quality").map((one) => ({ ...one, is: one.source_year === year ? "on" : null }));
  const all = {
    source_year: "all",
    ...Object.fromEntries(Object.keys(counts).map((key) => [key, sum(list.map((one) => one[key] || 0))])),
    last_read_at: "",
    last_full_read_at: "",
  };
  return part({
    id: "quality",
    title: "How good the data is",
    wide: true,
    draw: () => ({
      lead: [
        h(
          "p",
          { class: "note" },
          sentences(
            `Requests up to ${data.reachesTo || DASH}; the service was last looked at ${data.lookedAt || DASH} (America/Chicago).`,
            "Every read is proven complete: each row exactly once, as many as the service counts. Rejected rows have no usable case number or opening time and are kept in quarantine.",
            data.strays
              ? `${count(data.strays)} requests of years whose own layer was not loaded are left out everywhere else.`
              : "",
          ),
        ),
        data.stopped.length
          ? h(
              "ul",
              { class: "note", id: "stopped" },
              data.stopped.map((sentence) => h("li", {}, sentence)),
            )
          : null,
      ],
      table: {
        tall: false,
        columns: [
          nameColumn("source_year", "Layer of"),
          ...Object.entries(counts).map(([key, label]) => countColumn(key, label, { sorts: false })),
          dateColumn("last_read_at", "Last read"),
          dateColumn("last_full_read_at", "Last full read"),
        ],
        rows: [...list, all],
      },
      notes: [
        "The city publishes a layer a year. Here a row is a layer; in all other tables a year is the one in which requests were opened.",
      ],
    }),
  });
}
