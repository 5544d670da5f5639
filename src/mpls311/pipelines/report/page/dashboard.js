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
  function slower(now, before) {
    const by = change(now, before);
    if (by === null) return DASH;
    return { text: `${points(by)} %`, kind: by > 0.005 ? "worse" : by < -0.005 ? "better" : null };
  }

  /* Rows of a year, looked up by name */
  const of = (name, year) => data[name].filter((row) => row[0] === year);
  const times = (row, from) => (row ? { requests: row[from], closed: row[from + 1], median: row[from + 2], p90: row[from + 3] } : null);
  const color = (subject) => `var(--s${Math.min(subject, COLORS)})`;
  const day = (time) => `${MONTHS[Number(time.slice(5, 7)) - 1]} ${Number(time.slice(8, 10))}`;
  const partial = (year) => data.reachesTo && data.reachesTo.startsWith(`${year}-`) && !data.reachesTo.startsWith(`${year}-12-31`);

  function drawTiles(year) {
    const find = (wanted) => data.year.find((row) => row[0] === wanted);
    const now = find(year);
    const before = find(year - 1);
    const [, requests, open] = now;
    const [timed, earlier] = [times(now, 2), times(before, 2)];
    const tiles = [
      ["total", count(requests), `requests${partial(year) ? ` to ${day(data.reachesTo)}` : ""}${before ? `; ${partial(year) ? "all of " : ""}${year - 1}: ${count(before[1])}` : ""}`],
      ["open", count(open), `still open, ${percent(open / requests)}`],
      ["median", duration(timed.median), `median time to close${before ? `; ${year - 1}: ${duration(earlier.median)}` : ""}`],
      ["p90", duration(timed.p90), `90th percentile${before ? `; ${year - 1}: ${duration(earlier.p90)}` : ""}`],
    ];
    fill("tiles", ...tiles.map(([id, value, label]) => h("div", { class: "tile" }, h("b", { id }, value), h("span", {}, label))));
  }

  function drawRing(year) {
    const rows = of("subject", year).sort((a, b) => b[2] - a[2]);
    const total = rows.reduce((sum, row) => sum + row[2], 0);
    const chart = s("svg", { viewBox: "-110 -110 220 220", role: "img", "aria-label": `Requests of ${year} by major category; the list beside it says the same.` });
    let angle = 0;
    for (const [, subject, requests] of rows) {
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
    fill("legend", ...rows.map(([, subject, requests]) => h("li", {}, h("i", { style: `background: ${color(subject)}` }),
      h("span", {}, data.subjects[subject]), h("b", {}, count(requests)), h("em", { class: "note" }, percent(requests / total)))));
  }

  function drawMonths(year) {
    const rows = of("month", year);
    const named = Math.min(COLORS, data.subjects.length);
    const stacks = MONTHS.map(() => new Array(named + 1).fill(0));
    for (const [, month, subject, requests] of rows) stacks[month - 1][Math.min(subject, named)] += requests;
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
    stacks.forEach((stack, month) => {
      const parts = stack.map((n, subject) => [n, subject]).filter(([n]) => n > 0);
      const words = `${MONTHS[month]} ${year}: ${count(totals[month])}\n${parts.map(([n, subject]) => `${label(subject)}: ${count(n)}`).join("\n")}`;
      const column = s("g", { tabindex: 0, role: "img", "aria-label": words.replaceAll("\n", "; "), tip: words });
      let sum = 0;
      for (const [n, subject] of parts) {
        column.append(s("rect", { class: "mark", style: `fill: ${color(subject)}`, x: left + month * slot + slot * 0.12, width: slot * 0.76, y: y(sum + n), height: Math.max(0, y(sum) - y(sum + n)) }));
        sum += n;
      }
      column.append(s("rect", { x: left + month * slot, y: 0, width: slot, height: height - bottom, fill: "transparent" }));
      chart.append(column, s("text", { class: "soft", x: left + (month + 0.5) * slot, y: height - 6, "text-anchor": "middle" }, slot < 30 ? MONTHS[month][0] : MONTHS[month]));
    });
    fill("months", chart);
    const headers = [{ label: "Month", text: true }, { label: "All" }, ...data.subjects.map((label) => ({ label }))];
    const cell = new Map(rows.map(([, month, subject, requests]) => [`${month} ${subject}`, requests]));
    table("months-table", headers, MONTHS.map((name, month) => ({
      cells: [name, count(totals[month]), ...data.subjects.map((_, subject) => count(cell.get(`${month + 1} ${subject}`) || 0))],
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
    const total = of("type", year).reduce((sum, row) => sum + row[2], 0);
    const before = new Map(of("type", year - 1).map((row) => [row[1], times(row, 2)]));
    const kinds = of("type", year).map((row) => {
      const [, type] = row;
      const [subject, name] = data.types[type];
      return { type, name, subject: data.subjects[subject], ...times(row, 2), before: before.get(type) };
    });
    [...kinds].sort((a, b) => b.requests - a.requests || a.name.localeCompare(b.name)).forEach((kind, rank) => { kind.rank = rank + 1; });
    const words = $("search").value.trim().toLowerCase().split(/\s+/).filter(Boolean);
    const shown = kinds.filter((kind) => words.every((word) => `${kind.name} ${kind.subject}`.toLowerCase().includes(word)));
    const value = { requests: (k) => k.requests, median: (k) => k.median, p90: (k) => k.p90, slower: (k) => change(k.median, k.before && k.before.median) }[state.sort];
    const sign = state.down ? -1 : 1;
    shown.sort((a, b) => {
      const [x, y] = [value(a), value(b)];
      if (x === null || y === null || x === undefined || y === undefined) return (x === null || x === undefined) - (y === null || y === undefined);
      return sign * (x - y) || a.rank - b.rank;
    });
    const byChannel = new Map();
    for (const row of of("typeChannel", year)) byChannel.set(row[1], [...(byChannel.get(row[1]) || []), row]);
    const earlier = new Map(of("typeChannel", year - 1).map((row) => [`${row[1]} ${row[2]}`, times(row, 3)]));
    const rows = [];
    for (const kind of shown) {
      const last = kind.before || {};
      rows.push({ cells: [count(kind.rank), kind.name, count(kind.requests), percent(kind.requests / total), duration(kind.median), slower(kind.median, last.median), duration(kind.p90), slower(kind.p90, last.p90), kind.subject] });
      if (!$("channels").checked) continue;
      for (const row of byChannel.get(kind.type)) {
        const now = times(row, 3);
        const then = earlier.get(`${row[1]} ${row[2]}`) || {};
        rows.push({ attributes: { class: "sub" }, cells: ["", data.channels[row[2]], count(now.requests), percent(now.requests / total), duration(now.median), slower(now.median, then.median), duration(now.p90), slower(now.p90, then.p90), ""] });
      }
    }
    const sorts = (label, key) => ({
      label, sorted: state.sort === key ? (state.down ? "descending" : "ascending") : null,
      sort: () => { state.down = state.sort === key ? !state.down : true; state.sort = key; drawTypes(state.year); },
    });
    const against = `than ${year - 1}`;
    table("types-table", [{ label: "#" }, { label: "Type", text: true }, sorts("Requests", "requests"), { label: "Share" }, sorts("Median", "median"),
      sorts(`slower ${against}`, "slower"), sorts("90th percentile", "p90"), { label: `slower ${against}` }, { label: "Major category", text: true }], rows);
    $("found").textContent = words.length ? `${count(shown.length)} of ${count(kinds.length)} types` : `${count(kinds.length)} types`;
  }

  function drawTimes(year) {
    const before = new Map(of("subject", year - 1).map((row) => [row[1], times(row, 2)]));
    const rows = of("subject", year).map((row) => ({ subject: row[1], now: times(row, 2), then: before.get(row[1]) || {} }))
      .filter(({ now }) => now.median !== null).sort((a, b) => b.now.requests - a.now.requests);
    // Times of nothing but zero have no place on a logarithmic scale, yet they are times.
    const values = [1, 24, ...rows.flatMap(({ now, then }) => [now.median, now.p90, then.median, then.p90]).filter((value) => value > 0)];
    const width = room("times");
    // Where there is little room, names stand above their marks.
    const narrow = width < 460;
    const [left, line, top] = narrow ? [8, 50, 26] : [190, 34, 26];
    const height = top + rows.length * line + 12;
    const [low, high] = [Math.log10(Math.max(0.02, Math.min(...values))) - 0.1, Math.log10(Math.max(...values)) + 0.1];
    const x = (hours) => left + (width - left - 12) * Math.min(1, Math.max(0, (Math.log10(Math.max(hours, 1e-6)) - low) / (high - low)));
    const chart = s("svg", { viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": `Median and 90th percentile of ${year} and ${year - 1} by major category; the table below says the same.` });
    for (const [hours, label] of SCALE) {
      if (Math.log10(hours) < low || Math.log10(hours) > high) continue;
      chart.append(s("line", { class: "grid", x1: x(hours), x2: x(hours), y1: top - 6, y2: height }), s("text", { class: "soft", x: x(hours), y: 12, "text-anchor": x(hours) > width - 30 ? "end" : "middle" }, label));
    }
    rows.forEach(({ subject, now, then }, position) => {
      const middle = top + (position + (narrow ? 0.7 : 0.5)) * line;
      chart.append(s("text", { x: 0, y: narrow ? middle - 17 : middle + 4 }, data.subjects[subject]));
      for (const [key, offset, paint, words] of [["median", -6, "var(--s0)", "median"], ["p90", 6, "var(--s5)", "90th percentile"]]) {
        const y = middle + offset;
        const has = then[key] !== null && then[key] !== undefined;
        const mark = s("g", { tip: `${data.subjects[subject]}, ${words}\n${year}: ${duration(now[key])}\n${year - 1}: ${duration(then[key])}` });
        if (has) mark.append(s("line", { x1: x(then[key]), x2: x(now[key]), y1: y, y2: y, style: `stroke: ${paint}`, "stroke-width": 2 }), shape(key, x(then[key]), y, "var(--card)", paint));
        mark.append(shape(key, x(now[key]), y, paint, paint));
        chart.append(mark);
      }
    });
    fill("times", chart);
    $("times-note").textContent = `Circles are medians, diamonds 90th percentiles; filled ${year}, hollow ${year - 1}. Information-only types are left out` +
      (partial(year) ? "; requests that are still open have no time yet, so the newest months look faster than they will turn out." : ".");
    table("times-table", [{ label: "Major category", text: true }, { label: "Closed" }, { label: `Median ${year}` }, { label: `${year - 1}` }, { label: "slower" }, { label: `90th percentile ${year}` }, { label: `${year - 1}` }, { label: "slower" }],
      rows.map(({ subject, now, then }) => ({ cells: [data.subjects[subject], count(now.closed), duration(now.median), duration(then.median), slower(now.median, then.median), duration(now.p90), duration(then.p90), slower(now.p90, then.p90)] })));
  }
  function shape(key, x, y, inside, outline) {
    const style = `fill: ${inside}; stroke: ${outline}; stroke-width: 2`;
    return key === "median" ? s("circle", { cx: x, cy: y, r: 4.5, style }) : s("path", { d: `M${x - 5.5} ${y}L${x} ${y - 5.5}L${x + 5.5} ${y}L${x} ${y + 5.5}Z`, style });
  }

  function drawTargets(year) {
    const worse = $("targets-order").value === "worse";
    // The same value is ranked in the mart by volume, which the rows come in.
    const rows = of("target", year).sort((a, b) => (worse ? 1 : -1) * (a[7] - b[7]));
    $("targets-note").textContent = rows.length
      ? `A target is the time in which three quarters of the requests of up to three earlier years were closed, by type and channel. ${year} is measured against it, by the requests that are at least as old as the target: ${count(rows.length)} kinds of requests, ${count(rows.filter((row) => row[7] < 0).length)} of them worse.`
      : `There are no earlier years to measure ${year} against: load them, as in kedro run --params years=${year - 3}-${year}.`;
    table("targets-table", [{ label: "Type and channel", text: true }, { label: "Points" }, { label: `Within, ${year}` }, { label: "before" }, { label: "Target" }, { label: "Measured" }],
      rows.map(([, type, channel, hours, benchmark, share, measured, by]) => ({
        cells: [`${data.types[type][1]}, ${data.channels[channel]}`, { text: points(by), kind: by < -0.005 ? "worse" : by > 0.005 ? "better" : null }, percent(share), percent(benchmark), duration(hours), count(measured)],
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
    const city = (data.city.find((row) => row[0] === year) || [])[1];
    const requests = new Map(category === "" ? of("area", year).map((row) => [row[1], row[2]])
      : of("areaSubject", year).filter((row) => row[2] === Number(category)).map((row) => [row[1], row[3]]));
    const rows = of("area", year).map(([, area, , median, share]) => ({ area, requests: requests.get(area) || 0, median, share, known: data.neighborhoods[area][0] !== "Unknown" }));
    const known = rows.filter((row) => row.known);
    const most = Math.max(1, ...known.map((row) => row.requests));
    const sorted = known.sort((a, b) => (slow ? b.share - a.share : b.requests - a.requests));
    for (const node of shapes.values()) { node.style.fill = "var(--map-from)"; node.dataset.tip = "No requests"; }
    for (const row of known) {
      const node = shapes.get(row.area);
      if (!node) continue;
      const away = slow && row.share !== null ? row.share - city : 0;
      const strength = slow ? Math.min(1, Math.abs(away) / 0.15) : row.requests / most;
      const paint = slow ? (away > 0 ? "var(--worse)" : "var(--better)") : "var(--map-to)";
      node.style.fill = `color-mix(in srgb, ${paint} ${Math.round(100 * strength)}%, var(--map-from))`;
      node.dataset.tip = `${data.neighborhoods[row.area].join(", ")}\n${count(row.requests)} requests\nmedian ${duration(row.median)}\n${percent(row.share)} slower than the city's median for the same`;
    }
    const spots = $("spots").checked && shapes.size ? of("spot", year) : [];
    const busiest = Math.max(1, ...spots.map((row) => row[3]));
    $("spot-marks")?.replaceChildren(...spots.map(([, x, y, n, places]) => {
      const [cx, cy] = place(1e4 * x, 1e4 * y);
      return s("circle", { class: "mark", cx, cy, r: 2.5 + 4 * Math.sqrt(n / busiest), style: "fill: var(--s1)", tip: `Hot spot: ${count(n)} requests at ${count(places)} places` });
    }));
    table("areas-table", [{ label: "Neighborhood", text: true }, { label: "Community", text: true }, { label: "Requests" }, { label: "Median" }, { label: "Slower" }],
      sorted.map((row) => ({
        attributes: { "data-area": row.area, onpointerenter: () => mark(row.area, true), onpointerleave: () => mark(row.area, false) },
        cells: [...data.neighborhoods[row.area], count(row.requests), duration(row.median), percent(row.share)],
      })));
    const unknown = rows.find((row) => !row.known);
    $("map-note").textContent = (shapes.size ? "" : "The neighborhood layer was not read, so there is no map. ") +
      `Slower: the share of requests that took longer than the city's median for the same type, channel and year; ${percent(city)} in the whole city. ` +
      `Without a place in a neighborhood: ${count(unknown ? unknown.requests : 0)} requests. Hot spots are cells of about 110 by 80 meters; one address with many requests is none.`;
  }

  function drawQuality(year) {
    const [note, names] = [$("quality-note"), ["Year", "Requests", "Deleted", "Rejected rows", "Duplicate rows", "In several years", "No location", "No neighborhood", "Unknown category", "Status against date", "Closed before opened", "Last read", "Last full read"]];
    note.textContent = `Requests up to ${data.reachesTo || DASH}; the service was last looked at ${data.lookedAt || DASH} (America/Chicago). ` +
      "Every read is proven complete: each row exactly once, as many as the service counts. Rejected rows have no usable case number or opening time and are kept in quarantine." +
      (data.strays ? ` ${count(data.strays)} requests of years whose own layer was not loaded are left out above.` : "");
    const day = (time) => time ? time.slice(0, "YYYY-MM-DD".length) : DASH;
    const sums = names.slice(1, 11).map((_, position) => data.quality.reduce((sum, row) => sum + (row[position + 1] || 0), 0));
    table("quality-table", names.map((label, position) => ({ label, text: position === 0 })), [
      ...data.quality.map((row) => ({ attributes: { class: row[0] === year ? "on" : null }, cells: [String(row[0]), ...row.slice(1, 11).map(count), ...row.slice(11).map(day)] })),
      { cells: ["All", ...sums.map(count), "", ""] },
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
