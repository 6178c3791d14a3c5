// Words, and how text gets onto the page: always as text, never as markup.
const PAGE = JSON.parse(document.getElementById("words").textContent);
const DATA = JSON.parse(document.getElementById("data").textContent);
const state = {
  lang: PAGE.lang, theme: "auto", colours: "classic", cursor: null, open: null, measure: "mean_band",
  sides: null, hidden: new Set(), sort: { key: "place", up: true },
  filters: { prompt: "", model: "", outcome: "", failure: "", from: null, to: null, text: "" },
};

function say(key, fields) {
  const text = Object.hasOwn(PAGE.words, key) ? PAGE.words[key][PAGE.langs.indexOf(state.lang)] : key;
  // As in nihbench.lang.messages: {count:one|more} is the word that a number takes, {title!l} begins with a small letter.
  return text.replace(/\{(\w+)(!l)?(?::([^|}]*)\|([^}]*))?\}/g, (whole, name, low, one, more) => {
    const value = fields && Object.hasOwn(fields, name) ? String(fields[name]) : "";
    if (more !== undefined) return value === "1" ? one : more;
    return low && !/^.\p{Lu}/u.test(value) ? value.slice(0, 1).toLowerCase() + value.slice(1) : value;
  });
}

// The language after the page's own, in turn, and what is said in it.
const nextLang = () => PAGE.langs[(PAGE.langs.indexOf(state.lang) + 1) % PAGE.langs.length];
const sayIn = (lang, key) => PAGE.words[key][PAGE.langs.indexOf(lang)];

function wordOf(kind, name) {
  const key = `${kind}_${name}`;
  return Object.hasOwn(PAGE.words, key) ? say(key) : String(name).replace(/_/g, " ");
}

const listed = (parts) => parts.join(say("comma"));
const sentences = (parts) => parts.filter(Boolean).join(say("blank"));

// el("button", {class: "x", onclick: f}, "text", node): strings become text nodes.
function el(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else node.setAttribute(name, value === true ? "" : String(value));
  }
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false)
    .map((child) => (child instanceof Node ? child : document.createTextNode(String(child)))));
  return node;
}

// Names and other short texts from outside: their direction ends with them, and what can't be seen is shown.
const outside = (text, attributes) => fill(el("bdi", attributes), String(text));

// What steers the direction of text or can't be seen, and halves of characters.
const UNSEEN = new RegExp(
  "[\\u0000-\\u0008\\u000b-\\u001f\\u007f-\\u009f\\u00ad\\u061c\\u180e\\u200b\\u200e\\u200f\\u2028-\\u202e\\u2060-\\u206f" +
  "\\ufeff\\ufff9-\\ufffb]|[\\ud800-\\udbff](?![\\udc00-\\udfff])|(?<![\\ud800-\\udbff])[\\udc00-\\udfff]", "g");

function fill(node, text) {
  let from = 0;
  for (const found of text.matchAll(UNSEEN)) {
    if (found.index > from) node.append(text.slice(from, found.index));
    const code = found[0].charCodeAt(0).toString(16).toUpperCase().padStart(4, "0");
    node.append(el("span", { class: "unseen" }, `U+${code}`));
    from = found.index + found[0].length;
  }
  if (from < text.length) node.append(text.slice(from));
  return node;
}

// A model's text with marked places ([name, first, last]); a long one is folded after so many characters or lines.
const FOLD = { characters: 1200, lines: 24 }, FOLD_SHORT = { characters: 400, lines: 5 };

function foldAt(text, limit) {
  let at = -1;
  for (let line = 0; line < limit.lines; line++) {
    at = text.indexOf("\n", at + 1);
    if (at < 0 || at > limit.characters) return limit.characters;
  }
  return at;
}

function modelText(number, marks, limit = FOLD) {
  const whole = DATA.texts[number];
  const box = el("div", { class: "said", dir: "auto" });
  const cut = DATA.cut[number];
  const parts = [box];
  const draw = (length) => {
    box.replaceChildren();
    marked(box, whole.slice(0, length), marks || []);
    if (!whole) box.append(el("i", {}, say("empty_answer")));
  };
  const last = Math.max(0, ...(marks || []).map((mark) => mark[2]));
  // What is folded away holds no evidence, as long as that stands near enough.
  const fold = foldAt(whole, limit);
  const first = last > fold && last < 4 * limit.characters ? last + 80 : fold;
  if (whole.length > first + 60) {
    let folded = true;
    draw(first);
    const button = el("button", { class: "link", type: "button" }, say("show_all", { count: count(whole.length) }));
    button.addEventListener("click", () => {
      folded = !folded;
      draw(folded ? first : whole.length);
      button.textContent = folded ? say("show_all", { count: count(whole.length) }) : say("show_less");
    });
    parts.push(button);
  } else draw(whole.length);
  if (cut) parts.push(el("p", { class: "quiet" }, say("cut", { kept: count(whole.length), count: count(cut) })));
  return el("div", { class: "said-box" }, parts);
}

function marked(box, text, marks) {
  const edges = [...new Set([0, text.length, ...marks.flatMap((mark) => [mark[1], mark[2]])])]
    .filter((edge) => edge >= 0 && edge <= text.length).sort((a, b) => a - b);
  for (let i = 0; i + 1 < edges.length; i++) {
    const over = marks.filter((mark) => mark[1] <= edges[i] && mark[2] >= edges[i + 1]);
    const piece = text.slice(edges[i], edges[i + 1]);
    if (over.length) box.append(fill(el("mark", { title: listed(over.map((mark) => mark[0])) }), piece));
    else fill(box, piece);
  }
}

// Numbers as they are read.
const count = (number) => Number(number).toLocaleString("en-US");
const percent = (share) => (share === null || share === undefined ? say("unknown") : `${(100 * share).toFixed(1).replace(/\.0$/, "")}%`);
// Halves away from 0, as in figures and in the terminal.
const halfUp = (number) => Math.sign(number) * Math.floor(Math.abs(number) + 0.5 + 1e-9);
const points = (share) => { const whole = halfUp(100 * share); return `${whole > 0 ? "+" : whole < 0 ? "−" : ""}${Math.abs(whole)}`; };

function lengthLabel(length, decimals) {
  if (length < 1000) return String(length);
  const million = Number((length / 1000).toFixed(decimals || 0)) >= 1000;
  const scaled = (million ? length / 1e6 : length / 1000) + 1e-9;
  const places = million ? Math.max(decimals, 2) : scaled < 10 ? Math.max(decimals, 1) : decimals;
  const text = scaled.toFixed(places);
  return (places ? text.replace(/\.?0+$/, "") : text) + (million ? "M" : "K");
}

// As few decimals as tell the values of an axis apart.
function labels(values, write) {
  for (let decimals = 0; decimals < 4; decimals++) {
    const made = values.map((value) => write(value, decimals));
    if (new Set(made).size === values.length) return made;
  }
  return values.map(String);
}
const lengthLabels = (lengths) => labels(lengths, lengthLabel);
const depthLabels = (depths) => labels(depths, (depth, decimals) => `${depth.toFixed(decimals)}%`);
// Rows are depths, or the points of a task's own axis, which brings its words along in every language.
const rowLabels = (axis, rows) => (axis ? rows.map((row) => `${row}${axis.unit}`) : depthLabels(rows));
const rowName = (axis, key) => (axis ? axis.title[state.lang] || axis.title.en : say(key));
