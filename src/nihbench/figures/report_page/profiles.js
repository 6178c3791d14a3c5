// The difference of two maps, and profiles by length and by depth.
const HUES = ["#3b6fd4", "#d9622b", "#2f9e6e", "#a04fc4", "#c2912a", "#d0427f", "#2a9db5", "#7a7f87"];
const hueOf = (panel) => HUES[panel.index % HUES.length];

function differenceSection() {
  if (panels.length < 2) return null;
  const pairs = panels.flatMap((a) => panels.filter((b) => b !== a && sameUnit(a.source, b.source)
    && b.experiment === a.experiment && (a.grid.axis || {}).name === (b.grid.axis || {}).name).map((b) => [a.index, b.index]));
  if (!state.sides) state.sides = pairs[0] || [0, 1];
  const [a, b] = state.sides.map((index) => panels[index]);
  const pick = (side, word) => {
    const box = el("select", { onchange: () => { state.sides = state.sides.map((old, at) => (at === side ? Number(box.value) : old)); redraw("difference"); } },
      panels.map((panel) => fill(el("option", { value: panel.index, selected: panel.index === state.sides[side] }), nameOf(panel))));
    return el("label", {}, word, box);
  };
  const map = differenceMap(a, b);
  const both = map.depths.flatMap((_, row) => map.lengths.map((__, col) => map.value(row, col))).filter((d) => d !== null);
  const holder = el("div", { class: "holder" });
  const readout = el("div", { class: "readout" });
  // Where the second run is worse and better for sure, as gate and compare say it.
  const changes = (DATA.changes || []).map((words) => el("p", {}, outside(words[state.lang] || words.en)));
  const top = [changes, el("p", { class: "quiet" }, say("difference_help")), el("div", { class: "picks" }, pick(0, say("side_a")), pick(1, say("side_b")))];
  if (!both.length || !sameUnit(a.source, b.source)) return { node: section("difference", top, el("p", {}, say("difference_none"))), draw: () => {} };
  const told = say("difference_sum", {
    better: both.filter((d) => d > 0).length, worse: both.filter((d) => d < 0).length, same: both.filter((d) => d === 0).length,
    mean: points(mean(both)),
  });
  const draw = () => {
    const drawn = drawMap(holder, map, holder.clientWidth);
    const places = (row, col, panel) => [panel.row.get(map.depths[row]), panel.column.get(map.lengths[col])];
    listen(drawn, {
      moved: (row, col, event) => {
        showFrame(drawn, row, col, true);
        const [first, second] = [a, b].map((panel) => { const at = places(row, col, panel); return percent(panel.grid.value[at[0]][at[1]]); });
        const value = map.value(row, col);
        const line = `${cellOf(map.axis, map.lengthLabels[col], map.depthLabels[row])}: A ${first}, B ${second}${value === null ? "" : ` (${points(value)})`}`;
        readout.textContent = line;
        if (!event) heard.textContent = line;
      },
      left: () => { hideFrame(drawn); readout.textContent = ""; },
      chosen: (row, col, node) => openCell(b, ...places(row, col, b), node),
    });
  };
  const scale = differenceScale();
  const legend = el("div", { class: "legend" }, el("span", {}, say("worse")), [-1, -0.5, 0, 0.5, 1].map((value) => {
    const swatch = el("i", { class: "swatch" });
    swatch.style.background = scale(value);
    return el("span", {}, swatch, points(value));
  }), el("span", {}, say("better")), el("span", {}, el("i", { class: "swatch failed" }), say("not_both")));
  return { node: section("difference", top, legend, el("article", { class: "card wide" }, holder, readout), el("p", {}, told), comparisonText(a, b)), draw };
}

// What a paired test says of these two, where the report has one.
function comparisonText(a, b) {
  const made = (DATA.comparisons || []).find((one) => one.first === a.index && one.second === b.index);
  return el("p", { class: "quiet" }, made ? textOf(made.text[state.lang]) : say("difference_note"));
}

function profilesSection() {
  const shown = visible();
  if (!shown.length) return null;
  const box = el("select", { onchange: () => { state.measure = box.value; redraw("profiles"); } },
    ["mean_band", "found"].map((name) => el("option", { value: name, selected: state.measure === name }, say(name))));
  const holders = [el("div", { class: "holder" }), el("div", { class: "holder" })];
  const legend = el("div", { class: "legend lines" }, shown.map((panel) => {
    const mark = el("i", { class: "swatch" });
    mark.style.background = hueOf(panel);
    return el("button", { type: "button", "aria-pressed": String(!state.hidden.has(panel.index)), onclick: () => {
      if (!state.hidden.delete(panel.index)) state.hidden.add(panel.index);
      redraw("profiles");
    } }, mark, outside(nameOf(panel)));
  }));
  const drawn = shown.filter((panel) => !state.hidden.has(panel.index));
  const axis = shown[0].grid.axis;
  const intervals = drawn.some((panel) => panel.statistics);
  const draw = () => {
    const unit = holders[0].clientWidth < 400 ? say("length_axis") : lengthName(shown[0].source);
    drawLines(holders[0], drawn.map((panel) => [panel, profile(panel, true)]), unit, (v) => lengthLabel(v, 0));
    drawLines(holders[1], drawn.map((panel) => [panel, profile(panel, false)]), rowName(axis, "depth"), (v) => (axis ? `${v}${axis.unit}` : `${v}%`));
  };
  return {
    node: section("profiles", el("div", { class: "picks" }, el("label", {}, say("measure"), box)), shown.length > 1 ? legend : null,
      el("div", { class: "maps" }, el("article", { class: "card" }, el("h3", {}, say("by_length")), holders[0]),
        el("article", { class: "card" }, el("h3", {}, axis ? say("by_axis", { axis: rowName(axis) }) : say("by_depth")), holders[1])),
      el("p", { class: "quiet" }, intervals ? say("intervals_shaded") : say("intervals_none"))),
    draw,
  };
}

// Points {at, value, low, high} of a panel; means over the trials where no statistics came with the report.
function profile(panel, byLength) {
  const axis = byLength ? panel.grid.lengths : panel.grid.depths;
  if (panel.statistics) {
    const rows = byLength ? panel.statistics.by_length : panel.statistics.by_depth;
    return axis.map((at, index) => ({ at, ...rows[index][state.measure] })).filter((point) => point.value !== null);
  }
  const t = panel.trials;
  return axis.map((at) => {
    const rows = range(0, panel.size).filter((i) => t.control[i] === null && t.value[i] !== null && (byLength ? t.length[i] === at : depthsOf(t, i).includes(at)));
    return { at, value: rows.length ? mean(rows, (i) => (state.measure === "found" ? Number(t.found[i]) : t.value[i])) : null, low: null, high: null };
  }).filter((point) => point.value !== null);
}

function drawLines(holder, lines, name, write) {
  const width = holder.clientWidth, height = 230, inner = width - 60, tall = height - 54;
  const all = lines.flatMap(([, points]) => points.map((point) => point.at));
  const [first, last] = all.length ? [Math.min(...all), Math.max(...all)] : [0, 1];
  const [low, high] = first === last ? [first - 1, last + 1] : [first, last];
  const x = linear([low, high], [0, inner]), y = linear([0, 1], [tall, 0]);
  const levels = axisLeft(tall, ticks(0, 1, 5).map((v) => [y(v), `${Math.round(100 * v)}%`]), -inner);
  levels.classList.add("grid");
  const below = axisBelow(inner, ticks(low, high, Math.max(3, inner / 80)).map((v) => [x(v), write(v)]), 4);
  const plot = shape("g", { transform: "translate(44,8)" }, levels, shape("g", { transform: `translate(0,${tall})` }, below));
  for (const [panel, points] of lines) {
    const banded = points.filter((point) => point.low !== null), hue = hueOf(panel);
    const spread = [...banded.map((p) => [x(p.at), y(p.high)]), ...banded.map((p) => [x(p.at), y(p.low)]).reverse()];
    plot.append(shape("path", { class: "spread", fill: hue, d: path(spread) }), shape("path", { class: "line", stroke: hue, d: path(points.map((p) => [x(p.at), y(p.value)])) }),
      ...points.map((p) => shape("circle", { r: 3, cx: x(p.at), cy: y(p.value), fill: hue },
        shape("title", {}, `${nameOf(panel)}: ${write(p.at)}, ${percent(p.value)}${p.low === null ? "" : ` [${percent(p.low)}, ${percent(p.high)}]`}`))));
  }
  holder.replaceChildren(shape("svg", { class: "lines", width, height, viewBox: `0 0 ${width} ${height}`, role: "img", "aria-label": name }, plot,
    shape("text", { class: "axis-name", x: 44 + inner / 2, y: height - 6, "text-anchor": "middle" }, name)));
}
