// The page: a bar on top, sections below each other, drawn again when words, colours or filters change.
const SECTIONS = {
  passport: passportSection, history: historySection, maps: mapsSection, difference: differenceSection, profiles: profilesSection, statistics: statisticsSection,
  controls: controlsSection, cases: casesSection, trials: trialsSection, about: aboutSection,
};

function section(name, ...inside) {
  return el("section", { id: name, "aria-labelledby": `${name}-title` }, el("h2", { id: `${name}-title`, tabindex: -1 }, say(name)), inside);
}

function redraw(name) {
  const old = document.getElementById(name);
  const made = SECTIONS[name]();
  if (old && made) {
    old.replaceWith(made.node);
    made.draw();
  }
}

function topBar() {
  const runs = DATA.runs, scorers = [...new Set(runs.map((run) => `${run.scorer} ${run.scorer_version}`))];
  const made = runs.filter((run) => run.synthetic).map((run) => run.name);
  const trials = sum(panels, (panel) => panel.size - panel.controls.length);
  const words = panels.length === 1 ? say("subtitle_one", { trials: count(trials), scorer: scorers[0], days: [...new Set(runs[0].days)].join(" – ") || say("days_unknown") })
    : say("subtitle", { runs: runs.length, panels: panels.length, trials: count(trials), scorer: listed(scorers) });
  const select = (name, choices) => {
    const box = el("select", { name, onchange: () => { state[name] = box.value; drawPage(); } },
      choices.map((value) => el("option", { value, selected: state[name] === value }, say(`${name}_${value}`))));
    return el("label", {}, say(name), box);
  };
  return el("header", { class: "top" },
    el("div", { class: "titles" }, el("h1", {}, outside(DATA.title)), el("p", { class: "quiet" }, outside(words)),
      made.length ? el("p", { class: "warn" }, outside(made.length === runs.length ? say("synthetic") : say("synthetic_some", { names: listed(made) }))) : null),
    el("div", { class: "tools no-print" }, select("theme", ["auto", "light", "dark"]), select("colours", Object.keys(PAGE.palettes)),
      el("button", { type: "button", id: "language", lang: sayIn(nextLang(), "tag"), title: say("language_help", { language: sayIn(nextLang(), "language") }),
        onclick: () => { state.lang = nextLang(); drawPage(); document.getElementById("language").focus(); } }, sayIn(nextLang(), "language")),
      el("button", { type: "button", id: "print", onclick: () => window.print() }, say("print"))));
}

function drawPage() {
  const root = document.documentElement;
  root.lang = say("tag");
  if (state.theme === "auto") delete root.dataset.theme; else root.dataset.theme = state.theme;
  const { some, all } = applyFilters();
  const made = Object.entries(SECTIONS).map(([name, make]) => [name, make()]).filter(([, each]) => each);
  const nav = el("nav", { class: "no-print", "aria-label": say("nav") }, made.map(([name]) => el("a", { href: `#${name}` }, say(name))));
  const place = scrollY;
  document.getElementById("page").replaceChildren(
    el("a", { class: "skip", href: "#maps" }, say("skip")), topBar(), el("div", { class: "sticky no-print" }, nav, filterBar()),
    el("main", {}, made.map(([, each]) => each.node)),
    el("footer", { class: "quiet" }, say("made_by", { tool: DATA.made_by })), drawer, tip, heard);
  for (const [, each] of made) each.draw();
  tally.textContent = say("shown", { some: count(some), all: count(all) });
  drawDetail();
  scrollTo(0, place);
}

document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") return;
  if (state.open) closeCell(); else dark();
});
let resized = null, width = innerWidth;
addEventListener("resize", () => {
  if (innerWidth === width) return; // a phone's bar that slides away is no new width
  width = innerWidth;
  clearTimeout(resized);
  resized = setTimeout(() => { for (const name of ["maps", "difference", "profiles", "trials"]) redraw(name); }, 120);
});
// Paper has its own width: the maps are drawn to fit it, and drawn again after.
let folded = [];
addEventListener("beforeprint", () => { dark(); folded = [...document.querySelectorAll("details:not([open])")]; folded.forEach((one) => { one.open = true; }); });
addEventListener("afterprint", () => { folded.forEach((one) => { one.open = false; }); });
drawPage();
