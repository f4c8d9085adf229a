// A browser for one page, as small as it gets: loads what the page names,
// runs its script, and prints what a reader then sees.
const page = process.argv[2];
const html = await (await fetch(page)).text();
const near = async (path, media) => {
  const answer = await fetch(new URL(path, page));
  const found = answer.headers.get("content-type");
  if (!answer.ok || !found.startsWith(media)) throw new Error(`${path}: ${answer.status} ${found}`);
  return answer;
};

class Element {
  constructor(tag) { Object.assign(this, { tag, parts: [], hidden: false, className: "", value: "", listeners: {} }); }
  append(...parts) { this.parts.push(...parts); }
  set textContent(text) { this.parts = [text]; }
  get text() { return this.parts.map((it) => (it instanceof Element ? it.text : it)).join("\u00a0"); }
  addEventListener(name, listener) { this.listeners[name] = listener; }
}

const byId = Object.fromEntries([...html.matchAll(/id="([^"]+)"/g)].map(([, id]) => [id, new Element(id)]));
globalThis.document = { createElement: (tag) => new Element(tag), getElementById: (id) => byId[id] };
const [, style] = html.match(/<link rel="stylesheet" href="([^"]+)">/);
await near(style, "text/css");
const [, source] = html.match(/<script src="([^"]+)" defer><\/script>/);
const script = await (await near(source, "text/javascript")).text();

let asked;
const load = globalThis.fetch;
globalThis.fetch = (path) => {
  asked = new URL(path, page).pathname;
  return load(new URL(path, page));
};
new Function(script)();
while (byId.about.text === "") await new Promise((done) => setImmediate(done));
// What follows the heading is put there in the same turn.
await new Promise((done) => setImmediate(done));
const shown = () => byId.operations.parts.filter((it) => !it.hidden).map((it) => it.text);
const all = shown();
byId.filter.value = " /Clusters ";
byId.filter.listeners.input();
console.log(JSON.stringify({
  about: byId.about.text, asked, all, filtered: shown(), shapes: byId.shapes.parts.map((it) => it.text),
}));
