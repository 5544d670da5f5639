"use strict";
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const $ = (id) => document.getElementById(id);
  const MONTHS = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
  const SCALE = [[1 / 60, "1 min"], [1, "1 h"], [6, "6 h"], [24, "1 day"], [168, "1 week"], [720, "30 days"], [4320, "180 days"]];
  const COLORS = 8;
  const DASH = "\u2013";
  const state = { year: null, sort: "requests", down: true };

  /* Numbers */
  const count = (n) => (n === null || n === undefined ? DASH : n.toLocaleString("en-US"));
  const percent = (share) => (share === null || share === undefined ? DASH : `${(100 * share).toFixed(1)} %`);
  function duration(hours) {
    if (hours === null || hours === undefined) return DASH;
    if (hours < 1) return `${Math.round(60 * hours)} min`;
    const days = hours >= 48;
    const value = days ? hours / 24 : hours;
    return `${value.toLocaleString("en-US", { minimumFractionDigits: 1, maximumFractionDigits: 1 })} ${days ? "days" : "h"}`;
  }
  const points = (share) => `${share < 0 ? "\u2212" : "+"}${Math.abs(100 * share).toFixed(1)}`;
  function change(now, before) {
    if (!before || now === null || now === undefined) return null;
    return now / before - 1;
  }

  /* Elements */
  const SVG = "http://www.w3.org/2000/svg";
  function make(space, name, attributes, children) {
    const node = space ? document.createElementNS(space, name) : document.createElement(name);
    for (const [key, value] of Object.entries(attributes || {})) {
      if (key === "tip") tipped(node, value);
      else if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
      else if (value !== null && value !== undefined && value !== false) node.setAttribute(key, value);
    }
    for (const child of children) if (child !== null && child !== undefined) node.append(child);
    return node;
  }
  const h = (name, attributes, ...children) => make(null, name, attributes, children);
  const s = (name, attributes, ...children) => make(SVG, name, attributes, children);
  const fill = (id, ...children) => $(id).replaceChildren(...children);

  const tip = $("tip");
  function tipped(node, text) {
    const show = (x, y) => {
      tip.textContent = text;
      tip.hidden = false;
      tip.style.left = `${Math.max(4, Math.min(x + 12, innerWidth - tip.offsetWidth - 4))}px`;
      tip.style.top = `${Math.max(4, Math.min(y + 14, innerHeight - tip.offsetHeight - 4))}px`;
    };
    node.addEventListener("pointermove", (event) => show(event.clientX, event.clientY));
    node.addEventListener("pointerleave", () => { tip.hidden = true; });
    node.addEventListener("focus", () => {
      const box = node.getBoundingClientRect();
      show(box.left, box.bottom);
    });
    node.addEventListener("blur", () => { tip.hidden = true; });
  }

  function table(id, headers, rows) {
    const head = headers.map((header) => h("th", { class: header.text ? "t" : null, scope: "col", "aria-sort": header.sorted || null },
      header.sort ? h("button", { type: "button", onclick: header.sort }, header.label) : header.label));
    const body = rows.map(({ cells, attributes }) => h("tr", attributes || {}, ...cells.map((cell, position) => {
      const { text, kind } = cell !== null && typeof cell === "object" ? cell : { text: cell, kind: null };
      const names = [headers[position].text ? "t" : "", kind || ""].join(" ").trim();
      return h("td", { class: names || null }, text);
    })));
    fill(id, h("thead", {}, h("tr", {}, ...head)), h("tbody", {}, ...body));
  }

  /* Of few closed requests the tables have no times: they would say nothing of the next ones. */
  const few = (row) => Boolean(row.is_few) && row.closed_count > 0;
  const NOT_REACHED = "not reached yet";
  function measured(row, name, write = duration) {
    if (few(row)) return `few (${count(row.closed_count)})`;
    return row[name] === null && row.closed_count > 0 ? NOT_REACHED : write(row[name]);
  }
  /* Only a clear change is one: mpls311.changes says which. */
  const UNCLEAR = "no clear change";
  const kind = (worse) => (worse > 0 ? "worse" : worse < 0 ? "better" : null);
  function slower(now, then) {
    if (few(now) || few(then)) return "few";
    if (!now.worse) return now.worse === 0 ? UNCLEAR : DASH;
    const by = change(now.median_hours, then.median_hours);
    return { text: by === null ? (now.worse > 0 ? "slower" : "faster") : `${points(by)} %`, kind: kind(now.worse) };
  }

  /* Tables: rows of the marts, their columns by the names they have there */
  const rowsOf = (columns) => Object.values(columns)[0].map((_, row) => Object.fromEntries(Object.entries(columns).map(([name, values]) => [name, values[row]])));
  const tables = Object.fromEntries(Object.entries(data.tables || {}).map(([name, columns]) => [name, rowsOf(columns)]));
  const of = (name, year) => tables[name].filter((row) => row.open_year === year);
  const by = (rows, key) => new Map(rows.map((row) => [row[key], row]));
  const color = (subject) => `var(--s${Math.min(subject, COLORS)})`;
  const day = (time) => `${MONTHS[Number(time.slice(5, 7)) - 1]} ${Number(time.slice(8, 10))}`;

  /* A year that is not over is compared with the same days of the year before. */
  const unfinished = (year) => (data.unfinished && data.unfinished.day.startsWith(`${year}-`) ? data.unfinished : null);
  const ofYearBefore = (name, year) => of(unfinished(year) ? `${name}ToDate` : name, year - 1);
  const days = (year) => (unfinished(year) || { now: String(year) }).now;
  const daysBefore = (year) => (unfinished(year) || { before: String(year - 1) }).before;

  const within = (row, days) => percent(row[`aged_${days}_days_count`] ? row[`within_${days}_days_count`] / row[`aged_${days}_days_count`] : null);
  function drawTiles(year) {
    const [now] = of("year", year);
    const [before] = ofYearBefore("year", year);
    const against = (value) => (before ? `; ${daysBefore(year)}: ${value(before)}` : "");
    const tiles = [
      ["total", count(now.request_count), `requests${unfinished(year) ? ` to ${day(unfinished(year).day)}` : ""}${against((row) => count(row.request_count))}`],
      ["open", count(now.open_count), `still open, ${percent(now.open_count / now.request_count)}`],
      ["within", within(now, 7), `closed within 7 days, of those as old${against((row) => within(row, 7))}`],
      ["median", measured(now, "median_hours"), `median time to close${against((row) => measured(row, "median_hours"))}`],
      ["p90", measured(now, "p90_hours"), `90th percentile${against((row) => measured(row, "p90_hours"))}`],
    ];
    fill("tiles", ...tiles.map(([id, value, label]) => h("div", { class: "tile" }, h("b", { id }, value), h("span", {}, label))));
  }

  function drawRing(year) {
    const rows = of("subject", year).sort((a, b) => b.request_count - a.request_count);
    const total = rows.reduce((sum, row) => sum + row.request_count, 0);
    const chart = s("svg", { viewBox: "-110 -110 220 220", role: "img", "aria-label": `Requests of ${year} by major category; the list beside it says the same.` });
    let angle = 0;
    for (const { subject, request_count: requests } of rows) {
      const next = angle + requests / total;
      // A whole circle has no arc of its own.
      const end = Math.min(next, angle + 0.9999);
      const at = (turn, radius) => `${(radius * Math.sin(2 * Math.PI * turn)).toFixed(2)} ${(-radius * Math.cos(2 * Math.PI * turn)).toFixed(2)}`;
      const large = end - angle > 0.5 ? 1 : 0;
      chart.append(s("path", {
        class: "mark", style: `fill: ${color(subject)}`,
        d: `M${at(angle, 104)} A104 104 0 ${large} 1 ${at(end, 104)} L${at(end, 64)} A64 64 0 ${large} 0 ${at(angle, 64)} Z`,
        tip: `${data.subjects[subject]}\n${count(requests)}, ${percent(requests / total)}`,
      }));
      angle = next;
    }
    chart.append(s("text", { "text-anchor": "middle", y: 2, style: "font-size: 24px; font-weight: 600" }, count(total)));
    chart.append(s("text", { "text-anchor": "middle", y: 22, class: "soft" }, "requests"));
    fill("ring", chart);
    fill("legend", ...rows.map(({ subject, request_count: requests }) => h("li", {}, h("i", { style: `background: ${color(subject)}` }),
      h("span", {}, data.subjects[subject]), h("b", {}, count(requests)), h("em", { class: "note" }, percent(requests / total)))));
  }

  function drawMonths(year) {
    const rows = of("month", year);
    const named = Math.min(COLORS, data.subjects.length);
    // Of the months of a year that is not over, the last may have begun only, and others have not.
    const [, lastMonth, lastDay] = (unfinished(year) || { day: `${year}-12-31` }).day.split("-").map(Number);
    const begun = (month) => month + 1 === lastMonth && lastDay < new Date(year, lastMonth, 0).getDate();
    const called = (month) => (begun(month) ? `${MONTHS[month]} 1 to ${lastDay}` : MONTHS[month]);
    const stacks = MONTHS.map(() => new Array(named + 1).fill(0));
    for (const row of rows) stacks[row.open_month - 1][Math.min(row.subject, named)] += row.request_count;
    const totals = stacks.map((stack) => stack.reduce((sum, n) => sum + n, 0));
    const [width, height, left, bottom] = [room("months"), 300, 52, 24];
    const steps = ticks(Math.max(...totals, 1));
    const y = (n) => (height - bottom) * (1 - n / steps.at(-1)) + 6 * (n / steps.at(-1));
    const chart = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "group", "aria-label": `Requests of ${year} by month` });
    for (const step of steps) {
      chart.append(s("line", { class: "grid", x1: left, x2: width, y1: y(step), y2: y(step) }));
      chart.append(s("text", { class: "soft", x: left - 6, y: y(step) + 4, "text-anchor": "end" }, count(step)));
    }
    const slot = (width - left) / 12;
    const label = (subject) => (subject < named ? data.subjects[subject] : "All others");
    stacks.slice(0, lastMonth).forEach((stack, month) => {
      const parts = stack.map((n, subject) => [n, subject]).filter(([n]) => n > 0);
      const words = `${called(month)}${begun(month) ? "," : ""} ${year}: ${count(totals[month])}\n${parts.map(([n, subject]) => `${label(subject)}: ${count(n)}`).join("\n")}`;
      const column = s("g", { class: begun(month) ? "begun" : null, tabindex: 0, role: "img", "aria-label": words.replaceAll("\n", "; "), tip: words });
      let sum = 0;
      for (const [n, subject] of parts) {
        column.append(s("rect", { class: "mark", style: `fill: ${color(subject)}`, x: left + month * slot + slot * 0.12, width: slot * 0.76, y: y(sum + n), height: Math.max(0, y(sum) - y(sum + n)) }));
        sum += n;
      }
      column.append(s("rect", { x: left + month * slot, y: 0, width: slot, height: height - bottom, fill: "transparent" }));
      chart.append(column);
      if (begun(month)) chart.append(s("text", { class: "soft", x: left + (month + 0.5) * slot, y: y(sum) - 5, "text-anchor": "middle" }, `to ${lastDay}`));
    });
    MONTHS.forEach((name, month) => chart.append(s("text", { class: "soft", x: left + (month + 0.5) * slot, y: height - 6, "text-anchor": "middle" }, slot < 30 ? name[0] : name)));
    fill("months", chart);
    const headers = [{ label: "Month", text: true }, { label: "All" }, ...data.subjects.map((label) => ({ label }))];
    const cell = new Map(rows.map((row) => [`${row.open_month} ${row.subject}`, row.request_count]));
    table("months-table", headers, MONTHS.slice(0, lastMonth).map((_, month) => ({
      cells: [called(month), count(totals[month]), ...data.subjects.map((_, subject) => count(cell.get(`${month + 1} ${subject}`) || 0))],
    })));
  }

  /* Charts are drawn as wide as their place, so that their text keeps its size. */
  const room = (id) => Math.max(280, Math.min(720, $(id).clientWidth || 560));

  function ticks(most) {
    const rough = most / 4;
    const power = 10 ** Math.floor(Math.log10(rough));
    const step = Math.max(1, [1, 2, 2.5, 5, 10].map((n) => n * power).find((n) => n >= rough));
    const steps = [];
    for (let at = 0; at < most + step; at += step) steps.push(Math.round(at * 10) / 10);
    return steps;
  }

  function drawTypes(year) {
    const total = of("type", year).reduce((sum, row) => sum + row.request_count, 0);
    const before = by(ofYearBefore("type", year), "type");
    const kinds = of("type", year).map((now) => {
      const [subject, name] = data.types[now.type];
      return { name, subject: data.subjects[subject], now, then: before.get(now.type) || {} };
    });
    [...kinds].sort((a, b) => b.now.request_count - a.now.request_count || a.name.localeCompare(b.name)).forEach((kind, rank) => { kind.rank = rank + 1; });
    const words = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const shown = kinds.filter((kind) => words.every((word) => `${kind.name} ${kind.subject}`.toLowerCase().includes(word)));
    const value = { requests: ({ now }) => now.request_count, median: ({ now }) => now.median_hours, p90: ({ now }) => now.p90_hours, slower: ({ now, then }) => (now.worse ? change(now.median_hours, then.median_hours) : null) }[state.sort];
    const sign = state.down ? -1 : 1;
    shown.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null || x === undefined || y === undefined) return (x === null || x === undefined) - (y === null || y === undefined);
      return sign * (x - y) || a.rank - b.rank;
    });
    const cells = (rank, name, now, then, subject) => [rank, name, count(now.request_count), percent(now.request_count / total),
      measured(now, "median_hours"), slower(now, then), measured(now, "p90_hours"), subject];
    const channels = $("channels").checked ? of("typeChannel", year) : [];
    const channelsBefore = ofYearBefore("typeChannel", year);
    const rows = shown.flatMap(({ rank, name, now, then, subject }) => [
      { cells: cells(count(rank), name, now, then, subject) },
      ...channels.filter((row) => row.type === now.type).map((row) => {
        const earlier = channelsBefore.find((other) => other.type === row.type && other.channel === row.channel);
        return { attributes: { class: "sub" }, cells: cells("", data.channels[row.channel], row, earlier || {}, "") };
      }),
    ]);
    const sorts = (label, key) => ({
      label, sorted: state.sort === key ? (state.down ? "descending" : "ascending") : null,
      sort: () => { state.down = state.sort === key ? !state.down : true; state.sort = key; drawTypes(state.year); },
    });
    const against = `than ${daysBefore(year)}`;
    table("types-table", [{ label: "#" }, { label: "Type", text: true }, sorts("Requests", "requests"), { label: "Share" }, sorts("Median", "median"),
      sorts(`slower ${against}`, "slower"), sorts("90th percentile", "p90"), { label: "Major category", text: true }], rows);
    $("found").textContent = words.length ? `${count(shown.length)} of ${count(kinds.length)} types` : `${count(kinds.length)} types`;
  }

  function drawTimes(year) {
    const before = by(ofYearBefore("subject", year), "subject");
    const rows = of("subject", year).map((now) => ({ subject: now.subject, now, then: before.get(now.subject) || {} }))
      .filter(({ now }) => now.closed_count > 0).sort((a, b) => b.now.request_count - a.now.request_count);
    // Times of nothing but zero have no place on a logarithmic scale, yet they are times.
    const values = [1, 24, ...rows.flatMap(({ now, then }) => [now.median_hours, now.p90_hours, then.median_hours, then.p90_hours]).filter((value) => value > 0)];
    const width = room("times");
    // Where there is little room, names stand above their marks.
    const narrow = width < 460;
    const [left, line, top] = narrow ? [8, 50, 26] : [190, 34, 26];
    const height = top + rows.length * line + 12;
    const [low, high] = [Math.log10(Math.max(0.02, Math.min(...values))) - 0.1, Math.log10(Math.max(...values)) + 0.1];
    const x = (hours) => left + (width - left - 28) * Math.min(1, Math.max(0, (Math.log10(Math.max(hours, 1e-6)) - low) / (high - low)));
    const chart = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Median and 90th percentile of ${days(year)} and ${daysBefore(year)} by major category; the table below says the same.` });
    for (const [hours, label] of SCALE) {
      if (Math.log10(hours) < low || Math.log10(hours) > high) continue;
      chart.append(s("line", { class: "grid", x1: x(hours), x2: x(hours), y1: top - 6, y2: height }), s("text", { class: "soft", x: x(hours), y: 12, "text-anchor": "middle" }, label));
    }
    rows.forEach(({ subject, now, then }, position) => {
      const middle = top + (position + (narrow ? 0.7 : 0.5)) * line;
      chart.append(s("text", { x: 0, y: narrow ? middle - 17 : middle + 4 }, data.subjects[subject]));
      if (few(now)) chart.append(s("text", { class: "soft", x: left, y: middle + 4 }, measured(now)));
      else for (const [key, offset, paint, words] of [["median_hours", -6, "var(--s0)", "median"], ["p90_hours", 6, "var(--s5)", "90th percentile"]]) {
        const y = middle + offset;
        const has = then[key] !== null && then[key] !== undefined;
        if (now[key] === null) {
          chart.append(s("text", { class: "soft", x: left, y: y + 4 }, `${words}: ${NOT_REACHED}`));
          continue;
        }
        const mark = s("g", { tip: `${data.subjects[subject]}, ${words}\n${days(year)}: ${measured(now, key)}\n${daysBefore(year)}: ${measured(then, key)}` });
        if (has) mark.append(s("line", { x1: x(then[key]), x2: x(now[key]), y1: y, y2: y, style: `stroke: ${paint}`, "stroke-width": 2 }), shape(key, x(then[key]), y, "var(--card)", paint));
        mark.append(shape(key, x(now[key]), y, paint, paint));
        chart.append(mark);
      }
    });
    fill("times", chart);
    $("times-note").textContent = `Circles are medians, diamonds 90th percentiles; filled ${days(year)}, hollow ${daysBefore(year)}. Information-only types are left out; who still waits counts, for as long as it was seen.`;
    table("times-table", [{ label: "Major category", text: true }, { label: "Closed" }, { label: `Median ${days(year)}` }, { label: daysBefore(year) }, { label: "slower" }, { label: `90th percentile ${days(year)}` }, { label: daysBefore(year) }],
      rows.map(({ subject, now, then }) => ({ cells: [data.subjects[subject], count(now.closed_count), measured(now, "median_hours"), measured(then, "median_hours"), slower(now, then),
        measured(now, "p90_hours"), measured(then, "p90_hours")] })));
  }
  function shape(key, x, y, inside, outline) {
    const style = `fill: ${inside}; stroke: ${outline}; stroke-width: 2`;
    return key === "median_hours" ? s("circle", { cx: x, cy: y, r: 4.5, style }) : s("path", { d: `M${x - 5.5} ${y}L${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}Z`, style });
  }

  function drawTargets(year) {
    const worse = $("targets-order").value === "worse";
    // The same value is ranked in the mart by volume, which the rows come in.
    const rows = of("target", year).sort((a, b) => (worse ? 1 : -1) * (a.share_change - b.share_change));
    $("targets-note").textContent = rows.length
      ? `A target is the time in which three quarters of the requests of up to three earlier years were closed, by type and channel. ${year} is measured against it, by the requests that are at least as old as the target: ${count(rows.length)} kinds of requests, ${count(rows.filter((row) => row.worse > 0).length)} of them clearly worse, ${count(rows.filter((row) => row.worse < 0).length)} clearly better. Those with few requests are left out.`
      : `No year before ${year} is here to measure it against.`;
    table("targets-table", [{ label: "Type and channel", text: true }, { label: "Points" }, { label: `Within, ${year}` }, { label: "before" }, { label: "Target" }, { label: "Measured" }],
      rows.map((row) => ({
        cells: [`${data.types[row.type][1]}, ${data.channels[row.channel]}`, row.worse ? { text: points(row.share_change), kind: kind(row.worse) } : UNCLEAR,
          percent(row.share_within), percent(row.benchmark_share_within), duration(row.target_hours), count(row.measured_count)],
      })));
  }

  const shapes = new Map();
  const frame = { scale: 1, west: 0, north: 0 };
  function buildMap() {
    const corners = data.borders.flatMap(([, rings]) => rings.flat());
    if (!corners.length) return;
    const xs = corners.filter((_, i) => i % 2 === 0);
    const ys = corners.filter((_, i) => i % 2 === 1);
    const edge = (pick, values) => values.reduce((a, b) => pick(a, b));
    const [west, east, south, north] = [edge(Math.min, xs), edge(Math.max, xs), edge(Math.min, ys), edge(Math.max, ys)];
    // So far north a degree of longitude is this much of a degree of latitude.
    frame.squeeze = Math.cos((south + north) / 2e4 * Math.PI / 180);
    frame.scale = 600 / ((east - west) * frame.squeeze);
    [frame.west, frame.north] = [west, north];
    const chart = s("svg", { viewBox: `-4 -4 608 ${Math.ceil((north - south) * frame.scale) + 8}`, role: "img", "aria-label": "Map of the neighborhoods; the table beside it says the same." });
    for (const [area, rings] of data.borders) {
      const path = rings.map((ring) => {
        let d = "";
        for (let i = 0; i < ring.length; i += 2) d += `${i ? "L" : "M"}${place(ring[i], ring[i + 1]).map((n) => n.toFixed(1)).join(" ")}`;
        return `${d}Z`;
      }).join("");
      const node = s("path", { class: "mark", d: path, "fill-rule": "evenodd", onpointerenter: () => mark(area, true), onpointerleave: () => { mark(area, false); tip.hidden = true; } });
      node.addEventListener("pointermove", (event) => {
        tip.textContent = node.dataset.tip;
        tip.hidden = false;
        tip.style.left = `${Math.min(event.clientX + 12, innerWidth - tip.offsetWidth - 4)}px`;
        tip.style.top = `${Math.min(event.clientY + 14, innerHeight - tip.offsetHeight - 4)}px`;
      });
      shapes.set(area, node);
      chart.append(node);
    }
    chart.append(s("g", { id: "spot-marks" }));
    fill("map", chart);
  }
  const place = (x, y) => [(x - frame.west) * frame.squeeze * frame.scale, (frame.north - y) * frame.scale];
  function mark(area, on) {
    shapes.get(area)?.classList.toggle("on", on);
    document.querySelector(`#areas-table tr[data-area="${area}"]`)?.classList.toggle("on", on);
  }

  function drawMap(year) {
    const slow = $("measure").value === "slower";
    const category = slow ? "" : $("map-category").value;
    $("map-category").disabled = slow;
    const city = (of("city", year)[0] || {}).slower_share;
    const counted = category === "" ? of("area", year) : of("areaSubject", year).filter((row) => row.subject === Number(category));
    const requests = new Map(counted.map((row) => [row.area, row.request_count]));
    const rows = of("area", year).map((row) => ({ ...row, requests: requests.get(row.area) || 0, known: data.neighborhoods[row.area][0] !== "Unknown" }));
    const known = rows.filter((row) => row.known);
    const most = Math.max(1, ...known.map((row) => row.requests));
    const sorted = known.sort((a, b) => (slow ? (b.slower_share ?? -1) - (a.slower_share ?? -1) : b.requests - a.requests));
    for (const node of shapes.values()) { node.style.fill = "var(--map-from)"; node.dataset.tip = "No requests"; }
    for (const row of known) {
      const node = shapes.get(row.area);
      if (!node) continue;
      const away = slow && row.worse ? row.slower_share - city : 0;
      const strength = slow ? Math.min(1, Math.abs(away) / 0.15) : row.requests / most;
      const paint = slow ? (away > 0 ? "var(--worse)" : "var(--better)") : "var(--map-to)";
      node.style.fill = `color-mix(in srgb, ${paint} ${Math.round(100 * strength)}%, var(--map-from))`;
      node.dataset.tip = `${data.neighborhoods[row.area].join(", ")}\n${count(row.requests)} requests\nmedian ${measured(row, "median_hours")}\n${measured(row, "slower_share", percent)} slower than the city's median for the same${row.worse === 0 ? ", not clearly other than the city" : ""}`;
    }
    const spots = $("spots").checked && shapes.size ? of("spot", year) : [];
    const busiest = Math.max(1, ...spots.map((row) => row.request_count));
    $("spot-marks")?.replaceChildren(...spots.map((row) => {
      const [cx, cy] = place(1e4 * row.longitude, 1e4 * row.latitude);
      return s("circle", { class: "mark", cx, cy, r: 2.5 + 4 * Math.sqrt(row.request_count / busiest), style: "fill: var(--s1)", tip: `Hot spot: ${count(row.request_count)} requests at ${count(row.place_count)} places` });
    }));
    table("areas-table", [{ label: "Neighborhood", text: true }, { label: "Community", text: true }, { label: "Requests" }, { label: "Median" }, { label: "Slower" }],
      sorted.map((row) => ({
        attributes: { "data-area": row.area, onpointerenter: () => mark(row.area, true), onpointerleave: () => mark(row.area, false) },
        cells: [...data.neighborhoods[row.area], count(row.requests), measured(row, "median_hours"), { text: measured(row, "slower_share", percent), kind: slow ? kind(row.worse) : null }],
      })));
    const unknown = rows.find((row) => !row.known);
    $("map-note").textContent = (shapes.size ? "" : "The neighborhood layer was not read, so there is no map. ") +
      `Slower: the share of requests that took, or have waited, longer than the city's median for the same type, channel and year, of those as old as it; ${percent(city)} in the whole city. Colored are those that are clearly other than the city. ` +
      `Without a place in a neighborhood: ${count(unknown ? unknown.requests : 0)} requests. Hot spots are cells of about 110 by 80 meters; one address with many requests is none.`;
  }

  function drawQuality(year) {
    const counts = {
      case_count: "Requests", deleted_count: "Deleted", rejected_count: "Rejected rows", duplicate_count: "Duplicate rows", several_layers_count: "In several years",
      no_location_count: "No location", no_neighborhood_count: "No neighborhood", unknown_category_count: "Unknown category",
      status_mismatch_count: "Status against date", closed_before_opened_count: "Closed before opened",
    };
    $("quality-note").textContent = `Requests up to ${data.reachesTo || DASH}; the service was last looked at ${data.lookedAt || DASH} (America/Chicago). ` +
      "Every read is proven complete: each row exactly once, as many as the service counts. Rejected rows have no usable case number or opening time and are kept in quarantine." +
      (data.strays ? ` ${count(data.strays)} requests of years whose own layer was not loaded are left out above.` : "");
    fill("stopped", ...data.stopped.map((sentence) => h("li", {}, sentence)));
    const day = (time) => time ? time.slice(0, "YYYY-MM-DD".length) : DASH;
    const names = Object.keys(counts);
    table("quality-table", ["Year", ...Object.values(counts), "Last read", "Last full read"].map((label, position) => ({ label, text: position === 0 })), [
      ...tables.quality.map((row) => ({ attributes: { class: row.source_year === year ? "on" : null }, cells: [String(row.source_year), ...names.map((name) => count(row[name])), day(row.last_read_at), day(row.last_full_read_at)] })),
      { cells: ["All", ...names.map((name) => count(tables.quality.reduce((sum, row) => sum + (row[name] || 0), 0))), "", ""] },
    ]);
  }

  function show(year) {
    state.year = year;
    $("year").value = String(year);
    $("earlier").disabled = year === data.years[0];
    $("later").disabled = year === data.years.at(-1);
    for (const draw of [drawTiles, drawRing, drawMonths, drawTypes, drawTimes, drawTargets, drawMap, drawQuality]) draw(year);
    $("announce").textContent = `Showing ${year}`;
    history.replaceState(null, "", `#${year}`);
  }

  function setTheme(theme) {
    document.documentElement.dataset.theme = theme;
    $("theme").textContent = theme === "dark" ? "Light" : "Dark";
  }

  const dark = matchMedia("(prefers-color-scheme: dark)").matches;
  $("theme").textContent = dark ? "Light" : "Dark";
  $("theme").addEventListener("click", () => setTheme($("theme").textContent.toLowerCase()));
  if (!data.years.length) {
    $("empty").hidden = false;
    for (const part of document.querySelectorAll("section, footer, header .controls")) part.hidden = true;
    return;
  }
  $("reach").textContent = `Requests up to ${data.reachesTo || DASH}: what the city was asked for, how long it took, and where.`;
  fill("year", ...[...data.years].reverse().map((year) => h("option", { value: year }, String(year))));
  fill("map-category", h("option", { value: "" }, "all"), ...data.subjects.map((name, position) => h("option", { value: position }, name)));
  $("year").addEventListener("change", () => show(Number($("year").value)));
  for (const [id, step] of [["earlier", -1], ["later", 1]]) $(id).addEventListener("click", () => show(data.years[data.years.indexOf(state.year) + step]));
  for (const [id, event, draw] of [["search", "input", drawTypes], ["channels", "change", drawTypes], ["targets-order", "change", drawTargets], ["measure", "change", drawMap], ["map-category", "change", drawMap], ["spots", "change", drawMap]])
    $(id).addEventListener(event, () => draw(state.year));
  let width = innerWidth;
  addEventListener("resize", () => {
    if (innerWidth === width) return;
    width = innerWidth;
    drawMonths(state.year);
    drawTimes(state.year);
  });
  buildMap();
  const asked = Number(location.hash.slice(1));
  show(data.years.includes(asked) ? asked : data.years.at(-1));
})();
