// The data with what is looked up often: which trials lie in a cell, which of them fit the filters.
const depthsOf = (trials, i) => [trials.depth[i], ...trials.also[i]];
const panels = DATA.panels.map((panel, index) => {
  const { lengths, depths } = panel.grid;
  const column = new Map(lengths.map((length, at) => [length, at]));
  const row = new Map(depths.map((depth, at) => [depth, at]));
  const cells = depths.map(() => lengths.map(() => []));
  const controls = [];
  const size = (panel.trials.id || []).length;
  for (let i = 0; i < size; i++) {
    if (panel.trials.control[i] !== null) { controls.push(i); continue; }
    // A prompt that stands for several depths is in each of its cells.
    for (const depth of depthsOf(panel.trials, i)) cells[row.get(depth)][column.get(panel.trials.length[i])].push(i);
  }
  for (const line of cells) for (const cell of line) cell.sort((a, b) => panel.trials.repeat[a] - panel.trials.repeat[b]);
  return {
    ...panel, controls_told: panel.controls, index, column, row, cells, controls, size, source: DATA.runs[panel.run],
    lengthLabels: lengthLabels(lengths), depthLabels: rowLabels(panel.grid.axis, depths), fits: new Uint8Array(size), shown: true,
  };
});

const several = {
  models: new Set(DATA.runs.map((run) => run.model)).size > 1,
  experiments: new Set(panels.map((panel) => panel.experiment)).size > 1,
  prompts: new Set(panels.map((panel) => panel.prompt)).size > 1,
};
// Two runs of one model and prompt are told apart by their folders.
const twice = new Set();
{
  const seen = new Set();
  for (const panel of panels) {
    const key = JSON.stringify([panel.source.model, panel.experiment, panel.prompt]);
    if (seen.has(key)) twice.add(key);
    seen.add(key);
  }
}

function nameOf(panel) {
  const key = JSON.stringify([panel.source.model, panel.experiment, panel.prompt]);
  const model = several.models || panels.length === 1 || !(several.experiments || several.prompts);
  const pair = several.experiments || panels.length === 1 ? `${panel.experiment} / ${panel.prompt}` : panel.prompt;
  const name = model ? (several.experiments || several.prompts || panels.length === 1 ? `${panel.source.model}: ${pair}` : panel.source.model) : pair;
  return twice.has(key) ? `${name} (${panel.source.name})` : name;
}

const textOf = (number) => (number === null || number === undefined ? "" : DATA.texts[number]);
// A sentence that the tool wrote: in the page's language where it has words for it.
const sentenceOf = (number) => DATA.said[state.lang]?.[number] ?? textOf(number);
const lengthName = (run) => say("length_in", { unit: run.unit[state.lang] });
// A run made by --like has the unit of the run that it is like.
const unitOf = (run) => run.length_unit ?? `model:${run.model}`;
const sameUnit = (a, b) => a.length_unit === b.length_unit || unitOf(a) === unitOf(b);

function applyFilters() {
  const wanted = state.filters;
  const needle = wanted.text.trim().toLowerCase();
  const hits = needle ? new Set(DATA.texts.flatMap((text, at) => (text.toLowerCase().includes(needle) ? [at] : []))) : null;
  let some = 0, all = 0;
  for (const panel of panels) {
    const t = panel.trials;
    panel.shown = (!wanted.prompt || panel.prompt === wanted.prompt) && (!wanted.model || panel.source.model === wanted.model);
    for (let i = 0; i < panel.size; i++) {
      const fits = panel.shown && t.control[i] === null
        && (!wanted.outcome || t.outcome[i] === wanted.outcome)
        && (!wanted.failure || (wanted.failure === "any" ? t.failure[i] !== null
          : wanted.failure === "none" ? t.failure[i] === null : t.failure[i] === wanted.failure.slice(5)))
        && (wanted.from === null || t.length[i] >= wanted.from) && (wanted.to === null || t.length[i] <= wanted.to)
        && (!hits || hits.has(t.answer[i]));
      panel.fits[i] = fits ? 1 : 0;
      if (t.control[i] === null) { all++; some += panel.fits[i]; }
    }
  }
  return { some, all };
}

const filtering = () => Object.entries(state.filters).some(([, value]) => value !== "" && value !== null);
const visible = () => panels.filter((panel) => panel.shown);
const fitting = (panel, row, col) => panel.cells[row][col].some((i) => panel.fits[i]);

// What one cell comes to, for the eye and for a screen reader.
function cellFacts(panel, row, col) {
  const { grid, trials, cells } = panel;
  const value = grid.value[row][col];
  const here = cells[row][col];
  const outcomes = new Map();
  let found = 0;
  for (const i of here) {
    if (trials.value[i] === null) continue;
    found += trials.found[i] ? 1 : 0;
    outcomes.set(trials.outcome[i], (outcomes.get(trials.outcome[i]) || 0) + 1);
  }
  const failures = Object.entries(grid.failures).map(([kind, counts]) => [kind, counts[row][col]]).filter(([, n]) => n);
  const interval = panel.statistics ? panel.statistics.cells[row][col] : null;
  return { value, here, outcomes, found, failures, measured: grid.measured[row][col], owed: grid.owed[row][col], interval };
}

function cellLines(panel, row, col) {
  const facts = cellFacts(panel, row, col);
  const lines = [];
  if (facts.value !== null) {
    const number = percent(facts.value);
    const shown = facts.interval
      ? say("cell_interval", { value: number, low: percent(facts.interval.low), high: percent(facts.interval.high) }) : number;
    lines.push(say("cell_value", { value: shown }), say("cell_found", { some: facts.found, all: facts.measured }));
    lines.push(listed([...facts.outcomes].map(([name, n]) => (facts.measured === 1 ? wordOf("outcome", name)
      : say("count_of", { name: wordOf("outcome", name), count: n })))));
  }
  if (facts.failures.length) {
    const total = facts.failures.reduce((sum, [, n]) => sum + n, 0);
    lines.push(say("cell_failed", { count: total, kinds: listed(facts.failures.map(([kind]) => wordOf("kind", kind))) }));
  }
  if (facts.owed) lines.push(say("cell_owed", { count: facts.owed }));
  return lines;
}

const cellOf = (axis, length, row) => (axis ? say("cell_row", { length, axis: rowName(axis), row }) : say("cell", { length, depth: row }));
const cellName = (panel, row, col) => cellOf(panel.grid.axis, panel.lengthLabels[col], panel.depthLabels[row]);
