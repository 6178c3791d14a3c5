// Heatmaps: of one panel, and of the difference of two. A cell is a rectangle.
const MARGIN = { top: 6, right: 8, bottom: 42, left: 60 };
let hatches = 0;

const valueScale = () => between(PAGE.palettes[state.colours].stops);
const differenceScale = () => { const scale = between(PAGE.palettes[state.colours].difference); return (d) => scale((d + 1) / 2); };

function readable(colour) {
  const linear = colour.match(/\d+/g).map((part) => (part / 255 <= 0.03928 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2];
  return 1.05 / (light + 0.05) > (light + 0.05) / 0.05 ? "#fff" : "#1b1b1b";
}

// map: {lengths, depths, lengthLabels, depthLabels, value(row, col), kind(row, col), missing(row, col), write(value), scale, unit}
function drawMap(holder, map, width) {
  const rows = map.depths.length, columns = map.lengths.length;
  const inner = Math.max(160, width - MARGIN.left - MARGIN.right);
  const height = Math.max(120, Math.min(inner * 0.72, Math.max(rows * 24, inner * 0.42)));
  const wide = inner / columns, tall = height / rows;
  const gap = wide > 8 && tall > 8 ? 1 : 0;
  const size = { width: wide - gap, height: tall - gap };
  const hatch = `hatch-${++hatches}`;
  const cells = range(0, rows).flatMap((row) => range(0, columns).map((col) => {
    const kind = map.kind(row, col), value = map.value(row, col), x = col * wide, y = row * tall;
    const colour = kind === "value" ? map.scale(value) : null;
    const rect = shape("rect", { class: `cell ${kind}`, "data-row": row, "data-col": col, x, y, ...size, rx: gap ? 1.5 : 0, fill: colour || (kind === "failed" ? `url(#${hatch})` : null) });
    const text = kind === "value" && wide >= 25 && tall >= 14
      ? shape("text", { x: x + size.width / 2, y: y + tall / 2, dy: "0.34em", fill: readable(colour) }, map.write(value)) : null;
    // At the foot of a cell: the share of its trials that is missing.
    const missing = map.missing(row, col), foot = Math.max(2, 0.2 * size.height);
    const partly = missing > 0 ? shape("rect", { class: "partly", fill: `url(#${hatch})`, x, y: y + size.height - foot, width: missing * size.width, height: foot }) : null;
    return { row, col, rect, text, partly };
  }));
  const all = (name) => cells.map((cell) => cell[name]).filter(Boolean);
  const frame = shape("rect", { class: "linked", ...size, hidden: "" });
  const plot = shape("g", { transform: `translate(${MARGIN.left},${MARGIN.top})` }, shape("g", {}, all("rect")), shape("g", {}, all("partly")),
    shape("g", { class: "numbers" }, all("text")), mapAxes(map, wide, tall, inner, height), frame);
  const whole = height + MARGIN.top + MARGIN.bottom;
  const svg = shape("svg", { class: "map", width, height: whole, viewBox: `0 0 ${width} ${whole}`, tabindex: 0, role: "application", "aria-label": map.label },
    shape("defs", {}, shape("pattern", { id: hatch, width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      shape("rect", { width: 6, height: 6, class: "hatch-ground" }), shape("line", { y2: 6, class: "hatch-line" }))),
    plot,
    shape("text", { class: "axis-name", x: MARGIN.left + inner / 2, y: height + MARGIN.top + 38, "text-anchor": "middle" }, inner < 340 ? say("length_axis") : map.unit),
    shape("text", { class: "axis-name", transform: `translate(11,${MARGIN.top + height / 2}) rotate(-90)`, "text-anchor": "middle" }, rowName(map.axis, "depth")));
  holder.replaceChildren(svg);
  return { svg, plot, frame, cells, wide, tall, rows, columns };
}

function mapAxes(map, wide, tall, inner, height) {
  const across = thinned(map.lengthLabels, wide, 34).map((at) => [(at + 0.5) * wide, map.lengthLabels[at]]);
  const down = thinned(map.depthLabels, tall, 15).map((at) => [(at + 0.5) * tall, map.depthLabels[at]]);
  return [shape("g", { transform: `translate(0,${height})` }, axisBelow(inner, across, 4)), axisLeft(height, down, 4)];
}

// Put the frame of a drawn map around a cell, as the cursor or as what answers to it in another map.
function showFrame({ frame, wide, tall }, row, col, cursor) {
  frame.setAttribute("x", col * wide);
  frame.setAttribute("y", row * tall);
  frame.classList.toggle("cursor", cursor);
  frame.removeAttribute("hidden");
}
const hideFrame = ({ frame }) => frame.setAttribute("hidden", "");

// Every second, third... label, so that none touches the next; the last one stands where there is room.
function thinned(names, step, room) {
  const width = Math.max(room, ...names.map((name) => (room > 20 ? 7.2 * name.length + 8 : room)));
  const every = Math.max(1, Math.ceil(width / step));
  return range(0, names.length, every);
}

const mapLabel = (axis, of) => (axis ? say("map_label_rows", { ...of, axis: rowName(axis) }) : say("map_label", of));

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
      const lost = grid.owed[row][col] + sum(Object.values(grid.failures), (counts) => counts[row][col]);
      return kind(row, col) === "value" ? lost / (lost + grid.measured[row][col]) : 0;
    },
    label: mapLabel(grid.axis, { name: nameOf(panel), rows: grid.depths.length, columns: grid.lengths.length }),
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
    lengths, depths, value, axis: a.grid.axis, lengthLabels: lengthLabels(lengths), depthLabels: rowLabels(a.grid.axis, depths), unit: lengthName(a.source),
    kind: (row, col) => (value(row, col) === null ? "failed" : "value"), missing: () => 0,
    scale: differenceScale(), write: points,
    label: mapLabel(a.grid.axis, { name: `${nameOf(b)} − ${nameOf(a)}`, rows: depths.length, columns: lengths.length }),
  };
}

// The pointer and the keys on a map: `moved(row, col, event)`, `left()`, `chosen(row, col)`.
function listen(drawn, acts) {
  const node = drawn.svg;
  const cellAt = (event) => {
    const at = new DOMPoint(event.clientX, event.clientY).matrixTransform(drawn.plot.getScreenCTM().inverse());
    const col = Math.floor(at.x / drawn.wide), row = Math.floor(at.y / drawn.tall);
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
