// What pictures are made of: shapes in SVG, scales from numbers to places and colours, axes with their ticks.
function shape(tag, attributes, ...children) {
  const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) if (value !== null) node.setAttribute(name, value);
  node.append(...children.flat());
  return node;
}

const range = (from, to, step = 1) => Array.from({ length: Math.max(0, Math.ceil((to - from) / step)) }, (_, at) => from + at * step);
const sum = (values, of = (value) => value) => values.reduce((total, value) => total + of(value), 0);
const mean = (values, of) => sum(values, of) / values.length;
const order = (a, b) => (a < b ? -1 : a > b ? 1 : 0);

const linear = ([from, to], [low, high]) => (value) => low + ((value - from) / (to - from)) * (high - low);

// Colours "#rrggbb", evenly spaced over 0 to 1, and what lies between them; beyond the ends the ends.
function between(stops) {
  const parts = stops.map((stop) => [1, 3, 5].map((at) => parseInt(stop.slice(at, at + 2), 16)));
  return (share) => {
    const place = Math.max(0, Math.min(1, share)) * (parts.length - 1);
    const at = Math.min(Math.floor(place), parts.length - 2);
    return `rgb(${parts[at].map((low, part) => Math.round(low + (place - at) * (parts[at + 1][part] - low))).join(", ")})`;
  };
}

// Round numbers (1, 2 or 5 times a power of ten) from one end to the other, about `count` of them.
function ticks(from, to, count) {
  const rough = (to - from) / count, power = 10 ** Math.floor(Math.log10(rough));
  const step = power * [10, 5, 2, 1].find((times) => rough / power >= { 10: Math.sqrt(50), 5: Math.sqrt(10), 2: Math.sqrt(2), 1: 0 }[times]);
  return range(Math.ceil(from / step), Math.floor(to / step) + 1).map((times) => (step < 1 ? times / Math.round(1 / step) : times * step));
}

// Marks are [place in pixels, label]; `size` is a tick's length, negative across the picture.
function axisBelow(length, marks, size) {
  return shape("g", { class: "axis", "text-anchor": "middle" }, shape("path", { fill: "none", d: `M0.5,${size}V0.5H${length + 0.5}V${size}` }),
    marks.map(([x, label]) => shape("g", { transform: `translate(${x + 0.5},0)` }, shape("line", { y2: size }), shape("text", { y: Math.max(size, 0) + 3, dy: "0.71em" }, label))));
}
function axisLeft(length, marks, size) {
  return shape("g", { class: "axis", "text-anchor": "end" }, shape("path", { fill: "none", d: `M${-size},${length + 0.5}H0.5V0.5H${-size}` }),
    marks.map(([y, label]) => shape("g", { transform: `translate(0,${y + 0.5})` }, shape("line", { x2: -size }), shape("text", { x: -Math.max(size, 0) - 3, dy: "0.32em" }, label))));
}

const path = (points) => points.map(([x, y], at) => `${at ? "L" : "M"}${x},${y}`).join("");
