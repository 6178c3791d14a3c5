// Tables and lists: statistics with their definitions, controls, bad cases, all trials, the set-up.
function statisticsSection() {
  const shown = visible();
  const told = shown.some((panel) => panel.statistics);
  const metrics = Object.keys(panels[0].summary.rates);
  const heads = ["what", ...metrics, "measured", ...(told ? ["effective", "demonstrated", "pattern"] : [])];
  const rows = shown.map((panel) => {
    const s = panel.summary;
    const cells = metrics.map((name) => rateText(panel, name));
    cells.push(say("measured_of", { some: count(s.measured), all: count(s.planned) }) + (s.measured / s.planned < PAGE.least_measured ? `; ${say("no_verdict")}` : ""));
    if (told) cells.push(...effective(panel.statistics));
    return el("tr", {}, el("th", { scope: "row" }, outside(nameOf(panel))), cells.map((cell, at) => el("td", { "data-head": say(heads[at + 1]) }, cell)));
  });
  const alone = shown.filter((panel) => panel.statistics && panel.statistics.this_haystack);
  const notes = [["this_haystack_note", (s) => !s.overlapping], ["overlapping_note", (s) => s.overlapping]]
    .filter(([, holds]) => alone.some((panel) => holds(panel.statistics)))
    .map(([name]) => el("p", { class: "quiet" }, say(name)));
  const sampled = [...new Set(shown.map((panel) => panel.statistics?.sampled?.sentence[state.lang]).filter(Boolean))]
    .map((text) => el("p", { class: "quiet" }, outside(text)));
  const items = shown.filter((panel) => panel.summary.items).map((panel) => el("p", {}, say("items_of", {
    name: nameOf(panel), items: listed(panel.summary.items.map(([name, found, all]) => `${name} ${percent(found / all)} (${found}/${all})`)) })));
  const meanings = [...metrics, "measured", told ? "interval" : "bounds", ...(told ? ["effective"] : []),
    ...(shown.some((panel) => !panel.grid.axis) ? ["depth"] : []), "length", "outcomes"];
  return {
    node: section("statistics", el("div", { class: "scroll" }, el("table", { class: "table" },
      el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, say(head))))), el("tbody", {}, rows))),
    ...items, ...notes, ...sampled,
    el("h3", {}, say("definitions")), el("ul", { class: "definitions" }, meanings.map((name) => el("li", {}, say(`def_${name}`))))),
    draw: () => {},
  };
}

// What each model can do, and up to which length: of runs of several tasks.
function passportSection() {
  if (!DATA.passports.length) return null;
  const told = (words) => words[state.lang] || words.en;
  const nodes = DATA.passports.map((passport) => {
    const lengths = [...new Set(passport.rows.flatMap((row) => row.lengths))].sort((a, b) => a - b);
    const heads = [say("passport_task"), ...lengthLabels(lengths), say("passport_effective")];
    const rows = passport.rows.map((row) => {
      const cells = lengths.map((length) => {
        const cell = row.cells[row.lengths.indexOf(length)];
        if (!cell) return "";
        const swatch = el("i", { class: `swatch${cell.found === null ? " failed" : ""}` });
        if (cell.found !== null) swatch.style.background = valueScale()(cell.found);
        const between = cell.found === null ? "" : say("cell_interval", { value: percent(cell.found), low: percent(cell.low), high: percent(cell.high) });
        const trials = cell.measured === cell.planned ? count(cell.measured) : `${count(cell.measured)}/${count(cell.planned)}`;
        return el("span", { title: between }, swatch, `${cell.found === null ? "–" : `${halfUp(100 * cell.found)}%`} (${trials})`);
      });
      cells.push(listed([told(row.told.reach), told(row.told.interval)].filter(Boolean)));
      return el("tr", {}, el("th", { scope: "row" }, outside(told(row.told.does))), cells.map((cell, at) => el("td", { "data-head": heads[at + 1] }, cell)));
    });
    return [el("h3", {}, outside(passport.model)), el("p", {}, outside(told(passport.sentence))),
      el("div", { class: "scroll" }, el("table", { class: "table" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))), el("tbody", {}, rows))),
      el("p", { class: "quiet" }, outside(told(passport.scope)))];
  });
  return { node: section("passport", nodes), draw: () => {} };
}

// How a model measured over time: of runs that were measured in the same way.
function historySection() {
  if (!DATA.history.length) return null;
  const told = (words) => words[state.lang] || words.en;
  const nodes = DATA.history.map((series) => {
    const [heads, ...rows] = told(series.rows);
    return [el("h3", {}, outside(`${series.model}: ${series.experiment}/${series.prompt}`)),
      ...told(series.text).map((sentence) => el("p", {}, outside(sentence))),
      el("div", { class: "scroll" }, el("table", { class: "table" }, el("thead", {}, el("tr", {}, heads.map((head) => el("th", { scope: "col" }, head)))),
        el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row" }, row[0]), row.slice(1).map((cell, at) => el("td", { "data-head": heads[at + 1] }, outside(cell))))))))];
  });
  return { node: section("history", nodes), draw: () => {} };
}

function effective(made) {
  if (!made) return ["–", "–", "–"];
  const length = (value) => lengthLabel(value, value < 10000 ? 1 : 0);
  const e = made.effective;
  const ended = e.ended_at === null ? "" : length(e.ended_at);
  let text = say(e.ended === "unmeasured" ? "effective_open" : `effective_${e.status}`, { length: e.length === null ? "" : length(e.length), ended });
  if (e.length !== null || e.status === "below") {
    const low = e.low === null ? say("under", { length: length(e.shortest) }) : length(e.low);
    const high = e.high === null ? "–" : e.high_open ? say("over", { length: length(e.high) }) : length(e.high);
    text += ` ${say("interval", { low, high })}`;
  }
  if (e.ended === "dip") text += `; ${say("effective_dip", { ended, value: percent(e.ended_value) })}`;
  const reach = (end) => (end.length === null ? say("under", { length: length(e.shortest) }) : end.open ? say("over", { length: length(end.length) }) : length(end.length));
  if (e.if_missed && e.if_found && reach(e.if_missed) !== reach(e.if_found)) text += `; ${say("effective_bounds", { missed: reach(e.if_missed), found: reach(e.if_found) })}`;
  return [text, e.demonstrated_to === null ? "–" : length(e.demonstrated_to), wordOf("finding", made.diagnosis.finding)];
}

function controlsSection() {
  const rows = visible().flatMap((panel) => panel.controls_told.map((control) => {
    const trials = panel.controls.filter((i) => panel.trials.control[i] === control.name);
    const rate = control.rate === null ? "–" : say("cell_interval", { value: percent(control.rate), low: percent(control.low), high: percent(control.high) });
    const cells = [wordOf("control", control.name), el("span", { class: control.verdict === "failed" ? "warn" : "" }, say(`verdict_${control.verdict}`)),
      rate, outside(control.sentence[state.lang]), el("span", { class: "places" }, trials.slice(0, FEW_PLACES).map((i) => place(panel, i)))];
    return el("tr", {}, el("th", { scope: "row" }, outside(nameOf(panel))), cells.map((cell, at) => el("td", { "data-head": say(CONTROL_HEADS[at + 1]) }, cell)));
  }));
  if (!rows.length) return null;
  return { node: section("controls", el("p", { class: "quiet" }, say("controls_help")), el("div", { class: "scroll" }, el("table", { class: "table" },
    el("thead", {}, el("tr", {}, CONTROL_HEADS.map((head) => el("th", { scope: "col" }, say(head))))), el("tbody", {}, rows)))), draw: () => {} };
}
const CONTROL_HEADS = ["what", "control", "verdict", "rate", "meaning", "control_trials"];

// A button that leads to one trial's cell.
function place(panel, i) {
  const t = panel.trials;
  const swatch = el("i", { class: `swatch${t.value[i] === null ? " failed" : ""}` });
  if (t.value[i] !== null) swatch.style.background = valueScale()(t.value[i]);
  const name = t.control[i] === null ? `${panel.lengthLabels[panel.column.get(t.length[i])]} · ${panel.depthLabels[panel.row.get(t.depth[i])]}` : say("repeat_n", { n: t.repeat[i] + 1 });
  const button = el("button", { type: "button", class: "place", title: nameOf(panel), onclick: () => openTrial(panel, i, button) }, swatch, name);
  return button;
}

const FEW_CASES = 4, FEW_PLACES = 10;

function casesSection() {
  const groups = new Map();
  for (const panel of visible()) {
    for (let i = 0; i < panel.size; i++) {
      if (!panel.fits[i] || panel.trials.value[i] === 1) continue;
      const kind = panel.trials.value[i] === null ? `kind_${panel.trials.failure[i]}` : `outcome_${panel.trials.outcome[i]}`;
      const said = panel.trials.case[i];
      if (!groups.has(kind)) groups.set(kind, new Map());
      const cases = groups.get(kind);
      if (!cases.has(said)) cases.set(said, []);
      cases.get(said).push([panel, i]);
    }
  }
  const sorted = [...groups].sort((a, b) => total(b[1]) - total(a[1]));
  const nodes = sorted.map(([kind, cases]) => caseGroup(kind, [...cases.values()].sort((a, b) => b.length - a.length)));
  return { node: section("cases", el("p", { class: "quiet" }, say("cases_help")), nodes.length ? nodes : el("p", {}, say("cases_none"))), draw: () => {} };
}
const total = (cases) => sum([...cases.values()], (trials) => trials.length);

function caseGroup(kind, cases) {
  const [what, ...name] = kind.split("_");
  const all = sum(cases, (trials) => trials.length);
  const list = el("ol", { class: "cases" }, cases.slice(0, FEW_CASES).map(caseItem));
  let from = FEW_CASES;
  const more = el("button", { type: "button", class: "link no-print" });
  const label = () => { more.textContent = say("more_cases", { count: count(Math.min(50, cases.length - from)) }); more.hidden = from >= cases.length; };
  more.addEventListener("click", () => { list.append(...cases.slice(from, from + 50).map(caseItem)); from += 50; label(); });
  label();
  return el("details", { class: "group", open: true }, el("summary", {}, el("b", {}, wordOf(what, name.join("_"))), " ",
    el("span", { class: "quiet" }, say("case_count", { count: count(all), texts: count(cases.length) }))), list, more);
}

function caseItem(trials) {
  const [panel, i] = trials[0];
  const t = panel.trials;
  const text = t.answer[i] === null ? fill(el("div", { class: "said", dir: "auto" }), sentenceOf(t.message[i])) : modelText(t.answer[i], t.spans[i], FOLD_SHORT);
  const places = el("div", { class: "places" }, el("b", {}, say("times", { count: count(trials.length) })));
  const add = (some) => places.append(...some.map(([p, at]) => place(p, at)));
  add(trials.slice(0, FEW_PLACES));
  if (trials.length > FEW_PLACES) {
    const more = el("button", { type: "button", class: "link", onclick: () => { more.remove(); add(trials.slice(FEW_PLACES)); } }, say("more_places", { count: count(trials.length - FEW_PLACES) }));
    places.append(more);
  }
  return el("li", {}, text, places);
}

// All trials that fit, as a list of which only the rows in sight exist.
const ROW = 38;

function trialsSection() {
  const rows = [];
  for (const panel of visible()) for (let i = 0; i < panel.size; i++) if (panel.fits[i]) rows.push([panel, i]);
  const { key, up } = state.sort;
  const of = {
    place: null, length: ([p, i]) => p.trials.length[i], depth: ([p, i]) => p.trials.depth[i], repeat: ([p, i]) => p.trials.repeat[i],
    band: ([p, i]) => p.trials.value[i] ?? -1, outcome: ([p, i]) => p.trials.outcome[i] || `~${p.trials.failure[i]}`,
    latency: ([p, i]) => p.trials.latency_s[i],
  }[key];
  if (of) rows.sort((a, b) => (up ? 1 : -1) * order(of(a), of(b)));
  const many = visible().length > 1;
  const axis = visible().every((panel) => panel.grid.axis) && visible().length ? visible()[0].grid.axis : null;
  const heads = ["length", "depth", "repeat", "band", "outcome", "latency"].map((name) => el("button", { type: "button", class: `c-${name}`,
    "aria-label": say("sort_by", { name: name === "depth" ? rowName(axis, name) : say(name) }), onclick: () => { state.sort = { key: name, up: key === name ? !up : true }; redraw("trials"); } },
    name === "depth" ? rowName(axis, "depth_short") : say(name), key === name ? (up ? " ↑" : " ↓") : ""));
  const window_ = el("div", { class: "window", tabindex: 0, role: "list", "aria-label": say("trials") });
  const body = el("div", { class: "body" });
  body.style.height = `${rows.length * ROW}px`;
  window_.append(body);
  const fillWindow = () => {
    const first = Math.max(0, Math.floor(window_.scrollTop / ROW) - 6);
    const last = Math.min(rows.length, first + Math.ceil(window_.clientHeight / ROW) + 12);
    body.replaceChildren(...range(first, last).map((at) => trialRow(rows[at], at, many)));
  };
  window_.addEventListener("scroll", () => requestAnimationFrame(fillWindow), { passive: true });
  return {
    node: section("trials", rows.length ? el("div", { class: `list no-print${many ? " several" : ""}` }, el("div", { class: "row head" }, heads, many ? el("span", { class: "c-map" }, say("what")) : null, el("span", { class: "c-answer" }, say("answer"))), window_)
      : el("p", {}, say("nothing")), el("p", { class: "quiet print-only" }, say("print_trials"))),
    draw: fillWindow,
  };
}

function trialRow([panel, i], at, many) {
  const t = panel.trials;
  const scored = t.value[i] !== null;
  const swatch = el("i", { class: `swatch${scored ? "" : " failed"}` });
  if (scored) swatch.style.background = valueScale()(t.value[i]);
  const answer = (t.answer[i] === null ? sentenceOf(t.message[i]) : textOf(t.answer[i])).slice(0, 160);
  const row = el("button", { type: "button", class: "row", role: "listitem", onclick: () => openTrial(panel, i, row) },
    el("span", { class: "c-length" }, panel.lengthLabels[panel.column.get(t.length[i])]), el("span", { class: "c-depth" }, panel.depthLabels[panel.row.get(t.depth[i])]),
    el("span", { class: "c-repeat" }, t.repeat[i] + 1), el("span", { class: "c-band" }, swatch, scored ? `${Math.round(100 * t.value[i])}%` : "–"),
    el("span", { class: "c-outcome" }, scored ? wordOf("outcome", t.outcome[i]) : wordOf("kind", t.failure[i])),
    el("span", { class: "c-latency" }, t.latency_s[i] === null ? "–" : say("seconds", { value: t.latency_s[i].toFixed(1) })),
    many ? outside(nameOf(panel), { class: "c-map", title: nameOf(panel) }) : null, outside(answer, { class: "c-answer" }));
  row.style.top = `${at * ROW}px`;
  return row;
}

function aboutSection() {
  return { node: section("about", DATA.runs.map(about)), draw: () => {} };
}

function about(run, number) {
  const rows = [
    ["model", run.model], ["experiment", run.experiment], ["needle", textOf(run.needle.text)],
    ["corpus", run.corpus.title || run.corpus.name, run.corpus.copies > 1 ? say("copies", { count: run.corpus.copies }) : ""],
    ["scorer", `${run.scorer} ${run.scorer_version}`], ["unit", run.unit[state.lang]], ["repeats", run.extra ? say("repeats_extra", { repeats: run.repeats, extra: count(run.extra) }) : run.repeats],
    ...(run.order ? [["order", say(`order_${run.order}`)]] : []), ["days", [...new Set(run.days)].join(" – ") || say("days_unknown")],
    ["tokens", run.prompt_tokens === null || run.completion_tokens === null ? say("unknown") : say("tokens_value", { input: count(run.prompt_tokens), output: count(run.completion_tokens) })],
    ["cost", run.cost_usd === null ? say("unknown") : money(run.cost_usd)], ["version", `nih ${run.version}`],
    ...run.notes.map((note) => ["note", sentenceOf(note)]),
  ];
  const mine = panels.filter((panel) => panel.run === number);
  return el("article", { class: "card wide" }, el("h3", {}, outside(run.name)), run.synthetic ? el("p", { class: "warn" }, say("synthetic")) : null,
    el("table", { class: "numbers" }, rows.map(([key, value, more]) => el("tr", {}, el("th", { scope: "row" }, say(key)), el("td", {}, outside(value), more ? `; ${more}` : "")))),
    el("details", {}, el("summary", {}, say("prompts")), mine.map((panel) => el("div", {}, el("h4", {}, outside(panel.prompt)),
      panel.messages.map(([role, content]) => el("div", { class: "haystack", dir: "auto" }, el("b", {}, outside(role)), " ", fill(el("span"), textOf(content)))),
      el("p", { class: "quiet", dir: "auto" }, say("question"), ": ", fill(el("span"), textOf(panel.question)))))));
}
