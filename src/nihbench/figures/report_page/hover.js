// What lights up: the cell under the pointer or the cursor, and the same cell in every other map.
const tip = el("div", { class: "tip", hidden: true, "aria-hidden": "true" });
const heard = el("div", { class: "heard", "aria-live": "polite" });
const drawnMaps = new Map(); // panel's index -> {drawn, readout}

function light(panel, row, col, event) {
  const length = panel.grid.lengths[col], depth = panel.grid.depths[row];
  for (const [index, { drawn, readout }] of drawnMaps) {
    const other = panels[index];
    const at = [other.row.get(depth), other.column.get(length)];
    const here = at[0] !== undefined && at[1] !== undefined;
    if (here) showFrame(drawn, ...at, index === panel.index);
    else hideFrame(drawn);
    readout.replaceChildren();
    if (here) {
      const value = other.grid.value[at[0]][at[1]];
      const text = value === null ? cellLines(other, at[0], at[1]).join("; ") : percent(value);
      readout.append(`${cellName(other, at[0], at[1])}: ${text}`);
    }
  }
  const lines = cellLines(panel, row, col);
  heard.textContent = event ? "" : `${cellName(panel, row, col)}: ${listed(lines)}`;
  const box = drawnMaps.get(panel.index).drawn;
  showTip(panel, row, col, lines, event, box);
}

function showTip(panel, row, col, lines, event, drawn) {
  tip.replaceChildren(el("b", {}, cellName(panel, row, col)), ...lines.map((line) => el("div", {}, line)));
  const others = visible().filter((other) => other !== panel && drawnMaps.has(other.index)).slice(0, 7);
  if (others.length) {
    const length = panel.grid.lengths[col], depth = panel.grid.depths[row];
    const known = others.filter((other) => other.row.has(depth) && other.column.has(length));
    tip.append(el("table", {}, known.map((other) => {
      const value = other.grid.value[other.row.get(depth)][other.column.get(length)];
      return el("tr", {}, el("td", {}, outside(nameOf(other))), el("td", { class: "number" }, value === null ? "–" : percent(value)));
    })));
  }
  placeTip(event, drawn);
}

function placeTip(event, drawn) {
  tip.hidden = false;
  const frame = drawn.frame.getBoundingClientRect();
  const at = event ? { x: event.clientX, y: event.clientY } : { x: frame.right, y: frame.top };
  const { width, height } = tip.getBoundingClientRect();
  const left = at.x + 16 + width > innerWidth ? Math.max(4, at.x - width - 12) : at.x + 16;
  const top = at.y + 16 + height > innerHeight ? Math.max(4, at.y - height - 12) : at.y + 16;
  tip.style.left = `${left}px`;
  tip.style.top = `${top}px`;
}

function dark() {
  tip.hidden = true;
  for (const { drawn, readout } of drawnMaps.values()) {
    hideFrame(drawn);
    readout.replaceChildren();
  }
}

function dim() {
  const on = filtering();
  for (const [index, { drawn }] of drawnMaps) {
    for (const { row, col, rect, text } of drawn.cells) {
      const out = on && !fitting(panels[index], row, col);
      rect.classList.toggle("dim", out);
      if (text) text.classList.toggle("dim", out);
    }
  }
}

function mapsSection() {
  drawnMaps.clear();
  const grid = el("div", { class: `maps${panels.length === 1 ? " single" : ""}` });
  const draws = visible().map((panel) => {
    const holder = el("div", { class: "holder" });
    const readout = el("div", { class: "readout" });
    grid.append(el("article", { class: "card", "data-panel": panel.index }, el("h3", {}, outside(nameOf(panel))), headline(panel), holder, readout));
    return () => {
      const drawn = drawMap(holder, panelMap(panel), holder.clientWidth);
      drawnMaps.set(panel.index, { drawn, readout });
      listen(drawn, {
        moved: (row, col, event) => light(panel, row, col, event), left: dark,
        chosen: (row, col, node) => openCell(panel, row, col, node),
      });
    };
  });
  const help = matchMedia("(hover: none) and (pointer: coarse)").matches ? say("maps_help_touch") : say("maps_help");
  return {
    node: section("maps", el("p", { class: "quiet no-print" }, help), legend(), visible().length ? grid : el("p", {}, say("nothing"))),
    draw: () => { draws.forEach((draw) => draw()); dim(); },
  };
}

function legend() {
  const scale = valueScale();
  const bands = [0, 0.3, 0.5, 0.7, 1].map((value) => {
    const swatch = el("i", { class: "swatch" });
    swatch.style.background = scale(value);
    return el("span", {}, swatch, `${100 * value}%`);
  });
  return el("div", { class: "legend" }, el("b", {}, say("mean_band")), bands,
    el("span", {}, el("i", { class: "swatch failed" }), say("no_answer")), el("span", {}, el("i", { class: "swatch unrun" }), say("not_run")), el("span", {}, say("missing_strip")));
}

function headline(panel) {
  const { summary } = panel;
  const parts = Object.keys(summary.rates).map((name) => el("span", { class: "figure" }, el("b", {}, rateText(panel, name)), ` ${say(name)}`));
  const share = summary.measured / summary.planned;
  if (share < 1) parts.push(el("span", { class: "figure" }, say("measured_of", { some: count(summary.measured), all: count(summary.planned) })));
  if (share < PAGE.least_measured) parts.push(el("span", { class: "warn" }, say("no_verdict")));
  // A needle that is known or guessed without the text makes the numbers say nothing of the context.
  const bad = panel.controls_told.filter((control) => control.verdict === "failed");
  const told = bad.map((control) => el("span", { class: "warn" }, outside(control.sentence[state.lang])));
  if (bad.some((control) => control.name === "closed_book")) return el("div", { class: "headline" }, told);
  parts.push(...told);
  return el("div", { class: "headline" }, parts);
}

// A headline number with its interval, or, where there is none and something was not measured, its bounds.
function rateText(panel, name) {
  const rate = panel.summary.rates[name];
  const known = panel.statistics && panel.statistics.headline[name];
  if (known && known.low !== null) return say("cell_interval", { value: percent(rate.value), low: percent(known.low), high: percent(known.high) });
  if (panel.summary.measured === panel.summary.planned) return percent(rate.value);
  return say("cell_interval", { value: percent(rate.value), low: percent(rate.if_missed), high: percent(rate.if_found) });
}
