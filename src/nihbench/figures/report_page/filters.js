// The bar of filters: what fits stays bright in the maps, and is what the lists hold.
const tally = el("output", { class: "tally", "aria-live": "polite" });

function filterBar() {
  const values = (column) => [...new Set(panels.flatMap((panel) => panel.trials[column] || []))].filter((value) => value !== null).sort();
  const lengths = [...new Set(panels.flatMap((panel) => panel.grid.lengths))].sort((a, b) => a - b);
  const names = lengthLabels(lengths);
  const prompts = [...new Set(panels.map((panel) => panel.prompt))];
  const models = [...new Set(panels.map((panel) => panel.source.model))];
  const options = (list, word) => [["", say("all")], ...list.map((value) => [value, word ? word(value) : value])];
  const failures = values("failure");
  const bar = el("form", { class: "filters no-print", "aria-label": say("filters"), onsubmit: (event) => event.preventDefault() },
    models.length > 1 && choice("model", options(models)), prompts.length > 1 && choice("prompt", options(prompts)),
    choice("outcome", options(values("outcome"), (name) => wordOf("outcome", name))),
    failures.length > 0 && choice("failure", [["", say("all")], ["none", say("no_failure")], ["any", say("any_failure")],
      ...failures.map((kind) => [`kind:${kind}`, wordOf("kind", kind)])]),
    lengths.length > 1 && span(lengths, names), searchBox(),
    el("button", { type: "button", onclick: () => { for (const key in state.filters) state.filters[key] = ["from", "to"].includes(key) ? null : ""; drawPage(); } }, say("reset")),
    tally);
  return bar;
}

function choice(name, options) {
  const box = el("select", { name, onchange: () => { state.filters[name] = box.value; refilter(name === "prompt" || name === "model"); } },
    options.map(([value, word]) => fill(el("option", { value, selected: state.filters[name] === value }), word)));
  return el("label", {}, say(name), box);
}

function span(lengths, names) {
  const box = (name, fallback) => {
    const node = el("select", { name, onchange: () => { state.filters[name] = node.value === "" ? null : Number(node.value); refilter(false); } },
      el("option", { value: "" }, fallback), lengths.map((length, at) => el("option", { value: length, selected: state.filters[name] === length }, names[at])));
    return node;
  };
  return el("span", { class: "span" }, el("label", {}, say("from_length"), box("from", names[0])),
    el("label", {}, say("to_length"), box("to", names[names.length - 1])));
}

function searchBox() {
  let waiting = null;
  const box = el("input", { type: "search", name: "text", placeholder: say("search_hint"), value: state.filters.text, autocomplete: "off",
    oninput: () => { clearTimeout(waiting); waiting = setTimeout(() => { state.filters.text = box.value; refilter(false); }, 150); } });
  return el("label", { class: "search" }, say("search"), box);
}

function refilter(shape) {
  const { some, all } = applyFilters();
  tally.textContent = say("shown", { some: count(some), all: count(all) });
  if (shape) { redraw("maps"); redraw("profiles"); redraw("statistics"); } else dim();
  redraw("cases");
  redraw("trials");
  drawDetail();
}
