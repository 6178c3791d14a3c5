// Heatmaps: of one panel, and of the difference of two. D3 makes scales and axes; a cell is a rectangle.
const MARGIN = { top: 6, right: 8, bottom: 42, left: 60 };
let hatches = 0;

function scaleOf(stops) {
  const domain = stops.map((stop, at) => at / (stops.length - 1));
  return d3.scaleLinear().domain(domain).range(stops).interpolate(d3.interpolateRgb).clamp(true);
}
const valueScale = () => scaleOf(PAGE.palettes[state.colours].stops);
const differenceScale = () => { const scale = scaleOf(PAGE.palettes[state.colours].difference); return (d) => scale((d + 1) / 2); };

function readable(colour) {
  const { r, g, b } = d3.rgb(colour);
  const linear = [r, g, b].map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#1b1b1b";
}

// map: {lengths, depths, lengthLabels, depthLabels, value(row, col), kind(row, col), missing(row, col), write(value), scale, unit}
function drawMap(holder, map, width) {
  const rows = map.depths.length, columns = map.lengths.length;
  const inner = Math.max(160, width - MARGIN.left - MARGIN.right);
  const height = Math.max(120, Math.min(inner * 0.72, Math.max(rows * 24, inner * 0.42)));
  const x = d3.scaleBand().domain(d3.range(columns)).range([0, inner]);
  const y = d3.scaleBand().domain(d3.range(rows)).range([0, height]);
  const svg = d3.create("svg").attr("class", "map").attr("width", width).attr("height", height + MARGIN.top + MARGIN.bottom)
    .attr("viewBox", `0 0 ${width} ${height + MARGIN.top + MARGIN.bottom}`)
    .attr("tabindex", 0).attr("role", "application").attr("aria-label", map.label);
  const hatch = `hatch-${++hatches}`;
  const pattern = svg.append("defs").append("pattern").attr("id", hatch).attr("width", 6).attr("height", 6)
    .attr("patternUnits", "userSpaceOnUse").attr("patternTransform", "rotate(45)");
  pattern.append("rect").attr("width", 6).attr("height", 6).attr("class", "hatch-ground");
  pattern.append("line").attr("y2", 6).attr("class", "hatch-line");
  const plot = svg.append("g").attr("transform", `translate(${MARGIN.left},${MARGIN.top})`);

  const gap = x.bandwidth() > 8 && y.bandwidth() > 8 ? 1 : 0;
  const cells = d3.cross(d3.range(rows), d3.range(columns));
  plot.append("g").selectAll("rect").data(cells).enter().append("rect")
    .attr("class", ([row, col]) => `cell ${map.kind(row, col)}`)
    .attr("x", ([, col]) => x(col)).attr("y", ([row]) => y(row))
    .attr("width", x.bandwidth() - gap).attr("height", y.bandwidth() - gap).attr("rx", gap ? 1.5 : 0)
    .attr("fill", ([row, col]) => ({ value: map.scale(map.value(row, col)), failed: `url(#${hatch})` })[map.kind(row, col)] || null);
  // At the foot of a cell: the share of its trials that is missing.
  const partly = cells.filter(([row, col]) => map.missing(row, col) > 0);
  const foot = Math.max(2, 0.2 * (y.bandwidth() - gap));
  plot.append("g").selectAll("rect").data(partly).enter().append("rect").attr("class", "partly").attr("fill", `url(#${hatch})`)
    .attr("x", ([, col]) => x(col)).attr("y", ([row]) => y(row) + y.bandwidth() - gap - foot)
    .attr("width", ([row, col]) => map.missing(row, col) * (x.bandwidth() - gap)).attr("height", foot);
  if (x.bandwidth() >= 25 && y.bandwidth() >= 14) {
    plot.append("g").attr("class", "numbers").selectAll("text").data(cells.filter(([row, col]) => map.kind(row, col) === "value"))
      .enter().append("text").attr("x", ([, col]) => x(col) + (x.bandwidth() - gap) / 2).attr("y", ([row]) => y(row) + y.bandwidth() / 2)
      .attr("dy", "0.34em").attr("fill", ([row, col]) => readable(map.scale(map.value(row, col))))
      .text(([row, col]) => map.write(map.value(row, col)));
  }
  drawAxes(svg, plot, map, x, y, inner, height);
  plot.append("rect").attr("class", "linked").attr("width", x.bandwidth() - gap).attr("height", y.bandwidth() - gap).attr("hidden", "");
  holder.replaceChildren(svg.node());
  return { svg, plot, x, y, rows, columns };
}

function drawAxes(svg, plot, map, x, y, inner, height) {
  const across = thinned(map.lengthLabels, x.bandwidth(), 34);
  const down = thinned(map.depthLabels, y.bandwidth(), 15);
  plot.append("g").attr("class", "axis").attr("transform", `translate(0,${height})`)
    .call(d3.axisBottom(x).tickValues(across).tickFormat((at) => map.lengthLabels[at]).tickSize(4));
  plot.append("g").attr("class", "axis").call(d3.axisLeft(y).tickValues(down).tickFormat((at) => map.depthLabels[at]).tickSize(4));
  svg.append("text").attr("class", "axis-name").attr("x", MARGIN.left + inner / 2).attr("y", height + MARGIN.top + 38)
    .attr("text-anchor", "middle").text(inner < 340 ? say("length_axis") : map.unit);
  svg.append("text").attr("class", "axis-name").attr("transform", `translate(11,${MARGIN.top + height / 2}) rotate(-90)`)
    .attr("text-anchor", "middle").text(say("depth"));
}

// Every second, third... label, so that none touches the next; the last one stands where there is room.
function thinned(names, step, room) {
  const width = Math.max(room, ...names.map((name) => (room > 20 ? 7.2 * name.length + 8 : room)));
  const every = Math.max(1, Math.ceil(width / step));
  return d3.range(0, names.length, every);
}

function panelMap(panel) {
  const { grid } = panel;
  const kind = (row, col) => {
    if (grid.value[row][col] !== null) return "value";
    return Object.values(grid.failures).some((counts) => counts[row][col]) ? "failed" : "unrun";
  };
  return {
    ...grid, lengthLabels: panel.lengthLabels, depthLabels: panel.depthLabels, unit: lengthName(panel.source), kind,
    value: (row, col) => grid.value[row][col], scale: valueScale(), write: (value) => String(halfUp(100 * value)),
    missing: (row, col) => {
      const lost = grid.owed[row][col] + d3.sum(Object.values(grid.failures), (counts) => counts[row][col]);
      return kind(row, col) === "value" ? lost / (lost + grid.measured[row][col]) : 0;
    },
    label: say("map_label", { name: nameOf(panel), rows: grid.depths.length, columns: grid.lengths.length }),
  };
}

function differenceMap(a, b) {
  const lengths = a.grid.lengths.filter((length) => b.column.has(length));
  const depths = a.grid.depths.filter((depth) => b.row.has(depth));
  const at = (panel, row, col) => panel.grid.value[panel.row.get(depths[row])][panel.column.get(lengths[col])];
  const value = (row, col) => {
    const first = at(a, row, col), second = at(b, row, col);
    return first === null || second === null ? null : second - first;
  };
  return {
    lengths, depths, value, lengthLabels: lengthLabels(lengths), depthLabels: depthLabels(depths), unit: lengthName(a.source),
    kind: (row, col) => (value(row, col) === null ? "failed" : "value"), missing: () => 0,
    scale: differenceScale(), write: points,
    label: say("map_label", { name: `${nameOf(b)} − ${nameOf(a)}`, rows: depths.length, columns: lengths.length }),
  };
}

// The pointer and the keys on a map: `moved(row, col, event)`, `left()`, `chosen(row, col)`.
function listen(drawn, acts) {
  const node = drawn.svg.node();
  const cellAt = (event) => {
    const [px, py] = d3.clientPoint(drawn.plot.node(), event);
    const col = Math.floor(px / drawn.x.bandwidth()), row = Math.floor(py / drawn.y.bandwidth());
    return row >= 0 && row < drawn.rows && col >= 0 && col < drawn.columns ? [row, col] : null;
  };
  let now = null;
  node.addEventListener("pointermove", (event) => {
    if (event.pointerType === "touch") return;
    const cell = cellAt(event);
    if (cell) { now = cell; acts.moved(cell[0], cell[1], event); } else acts.left();
  });
  node.addEventListener("pointerleave", () => acts.left());
  node.addEventListener("click", (event) => { const cell = cellAt(event); if (cell) { now = cell; acts.chosen(...cell, node); } });
  node.addEventListener("focus", () => { if (node.matches(":focus-visible")) { now = now || [0, 0]; acts.moved(...now, null); } });
  node.addEventListener("blur", () => acts.left());
  node.addEventListener("keydown", (event) => {
    const step = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1] }[event.key];
    const [row, col] = now || [0, 0];
    if (step) now = now ? [clamp(row + step[0], drawn.rows), clamp(col + step[1], drawn.columns)] : [0, 0];
    else if (event.key === "Home") now = [row, 0];
    else if (event.key === "End") now = [row, drawn.columns - 1];
    else if (event.key === "Enter" || event.key === " ") { event.preventDefault(); acts.chosen(row, col, node); return; }
    else return;
    event.preventDefault();
    acts.moved(...now, null);
  });
}
const clamp = (at, size) => Math.max(0, Math.min(size - 1, at));
