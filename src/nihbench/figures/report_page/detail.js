// One cell, down to the answers: a panel at the side, a sheet on a phone, a page in print.
const drawer = el("aside", { class: "drawer", role: "dialog", "aria-labelledby": "cell-title", hidden: true });
let opener = null;

function openCell(panel, row, col, from) {
  state.open = { panel: panel.index, row, col };
  if (from) opener = from;
  drawDetail();
  drawer.hidden = false;
  document.body.classList.add("opened");
  drawer.scrollTop = 0;
  drawer.querySelector(".close").focus({ preventScroll: true });
  dark();
}

// Where a trial is a control, it has no cell: it is shown alone.
function openTrial(panel, i, from) {
  const t = panel.trials;
  if (t.control[i] === null) openCell(panel, panel.row.get(t.depth[i]), panel.column.get(t.length[i]), from);
  else {
    state.open = { panel: panel.index, trial: i };
    opener = from;
    drawDetail();
    drawer.hidden = false;
    document.body.classList.add("opened");
    drawer.querySelector(".close").focus({ preventScroll: true });
  }
}

function closeCell() {
  if (!state.open) return;
  state.open = null;
  drawer.hidden = true;
  document.body.classList.remove("opened");
  if (opener && opener.isConnected) opener.focus({ preventScroll: true });
}

function drawDetail() {
  if (!state.open) return;
  const panel = panels[state.open.panel];
  const alone = state.open.trial !== undefined;
  const { row, col } = state.open;
  const here = alone ? [state.open.trial] : panel.cells[row][col];
  const title = alone ? `${say("control")}: ${wordOf("control", panel.trials.control[here[0]])}` : cellName(panel, row, col);
  drawer.replaceChildren(
    el("header", {},
      el("div", { class: "drawer-bar" }, alone ? null : steps(panel, row, col), el("span", { class: "grow" }),
        el("button", { class: "close", type: "button", "aria-label": say("close"), onclick: closeCell }, "×")),
      el("h2", { id: "cell-title" }, title), el("p", { class: "quiet" }, outside(nameOf(panel)))),
    alone ? el("div") : sides(panel, row, col),
    alone ? el("div") : el("ul", { class: "facts" }, cellLines(panel, row, col).map((line) => el("li", {}, line))),
    asked("question", panel.question),
    ...(here.length ? here.map((i) => trialCard(panel, i)) : [el("p", {}, say("no_trial"))]));
}

function steps(panel, row, col) {
  const go = (by) => {
    const columns = panel.grid.lengths.length, at = row * columns + col + by;
    if (at >= 0 && at < columns * panel.grid.depths.length) openCell(panel, Math.floor(at / columns), at % columns, null);
  };
  return [["previous", "←", -1], ["next", "→", 1]].map(([key, sign, by]) =>
    el("button", { type: "button", "aria-label": say(key), title: say(key), onclick: () => go(by) }, sign));
}

// The same cell in the other maps, one press away.
function sides(panel, row, col) {
  const length = panel.grid.lengths[col], depth = panel.grid.depths[row];
  const scale = valueScale();
  const others = visible().filter((other) => other.row.has(depth) && other.column.has(length));
  if (others.length < 2) return el("div");
  return el("div", { class: "sides" }, others.map((other) => {
    const at = [other.row.get(depth), other.column.get(length)];
    const value = other.grid.value[at[0]][at[1]];
    const swatch = el("i", { class: `swatch${value === null ? " failed" : ""}` });
    if (value !== null) swatch.style.background = scale(value);
    return el("button", { type: "button", "aria-pressed": String(other === panel), onclick: () => openCell(other, at[0], at[1], null) },
      swatch, outside(nameOf(other)), " ", value === null ? "–" : percent(value));
  }));
}

// A text with its name above; nothing where there is none (an import).
const asked = (key, number) => (textOf(number) === "" ? el("div")
  : el("dl", { class: "asked" }, el("dt", {}, say(key)), el("dd", { dir: "auto" }, fill(el("span"), textOf(number)))));

function trialCard(panel, i) {
  const t = panel.trials;
  const scored = t.value[i] !== null;
  const chip = el("span", { class: "chip band" }, scored ? `${Math.round(100 * t.value[i])}%` : wordOf("kind", t.failure[i]));
  if (scored) { const colour = valueScale()(t.value[i]); chip.style.background = colour; chip.style.color = readable(colour); }
  const chips = [chip];
  if (scored) {
    chips.push(el("span", { class: "chip" }, wordOf("outcome", t.outcome[i])));
    chips.push(el("span", { class: "chip" }, say(`identifying_${t.identifying[i]}`)));
    if (t.subject[i] === "wrong") chips.push(el("span", { class: "chip" }, say("subject_wrong")));
  }
  return el("article", { class: `trial${panel.fits[i] || !filtering() ? "" : " dim"}` },
    el("header", {}, el("h3", {}, say("repeat_n", { n: t.repeat[i] + 1 })), chips),
    t.also[i].length ? el("p", { class: "quiet" }, say("one_prompt", { depths: listed(depthsOf(t, i).sort((a, b) => a - b)
      .map((depth) => panel.depthLabels[panel.row.get(depth)] ?? `${depth}%`)) })) : null,
    t.answer[i] !== null ? modelText(t.answer[i], t.spans[i]) : t.message[i] === null ? el("p", { class: "quiet" }, say("imported")) : null,
    t.message[i] === null ? null : el("p", { class: "warn", dir: "auto" }, fill(el("span"), sentenceOf(t.message[i]))),
    scored ? evidence(panel, i) : null,
    t.reasoning[i] === null ? null : fold(say("reasoning"), false, modelText(t.reasoning[i])),
    asked("expected", t.expected[i]),
    around(panel, i), numbers(panel, i), rebuild(panel, i));
}

const fold = (title, open, ...inside) => el("details", { open }, el("summary", {}, title), inside);

function evidence(panel, i) {
  const t = panel.trials, lines = [];
  if (t.cue[i] !== null) lines.push(fill(el("li", { dir: "auto" }), (t.votes[i] ? textOf : sentenceOf)(t.cue[i])));
  for (const [name, found] of t.items[i] || []) lines.push(fill(el("li", { dir: "auto" }), say(found ? "item_found" : "item_missed", { name })));
  if (t.missing[i].length && !t.items[i]) lines.push(fill(el("li", {}), say("missing", { facts: listed(t.missing[i]) })));
  const more = [];
  if (t.confidence[i] < 1) more.push(say("confidence", { value: t.confidence[i].toFixed(2) }));
  if (t.votes[i]) more.push(say("votes", { values: listed(t.votes[i].map(percent)) }));
  if (t.decided_by[i]) more.push(say("decided_by", { name: t.decided_by[i] }));
  if (more.length) lines.push(fill(el("li"), more.join("; ")));
  const misled = asked("misled", t.misled[i]);
  return el("div", { class: "evidence" }, el("h4", {}, say("evidence")), el("ul", {}, lines), misled);
}

function around(panel, i) {
  const t = panel.trials;
  if (t.before[i] === null && (t.control[i] !== null || t.achieved[i] === null)) return null;
  if (t.before[i] === null) return el("p", { class: "quiet" }, say("around_none"));
  const edge = (bit, key) => (t.edges[i] & bit ? el("span", { class: "edge" }, say(key)) : "…");
  const text = el("div", { class: "haystack", dir: "auto" }, edge(1, "begins"));
  fill(text, textOf(t.before[i]));
  text.append(fill(el("mark", { class: "needle" }), textOf(t.needle[i])));
  fill(text, textOf(t.after[i]));
  text.append(edge(2, "ends"));
  return fold(say("around"), true, text);
}

function numbers(panel, i) {
  const t = panel.trials;
  const time = (value) => (value === null ? null : say("seconds", { value: value.toFixed(value < 10 ? 2 : 1) }));
  const rows = [
    ["achieved", t.achieved[i] === null ? null : `${t.achieved[i]}%`], ["needle_token", known(t.needle_token[i])],
    ["total_tokens", known(t.total_tokens[i])], ["prompt_tokens", known(t.prompt_tokens[i], true)],
    ["completion_tokens", known(t.completion_tokens[i], true)], ["cached_tokens", known(t.cached_tokens[i])],
    ["reasoning_tokens", known(t.reasoning_tokens[i])], ["latency", time(t.latency_s[i])], ["first_token", time(t.first_token_s[i])],
    ["cost", t.cost_usd[i] === null ? say("unknown") : money(t.cost_usd[i])], ["attempts", known(t.attempts[i])],
    ["finish", t.finish[i]], ["started", t.started_at[i].slice(0, 19).replace("T", " ")], ["trial_id", t.id[i]],
  ];
  return fold(say("numbers"), false, el("table", { class: "numbers" }, rows.filter(([, value]) => value !== null)
    .map(([key, value]) => el("tr", {}, el("th", { scope: "row" }, say(key)), el("td", {}, outside(value))))));
}
const known = (number, told) => (number === null ? (told ? say("unknown") : null) : count(number));
const money = (usd) => `$${usd === 0 ? "0" : usd < 0.01 ? usd.toPrecision(2) : usd.toFixed(2)}`;

function rebuild(panel, i) {
  if (panel.source.rebuild === null || panel.trials.total_tokens[i] === null) return null;
  const line = `${panel.source.rebuild} ${panel.trials.id[i]}`;
  const code = fill(el("code", { tabindex: 0 }), line);
  const button = el("button", { type: "button", class: "no-print" }, say("copy"));
  button.addEventListener("click", async () => {
    getSelection().selectAllChildren(code);
    try { await navigator.clipboard.writeText(line); button.textContent = say("copied"); } catch { /* it is selected: copy by hand */ }
  });
  return el("div", { class: "rebuild" }, el("h4", {}, say("rebuild")), el("div", {}, code, button));
}
