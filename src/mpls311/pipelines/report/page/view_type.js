/* What only a type has: channels that differ, targets, neighborhoods. */

function channelTimesPart({ position }, year) {
  const before = by(rowsBefore("typeChannel", year, { type: position }), "channel");
  const list = rows("typeChannel", { type: position, open_year: year }).map((one) => ({
    ...one,
    before: before.get(String(one.channel)) || {},
  }));
  return list.length
    ? part({
        id: "by-channel",
        title: "By channel",
        draw: () => ({
          table: {
            tall: false,
            columns: [
              channelColumn(),
              countColumn("request_count", "Requests"),
              timeColumn("median_hours", "Median"),
              year === ALL ? null : changeColumn(`Against ${daysBefore(year)}`),
              timeColumn("p90_hours", "90th percentile"),
            ].filter(Boolean),
            rows: list,
          },
          notes: [sentences(DIFFER, FEW_CLOSED)],
        }),
      })
    : null;
}

function targetsOf({ position }) {
  const list = rows("target", { type: position }).sort((a, b) => b.open_year - a.open_year);
  return list.length
    ? part({
        id: "targets",
        title: "Within the targets",
        draw: () => ({
          table: {
            tall: false,
            columns: [
              yearColumn(),
              channelColumn(),
              column("share_change", "Change", {
                value: (one) => (one.worse ? one.share_change : null),
                write: (_, one) => points(one),
              }),
              shareColumn("share_within", "Within", { sorts: false }),
              column("target_hours", "Target", { write: duration }),
            ],
            rows: list,
          },
          notes: [
            "Late is what took longer than the target: the time in which three quarters of the requests of up to three earlier years were closed.",
          ],
        }),
      })
    : null;
}

function areasPart({ position }, year) {
  const list = rows("typeArea", { type: position, open_year: year })
    .filter((one) => isPlace(one.area))
    .map((one) => ({ ...one, channels_differ: mixed(year).has(position) }));
  return list.length
    ? part({
        id: "areas",
        title: "Neighborhoods",
        draw: () => ({
          table: {
            columns: [
              areaColumn(),
              communityColumn(),
              countColumn("request_count", "Requests"),
              timeColumn("median_hours", "Median"),
              countColumn("open_count", "Open of these"),
            ],
            rows: list.sort((a, b) => b.request_count - a.request_count),
          },
          notes: [REPORTERS],
        }),
      })
    : null;
}
