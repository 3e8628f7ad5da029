"use strict";
// The page of a chaos run. What was written into it (`data`) is drawn; nothing is fetched.
(() => {
  const data = JSON.parse(document.getElementById("data").textContent);
  const root = document.documentElement;
  const by_id = (id) => document.getElementById(id);
  root.classList.add("js");

  // ---- What happened, by path ----

  const count = data.paths.length;
  const hits = data.hits, lives = data.lives, outages = data.outages, give_ups = data.give_ups, failures = data.failures;
  const at_path = Array.from({ length: count }, () => ({ lives: [], hits: [], outages: [], give_ups: [], failures: [] }));
  lives.path.forEach((p, i) => at_path[p].lives.push(i));
  hits.path.forEach((p, i) => at_path[p].hits.push(i));
  outages.life.forEach((l, i) => at_path[lives.path[l]].outages.push(i));
  give_ups.path.forEach((p, i) => at_path[p].give_ups.push(i));
  failures.path.forEach((p, i) => at_path[p].failures.push(i));
  const blast = new Int32Array(hits.time.length);
  const outage_of_life = new Map();
  outages.life.forEach((l, i) => outage_of_life.set(l, i));
  const own_end = new Map();  // By hit, the life that it was meant for and that ended of it.
  lives.cause.forEach((h, l) => {
    if (h < 0 || lives.shut_down[l]) return;
    const own = hits.path[h] === lives.path[l] && (hits.incarnation[h] === 0 || hits.incarnation[h] === lives.incarnation[l]);
    if (own) own_end.set(h, l); else if (lives.end[l] >= 0 && lives.end[l] <= data.end) ++blast[h];
  });
  const parent_of = (() => {
    const index = new Map(data.paths.map((path, i) => [path, i]));
    return data.paths.map((path) => {
      const slash = path.lastIndexOf("/");
      const above = slash < 0 ? undefined : index.get(path.slice(0, slash));
      return above === undefined ? -1 : above;
    });
  })();
  const depth = [];
  parent_of.forEach((above, i) => depth.push(above < 0 ? 0 : depth[above] + 1));
  const has_children = new Set(parent_of);

  // ---- Texts ----

  const plural = (n, one, many) => `${n.toLocaleString("en")} ${n === 1 ? one : many || one + "s"}`;
  const time_text = (ns) => {
    if (ns < 0) return "-" + time_text(-ns);
    if (ns === 0) return "0 s";
    const cut = (value, unit) => {
      const digits = value >= 100 ? 0 : value >= 10 ? 1 : 2, power = 10 ** digits;
      return `${Math.floor(value * power + 1e-7) / power} ${unit}`;
    };
    if (ns < 1e3) return cut(ns, "ns");
    if (ns < 1e6) return cut(ns / 1e3, "µs");
    if (ns < 1e9) return cut(ns / 1e6, "ms");
    const s = ns / 1e9;
    if (s < 60) return cut(s, "s");
    const two = (large, unit, small, small_unit) => small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${small_unit}`;
    if (s < 3600) return two(Math.floor(s / 60), "min", Math.floor(s % 60), "s");
    return two(Math.floor(s / 3600), "h", Math.floor((s % 3600) / 60), "min");
  };
  // A moment, with as many digits as it takes to tell it from its neighbours.
  const moment = (ns, step = 1) => {
    const digits = Math.max(0, Math.min(9, Math.ceil(9 - Math.log10(step) - 1e-9)));
    const s = ns / 1e9;
    if (data.end < 120e9) return `${s.toFixed(digits)} s`;
    const two = (n) => String(n).padStart(2, "0");
    const whole = Math.floor(s + (digits === 0 ? 0.5 : 0)), rest = (s % 60).toFixed(digits);
    const seconds = digits === 0 ? two(whole % 60) : rest.padStart(digits + 3, "0");
    return data.end < 3600e9 ? `${Math.floor(whole / 60)}:${seconds}`
      : `${Math.floor(whole / 3600)}:${two(Math.floor(whole / 60) % 60)}:${seconds}`;
  };
  const exact = (ns) => moment(ns).replace(/(\.\d*?[1-9])0+( s|$)/, "$1$2").replace(/\.0+( s|$)/, "$1");
  const hit_text = (h) => `${data.ways[hits.way[h]]} on ${data.paths[hits.path[h]]}` +
    `${hits.incarnation[h] > 0 ? ` #${hits.incarnation[h]}` : ""} at ${exact(hits.time[h])}`;
  const outage_text = (o) => {
    const length = (outages.end[o] < 0 ? data.end : outages.end[o]) - outages.begin[o];
    if (outages.end[o] < 0) return `out of service since ${exact(outages.begin[o])}, for ${time_text(length)}: not back`;
    if (!outages.back[o]) return `out of service for ${time_text(length)}, until its end`;
    return `back after ${time_text(outages.end[o] - outages.hit[o])}, at ${exact(outages.end[o])}`;
  };
  const describe = {
    life(l) {
      const end = lives.end[l];
      const lines = [`${data.paths[lives.path[l]]} #${lives.incarnation[l]}`];
      lines.push(end < 0 ? `lived from ${exact(lives.begin[l])} to the end of the record`
        : `lived from ${exact(lives.begin[l])} to ${exact(end)}, for ${time_text(end - lives.begin[l])}`);
      if (lives.hung[l] >= 0) lines.push(`hung since ${exact(lives.hung[l])}`);
      if (end >= 0) lines.push(`ended: ${data.reasons[lives.reason[l]]}${lives.shut_down[l] ? " (the tree was shut down)" : ""}`);
      if (lives.cause[l] >= 0) lines.push(`because of: ${hit_text(lives.cause[l])}`);
      if (outage_of_life.has(l)) lines.push(outage_text(outage_of_life.get(l)));
      return lines.join("\n");
    },
    hit(h) {
      const lines = [hit_text(h)];
      if (!hits.cuts[h]) lines.push("harm that is no cut");
      if (blast[h] > 0) lines.push(`${plural(blast[h], "other")} went down with it`);
      const life = own_end.get(h);
      if (life !== undefined) {
        if (lives.end[life] >= 0) lines.push(`ended: ${data.reasons[lives.reason[life]]}`);
        if (outage_of_life.has(life)) lines.push(outage_text(outage_of_life.get(life)));
      }
      return lines.join("\n");
    },
    give_up(g) {
      return `${data.paths[give_ups.path[g]]} gave up at ${exact(give_ups.time[g])}` +
        (give_ups.cause[g] >= 0 ? `\nbecause of: ${hit_text(give_ups.cause[g])}` : "");
    },
    failure(f) {
      return `${data.paths[failures.path[f]]} did not start at ${exact(failures.time[f])}\n${data.reasons[failures.reason[f]]}`;
    },
    outage(o) {
      return `${data.paths[lives.path[outages.life[o]]]}\n${outage_text(o)}\n` + describe.life(outages.life[o]);
    },
  };

  // ---- The table ----

  const table = by_id("figures");
  if (table) {
    const body = table.tBodies[0];
    const rows = [...body.rows];
    const value = (row, column) => column === 0 ? rows.indexOf(row) : Number(row.cells[column].dataset.v);
    [...table.tHead.rows[0].cells].forEach((head, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...head.childNodes);
      head.append(button);
      button.addEventListener("click", () => {
        const first = column === 0 || head.dataset.first === "up" ? "ascending" : "descending";
        const other = first === "ascending" ? "descending" : "ascending";
        const order = head.getAttribute("aria-sort") === first ? other : first;
        for (const each of table.tHead.rows[0].cells) each.removeAttribute("aria-sort");
        head.setAttribute("aria-sort", order);
        const keys = new Map(rows.map((row) => [row, value(row, column)]));
        const sign = order === "ascending" ? 1 : -1;
        body.append(...[...rows].sort((a, b) => {
          const x = keys.get(a), y = keys.get(b);
          if (Number.isNaN(x) || Number.isNaN(y)) return Number.isNaN(x) - Number.isNaN(y);  // Nothing is always last.
          return sign * (x - y);
        }));
      });
    });
    body.addEventListener("click", (event) => {
      const row = event.target.closest("tr");
      if (row) show_path(Number(row.dataset.path));
    });
    rows.forEach((row) => {
      row.tabIndex = 0;
      row.addEventListener("keydown", (event) => {
        if (event.key === "Enter") show_path(Number(row.dataset.path));
        const next = event.key === "ArrowDown" ? row.nextElementSibling : event.key === "ArrowUp" ? row.previousElementSibling : null;
        if (!next) return;
        event.preventDefault();
        next.focus();
      });
    });
  }
  by_id("copy")?.addEventListener("click", async (event) => {
    const command = by_id("replay").textContent;
    try {
      await navigator.clipboard.writeText(command);
      event.target.textContent = "Copied";
    } catch {
      getSelection().selectAllChildren(by_id("replay"));
    }
  });

  // ---- Which rows there are ----

  const row_height = 18;
  const folded = new Set();
  let filter = "";
  let rows = [];  // Paths, by their index.

  const choose_rows = () => {
    const wanted = filter.toLowerCase();
    const hidden = new Set();
    rows = [];
    for (let p = 0; p < count; ++p) {
      const above = parent_of[p];
      if (above >= 0 && (hidden.has(above) || folded.has(above))) { hidden.add(p); continue; }
      if (wanted === "" || data.paths[p].toLowerCase().includes(wanted)) rows.push(p);
    }
    // A match below a folded supervisor is shown all the same.
    if (wanted !== "") rows = data.paths.flatMap((path, p) => path.toLowerCase().includes(wanted) ? [p] : []);
    row_of.clear();
    rows.forEach((p, i) => row_of.set(p, i));
  };
  const row_of = new Map();

  // What a row shows: its path's, or, folded, that of all below it.
  const shown_cache = new Map();
  const shown_in = (p) => {
    if (!folded.has(p) || filter !== "") return at_path[p];
    if (shown_cache.has(p)) return shown_cache.get(p);
    const all = { lives: at_path[p].lives, hits: [], outages: [], give_ups: [], failures: [] };
    for (let q = p; q < count && (q === p || depth[q] > depth[p]); ++q) {
      for (const key of ["hits", "outages", "give_ups", "failures"]) all[key].push(...at_path[q][key]);
    }
    for (const key of ["hits", "give_ups", "failures"]) all[key].sort((a, b) => a - b);
    all.outages.sort((a, b) => outages.begin[a] - outages.begin[b]);
    shown_cache.set(p, all);
    return all;
  };

  // ---- The timeline ----

  const timeline = by_id("timeline"), axis = by_id("axis"), scroller = by_id("rows"), tip = by_id("tip"), details = by_id("details");
  const spacer = scroller.firstElementChild, svg = spacer.firstElementChild;
  const picture = document.querySelector(".overview .picture");
  const frame = document.createElement("div");
  frame.className = "window";
  picture.append(frame);

  const whole = { from: data.begin, to: Math.max(data.end, data.begin + 1) };
  const shortest = Math.min(1000, whole.to - whole.from);
  const view = { ...whole };
  let label_width = 200, width = 1000;
  let chosen = null;  // { row path, kind, index, time }

  const x_of = (time) => label_width + (time - view.from) / (view.to - view.from) * (width - label_width);
  const time_at = (x) => view.from + (x - label_width) / (width - label_width) * (view.to - view.from);
  const rounded = (x) => Math.round(x * 100) / 100;
  const escaped = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  // The first index in `list` whose key is at least `wanted`.
  const first_from = (list, key, wanted) => {
    let low = 0, high = list.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (key(list[middle]) < wanted) low = middle + 1; else high = middle;
    }
    return low;
  };

  // One shape for each kind of harm, so that they differ without colours too.
  const shapes = ["M0-5 4.5 4-4.5 4Z", "M-4-4H4V4H-4Z", "M0-5.2 5.2 0 0 5.2-5.2 0Z", "M0 5-4.5-4 4.5-4Z",
    "M-1.6-5H1.6V-1.6H5V1.6H1.6V5H-1.6V1.6H-5V-1.6H-1.6Z", "M-4.6 0A4.6 4.6 0 1 0 4.6 0 4.6 4.6 0 1 0-4.6 0Z",
    "M-5-2H5V2H-5Z", "M-2-5H2V5H-2Z", "M-4-5 5 0-4 5Z", "M4-5-5 0 4 5Z"];
  const kind_of = (h) => data.kind_of_way[hits.way[h]] % shapes.length;

  const drawn = { marks: 0, of: 0 };
  // Marks that are closer than this many pixels are drawn as one.
  const finest = 1.5, most_marks = 5000;
  let grain = finest;

  const draw_lives = (list, p, y, out) => {
    const name = data.types[p] ? "L" : "l";
    let start = -1, end = -1;
    const flush = () => {
      if (start < 0) return;
      out.push(`<rect class="${name}" x="${rounded(start)}" y="${y + 4}" width="${rounded(Math.max(end - start, 0.6))}" height="10"/>`);
    };
    for (let i = 0; i < list.length && lives.begin[list[i]] <= view.to; ++i) {
      if (lives.end[list[i]] >= 0 && lives.end[list[i]] < view.from) continue;
      const l = list[i];
      const a = Math.max(x_of(lives.begin[l]), label_width);
      const b = Math.min(x_of(lives.end[l] < 0 ? data.end : lives.end[l]), width);
      if (start >= 0 && a - end < 0.7 && (b - a < 3 || end - start < 3)) { end = Math.max(end, b); continue; }
      flush();
      start = a;
      end = Math.max(b - (b - a > 4 && lives.end[l] >= 0 ? 0.7 : 0), a);
    }
    flush();
  };

  const draw_outages = (list, y, height, out) => {
    let name = "", start = 0, end = -1;  // What is to be drawn next: neighbours become one.
    const flush = () => {
      if (end > start) out.push(`<rect class="${name}" x="${rounded(start)}" y="${y}" width="${rounded(end - start)}" height="${height}"/>`);
    };
    const piece = (of, from, until) => {
      const a = Math.max(x_of(from), label_width, end);
      const b = Math.min(Math.max(x_of(until), x_of(from) + 1.2), width);
      if (b <= a) return;
      if (of !== name || a > end + 0.3) {
        flush();
        name = of;
        start = a;
      }
      end = b;
    };
    for (let i = 0; i < list.length && outages.begin[list[i]] <= view.to; ++i) {
      const o = list[i], life_end = lives.end[outages.life[o]];
      const to = outages.end[o] < 0 ? data.end : outages.end[o];
      if (to < view.from) continue;
      const hung_until = life_end < 0 ? to : Math.min(to, Math.max(life_end, outages.begin[o]));
      if (hung_until > outages.begin[o]) piece("h", outages.begin[o], hung_until);
      if (to > hung_until || hung_until === outages.begin[o]) piece("o", hung_until, to);
    }
    flush();
  };

  const draw_hits = (list, y, out) => {
    const margin = 6 * (view.to - view.from) / (width - label_width);
    let last = -Infinity;
    for (let i = first_from(list, (h) => hits.time[h], view.from - margin); i < list.length && hits.time[list[i]] <= view.to + margin; ++i) {
      const x = x_of(hits.time[list[i]]);
      if (x < label_width - 1 || x > width + 1) continue;
      ++drawn.of;
      if (x - last < grain) continue;
      const next = i + 1 < list.length ? x_of(hits.time[list[i + 1]]) : Infinity;
      const kind = kind_of(list[i]);
      // Where there is no room for shapes, lines.
      if (x - last < 5 || next - x < 5) {
        out.push(`<rect class="w${kind}" x="${rounded(x - 0.75)}" y="${y + 2}" width="1.5" height="14"/>`);
      } else {
        out.push(`<path class="m w${kind}" transform="translate(${rounded(x)} ${y + 9})" d="${shapes[kind]}"/>`);
      }
      ++drawn.marks;
      last = x;
    }
  };

  const draw_points = (list, time, out, shape) => {
    let last = -Infinity;
    for (let i = first_from(list, time, view.from); i < list.length && time(list[i]) <= view.to; ++i) {
      const x = x_of(time(list[i]));
      ++drawn.of;
      if (x - last < grain) continue;
      out.push(shape(rounded(x)));
      ++drawn.marks;
      last = x;
    }
  };

  const label_of = (p) => {
    const path = data.paths[p], slash = path.lastIndexOf("/");
    const indent = filter !== "" ? 0 : depth[p];
    const mark = has_children.has(p) && filter === "" ? (folded.has(p) ? "▸ " : "▾ ") : "";
    let name = filter !== "" || parent_of[p] < 0 ? path : path.slice(slash + 1);
    const x = 6 + Math.min(indent, 8) * 12 + (mark === "" && indent > 0 && filter === "" ? 13 : 0);
    const room = Math.max(3, Math.floor((label_width - x - 4) / 6.65) - mark.length);
    if (name.length > room) name = "…" + name.slice(name.length - room + 1);
    return `<text class="${data.types[p] ? "s" : ""}${mark ? " fold" : ""}" x="${x}" y="13">${mark}${escaped(name)}</text>`;
  };

  const step_of = (span, room) => {
    const rough = span / Math.max(2, Math.floor(room / 95));
    const power = 10 ** Math.floor(Math.log10(rough));
    for (const factor of [1, 2, 5, 10]) if (factor * power >= rough) return Math.max(1, factor * power);
    return rough;
  };
  // Minutes are no round number of tens of seconds.
  const nice_step = (span, room) => {
    const decimal = step_of(span, room);
    if (decimal <= 10e9 || data.end < 120e9) return decimal;
    for (const s of [15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 43200, 86400]) if (s * 1e9 >= decimal) return s * 1e9;
    return decimal;
  };

  const draw_row = (i, y, under, bars, labels) => {
    const p = rows[i], shown = shown_in(p);
    if (chosen && chosen.path === p) under.push(`<rect class="chosen" x="0" y="${y}" width="${width}" height="${row_height}"/>`);
    else if (i % 2 === 1) under.push(`<rect class="stripe" x="0" y="${y}" width="${width}" height="${row_height}"/>`);
    draw_lives(shown.lives, p, y, bars);
    // Of a whole subtree somebody is always missing: a line below the bar, which is that of the supervisor.
    if (shown !== at_path[p]) draw_outages(shown.outages, y + 14, 3, bars);
    draw_outages(at_path[p].outages, y + 3, 12, bars);
    draw_points(shown.failures, (f) => failures.time[f], bars, (x) => `<path class="f" d="M${x - 3} ${y + 6}l6 6m0-6l-6 6"/>`);
    draw_hits(shown.hits, y, bars);
    draw_points(shown.give_ups, (g) => give_ups.time[g], bars, (x) => `<path class="g" d="M${x} ${y + 2}l6 7-6 7-6-7Z"/>`);
    labels.push(`<g transform="translate(0 ${y})">${label_of(p)}</g>`);
  };

  let waiting = false;
  const draw_soon = () => {
    if (waiting) return;
    waiting = true;
    requestAnimationFrame(() => { waiting = false; draw(); });
  };

  const draw = () => {
    width = Math.max(scroller.clientWidth, 200);
    label_width = Math.min(240, Math.round(width * (width < 640 ? 0.28 : 0.18)), Math.round(longest_label() + 14));
    label_width = Math.max(label_width, width < 640 ? 90 : 150);
    document.querySelector(".overview").style.setProperty("--labels", `${label_width}px`);
    const full = rows.length * row_height;
    spacer.style.height = `${full}px`;
    const height = Math.min(scroller.clientHeight, full);
    const top = scroller.scrollTop;
    svg.setAttribute("height", height);
    svg.setAttribute("viewBox", `0 0 ${width} ${height}`);

    const grid = [], ticks = [];
    const step = nice_step(view.to - view.from, width - label_width);
    for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
      const x = rounded(x_of(t));
      grid.push(`<line class="grid" x1="${x}" x2="${x}" y1="0" y2="${height}"/>`);
      if (x < width - 40) ticks.push(`<text class="tick" x="${x + 3}" y="16">${moment(t, step)}</text><line class="grid" x1="${x}" x2="${x}" y1="0" y2="24"/>`);
    }
    axis.innerHTML = `<svg height="24" viewBox="0 0 ${width} 24" aria-hidden="true">${ticks.join("")}</svg>`;

    const first = Math.max(0, Math.floor(top / row_height)), last = Math.min(rows.length, Math.ceil((top + height) / row_height));
    let under, bars, labels;
    // A browser is slow with many shapes, so there are fewer where there would be too many.
    for (grain = finest;; grain *= 2) {
      drawn.marks = drawn.of = 0;
      under = [], bars = [], labels = [];
      for (let i = first; i < last; ++i) draw_row(i, i * row_height - top, under, bars, labels);
      if (drawn.marks <= most_marks || grain > 20) break;
    }
    if (chosen && chosen.time !== undefined && row_of.has(chosen.path)) {
      const x = x_of(chosen.time), y = row_of.get(chosen.path) * row_height - top;
      if (x >= label_width && x <= width) bars.push(`<rect class="cursor" x="${rounded(x - 6)}" y="${y + 1}" width="12" height="${row_height - 2}" rx="3"/>`);
    }
    svg.innerHTML = `<clipPath id="plot"><rect x="${label_width}" y="0" width="${width - label_width}" height="${height}"/></clipPath>` +
      `${under.join("")}${grid.join("")}<g clip-path="url(#plot)">${bars.join("")}</g>${labels.join("")}` +
      `<line class="grid" x1="${label_width}" x2="${label_width}" y1="0" y2="${height}"/>`;

    const share = (time) => (time - whole.from) / (whole.to - whole.from) * 100;
    frame.style.left = `${share(view.from)}%`;
    frame.style.width = `${share(view.to) - share(view.from)}%`;
    frame.hidden = view.from === whole.from && view.to === whole.to;
    by_id("range").textContent = `${moment(view.from, step / 10)} to ${moment(view.to, step / 10)}, ${time_text(view.to - view.from)}`;
    by_id("thinned").textContent = drawn.marks < drawn.of
      ? `Thinned: the ${drawn.of.toLocaleString("en")} marks in these rows stand so close that ${drawn.marks.toLocaleString("en")} are drawn. Zoom in to see each.`
      : `${plural(drawn.of, "mark")} in these rows, each drawn.`;
  };

  const longest_label = (() => {
    let known = -1, known_for = "";
    return () => {
      const key = `${filter}/${rows.length}`;
      if (known >= 0 && known_for === key) return known;
      known_for = key;
      known = 0;
      for (const p of rows) {
        const name = filter !== "" || parent_of[p] < 0 ? data.paths[p].length : data.paths[p].length - data.paths[p].lastIndexOf("/") - 1;
        known = Math.max(known, (name + 2) * 6.65 + (filter !== "" ? 0 : Math.min(depth[p], 8) * 12));
      }
      return known;
    };
  })();

  // ---- Moving about ----

  const tell_address = (() => {
    let timer = 0;
    return () => {
      clearTimeout(timer);
      timer = setTimeout(() => {
        const parts = [];
        if (view.from !== whole.from || view.to !== whole.to) parts.push(`from=${view.from / 1e9}`, `to=${view.to / 1e9}`);
        if (filter !== "") parts.push(`find=${encodeURIComponent(filter)}`);
        try { history.replaceState(null, "", parts.length ? `#${parts.join("&")}` : "#"); } catch { /* A page without an address of its own. */ }
      }, 300);
    };
  })();
  const set_view = (from, to) => {
    let span = Math.min(Math.max(to - from, shortest), whole.to - whole.from);
    let begin = (from + to) / 2 - span / 2;
    begin = Math.min(Math.max(begin, whole.from), whole.to - span);
    view.from = begin;
    view.to = begin + span;
    tell_address();
    draw_soon();
  };
  const zoom = (factor, around = (view.from + view.to) / 2) =>
    set_view(around - (around - view.from) * factor, around + (view.to - around) * factor);
  const pan = (share) => set_view(view.from + share * (view.to - view.from), view.to + share * (view.to - view.from));
  const reset = () => set_view(whole.from, whole.to);
  const scroll_to_row = (i) => {
    const y = i * row_height;
    if (y < scroller.scrollTop) scroller.scrollTop = y;
    else if (y + row_height > scroller.scrollTop + scroller.clientHeight) scroller.scrollTop = y + row_height - scroller.clientHeight;
  };

  const nothing_chosen = details.textContent;
  const choose = (next) => {
    chosen = next;
    if (chosen === null) details.textContent = nothing_chosen;
    else if (chosen.kind) details.textContent = describe[chosen.kind](chosen.index);
    else {
      const here = at_path[chosen.path];
      details.textContent = `${data.paths[chosen.path]}\n${plural(here.lives.length, "life", "lives")}, ` +
        `${plural(here.hits.length, "hit")}, ${plural(here.outages.length, "outage")}`;
    }
    if (chosen) {
      if (row_of.has(chosen.path)) scroll_to_row(row_of.get(chosen.path));
      const span = view.to - view.from;
      if (chosen.time !== undefined && (chosen.time < view.from || chosen.time > view.to)) set_view(chosen.time - span / 2, chosen.time + span / 2);
    }
    draw_soon();
  };
  const show_path = (p) => {
    if (!row_of.has(p)) {
      for (let above = parent_of[p]; above >= 0; above = parent_of[above]) folded.delete(above);
      filter = by_id("find").value = "";
      choose_rows();
    }
    choose({ path: p });
    const i = row_of.get(p);
    draw();
    scroller.scrollTop = Math.max(0, i * row_height - scroller.clientHeight / 2);
    timeline.scrollIntoView({ block: "nearest" });
    timeline.focus({ preventScroll: true });
  };

  // What is at a point: a mark near by, else the life or the outage.
  const find_at = (x, y) => {
    const i = Math.floor((y + scroller.scrollTop) / row_height);
    if (i < 0 || i >= rows.length || x < label_width) return null;
    const path = rows[i], shown = shown_in(path), time = time_at(x);
    const reach = 6 * (view.to - view.from) / (width - label_width);
    const near = (list, of_time) => {
      let best = null;
      for (let k = first_from(list, of_time, time - reach); k < list.length && of_time(list[k]) <= time + reach; ++k) {
        if (best === null || Math.abs(of_time(list[k]) - time) < Math.abs(of_time(best) - time)) best = list[k];
      }
      return best;
    };
    const give_up = near(shown.give_ups, (g) => give_ups.time[g]);
    if (give_up !== null) return { path, kind: "give_up", index: give_up, time: give_ups.time[give_up] };
    const hit = near(shown.hits, (h) => hits.time[h]);
    if (hit !== null) return { path, kind: "hit", index: hit, time: hits.time[hit] };
    const failure = near(shown.failures, (f) => failures.time[f]);
    if (failure !== null) return { path, kind: "failure", index: failure, time: failures.time[failure] };
    const k = first_from(shown.lives, (l) => lives.begin[l], time) - 1;
    if (k < 0) return null;
    const l = shown.lives[k];
    if (lives.end[l] < 0 || time <= lives.end[l]) return { path, kind: "life", index: l, time: Math.max(time, lives.begin[l]) };
    return outage_of_life.has(l) ? { path, kind: "outage", index: outage_of_life.get(l), time } : { path, kind: "life", index: l, time };
  };

  const show_tip = (event) => {
    const box = svg.getBoundingClientRect();
    const found = find_at(event.clientX - box.left, event.clientY - box.top);
    const p = rows[Math.floor((event.clientY - box.top + scroller.scrollTop) / row_height)];
    const text = found ? describe[found.kind](found.index) : event.clientX - box.left < label_width && p !== undefined ? data.paths[p] : "";
    tip.hidden = text === "";
    if (text === "") return;
    tip.textContent = text;
    const left = Math.min(event.clientX + 14, innerWidth - tip.offsetWidth - 8);
    const below = event.clientY + 16 + tip.offsetHeight < innerHeight;
    tip.style.left = `${Math.max(4, left)}px`;
    tip.style.top = `${below ? event.clientY + 16 : event.clientY - tip.offsetHeight - 10}px`;
  };

  let drag = null;
  svg.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    drag = { x: event.clientX, y: event.clientY, from: view.from, to: view.to, top: scroller.scrollTop, moved: false };
    svg.setPointerCapture(event.pointerId);
    tip.hidden = true;
  });
  svg.addEventListener("pointermove", (event) => {
    if (!drag) { show_tip(event); return; }
    const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
    if (!drag.moved && Math.hypot(dx, dy) < 4) return;
    drag.moved = true;
    svg.classList.add("dragged");
    const shift = -dx / (width - label_width) * (drag.to - drag.from);
    set_view(drag.from + shift, drag.to + shift);
    scroller.scrollTop = drag.top - dy;
  });
  svg.addEventListener("pointerup", (event) => {
    svg.classList.remove("dragged");
    const was = drag;
    drag = null;
    if (!was || was.moved) return;
    const box = svg.getBoundingClientRect();
    const x = event.clientX - box.left, y = event.clientY - box.top;
    const p = rows[Math.floor((y + scroller.scrollTop) / row_height)];
    if (p === undefined) return;
    if (x < label_width && has_children.has(p) && filter === "") fold(p);
    else choose(find_at(x, y) || { path: p });
  });
  svg.addEventListener("pointercancel", () => { drag = null; });
  svg.addEventListener("pointerleave", () => { tip.hidden = true; });
  svg.addEventListener("dblclick", (event) => zoom(0.25, time_at(event.clientX - svg.getBoundingClientRect().left)));
  scroller.addEventListener("wheel", (event) => {
    const x = event.clientX - svg.getBoundingClientRect().left;
    if (x < label_width) return;  // There the wheel scrolls the rows.
    event.preventDefault();
    const amount = event.deltaMode === 1 ? 16 : 1;
    if (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY)) pan((event.deltaX || event.deltaY) * amount / 1000);
    else zoom(Math.exp(Math.max(-300, Math.min(300, event.deltaY * amount)) / 400), time_at(x));
  }, { passive: false });
  scroller.addEventListener("scroll", draw_soon);

  const fold = (p) => {
    if (folded.has(p)) folded.delete(p); else folded.add(p);
    shown_cache.clear();
    choose_rows();
    draw_soon();
  };

  // On the overview, a drag chooses the time that is shown.
  let brush = null;
  const overview_time = (event) => {
    const box = picture.getBoundingClientRect();
    const share = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    return whole.from + share * (whole.to - whole.from);
  };
  picture.addEventListener("pointerdown", (event) => {
    brush = overview_time(event);
    picture.setPointerCapture(event.pointerId);
  });
  picture.addEventListener("pointermove", (event) => {
    if (brush === null) return;
    const now = overview_time(event);
    if (Math.abs(now - brush) > (whole.to - whole.from) / 200) set_view(Math.min(brush, now), Math.max(brush, now));
  });
  picture.addEventListener("pointerup", (event) => {
    const now = overview_time(event), span = view.to - view.from;
    if (brush !== null && Math.abs(now - brush) <= (whole.to - whole.from) / 200) set_view(now - span / 2, now + span / 2);
    brush = null;
  });

  // By keys: a row, and in it from event to event.
  const events_of = (p) => {
    const shown = shown_in(p);
    const all = [];
    for (const l of shown.lives) all.push({ path: p, kind: "life", index: l, time: lives.begin[l] });
    for (const h of shown.hits) all.push({ path: p, kind: "hit", index: h, time: hits.time[h] });
    for (const g of shown.give_ups) all.push({ path: p, kind: "give_up", index: g, time: give_ups.time[g] });
    for (const f of shown.failures) all.push({ path: p, kind: "failure", index: f, time: failures.time[f] });
    return all.sort((a, b) => a.time - b.time);
  };
  const step_event = (by) => {
    const path = chosen ? chosen.path : rows[0];
    if (path === undefined) return;
    const all = events_of(path);
    if (all.length === 0) return;
    let at = chosen && chosen.kind ? all.findIndex((each) => each.kind === chosen.kind && each.index === chosen.index) : -1;
    if (at < 0 && chosen && chosen.time !== undefined) at = first_from(all, (each) => each.time, chosen.time) - (by > 0 ? 1 : 0);
    choose(all[by === -Infinity ? 0 : by === Infinity ? all.length - 1 : Math.min(all.length - 1, Math.max(0, at + by))]);
  };
  const step_row = (by) => {
    if (rows.length === 0) return;
    const at = chosen && row_of.has(chosen.path) ? row_of.get(chosen.path) + by : 0;
    choose({ path: rows[Math.min(rows.length - 1, Math.max(0, at))], time: chosen ? chosen.time : undefined });
  };
  const middle = () => chosen && chosen.time !== undefined ? chosen.time : (view.from + view.to) / 2;
  const keys = {
    "+": () => zoom(0.5, middle()), "=": () => zoom(0.5, middle()), "-": () => zoom(2, middle()), "0": reset,
    ArrowUp: () => step_row(-1), ArrowDown: () => step_row(1),
    PageUp: () => step_row(-20), PageDown: () => step_row(20),
    ArrowLeft: (event) => event.shiftKey ? pan(-0.2) : step_event(-1),
    ArrowRight: (event) => event.shiftKey ? pan(0.2) : step_event(1),
    Home: () => step_event(-Infinity), End: () => step_event(Infinity),
    Enter: () => chosen && has_children.has(chosen.path) && fold(chosen.path),
    Escape: () => choose(null),
  };
  timeline.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !Object.hasOwn(keys, event.key)) return;
    event.preventDefault();
    keys[event.key](event);
  });

  for (const [id, act] of [["in", () => zoom(0.5, middle())], ["out", () => zoom(2, middle())], ["left", () => pan(-0.4)],
    ["right", () => pan(0.4)], ["reset", reset],
    ["fold", () => {
      const all = data.paths.flatMap((_, p) => has_children.has(p) && parent_of[p] >= 0 ? [p] : []);
      const open = all.some((p) => !folded.has(p));
      all.forEach((p) => { if (open) folded.add(p); else folded.delete(p); });
      shown_cache.clear();
      choose_rows();
      draw_soon();
    }]]) by_id(id).addEventListener("click", act);
  by_id("find").addEventListener("input", (event) => {
    filter = event.target.value.trim();
    choose_rows();
    scroller.scrollTop = 0;
    tell_address();
    draw_soon();
  });

  const obey_address = () => {
    const asked = new URLSearchParams(location.hash.slice(1));
    const from = parseFloat(asked.get("from")), to = parseFloat(asked.get("to"));
    filter = by_id("find").value = asked.get("find") || "";
    choose_rows();
    if (Number.isFinite(from) && Number.isFinite(to) && to > from) set_view(from * 1e9, to * 1e9);
    else draw_soon();
  };
  addEventListener("hashchange", obey_address);
  addEventListener("resize", draw_soon);
  new ResizeObserver(draw_soon).observe(scroller);
  obey_address();
  draw();
})();
