// The map: modules above what is inside of them, each as wide as it is large.

const LEVEL = 24; // pixels
const LEAST = 1.5; // narrower cells are not drawn
const MARKS = { higher: "▲", lower: "▼", frozen: "❄", out: "✕", added: "+", removed: "−" };
const STRIPED = ["frozen", "out", "removed"];

function drawn(tag, attributes, ...inside) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

// Lines across what holds several things, or is not there for the training.
function stripes() {
  const line = { x1: 0, y1: 0, x2: 0, y2: 7, class: "stripe" };
  const across = { id: "stripes", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  return drawn("defs", {}, drawn("pattern", across, drawn("line", line)));
}

// What Python has packed (see model_map.py), with what stands for each node in the address: its path, and the span of the leaves
// below it.
function mapped(packed) {
  let leaves = 0;
  const node = ([name, width, size, words, looks, inside], parent) => {
    const made = { name, size, words, looks, width: inside.length ? 0 : width, parent };
    made.path = !parent ? "" : parent.path ? `${parent.path}.${name}` : name;
    made.begin = leaves;
    if (inside.length) made.children = inside.map((each) => node(each, made));
    else leaves++;
    made.end = leaves;
    return made;
  };
  return { ...packed, root: node(packed.root, null) };
}

/** @param {MapNode} node @returns {MapNode | undefined} */
function nodeAt(node, path) {
  if (node.path === path) return node;
  const inside = node.children?.find((each) => path === each.path || path.startsWith(`${each.path}.`));
  return inside && nodeAt(inside, path);
}

class ModelMap extends Roving {
  /** @param {MapData} data */
  constructor(data, box, { onPress, onColour }) {
    super(box);
    this.onPress = onPress;
    this.data = data;
    const root = hierarchy.hierarchy(data.root).sum((node) => node.width);
    this.top = hierarchy.partition()(root);
    this.cellOf = new Map(this.top.descendants().map((cell) => [cell.data, cell]));
    this.at = undefined;
    this.ink = document.createElement("canvas").getContext("2d");
    this.tools(onColour);
    new ResizeObserver(() => {
      if (box.clientWidth !== this.width) this.draw();
    }).observe(box);
  }

  // What chooses the colours, and what says their meaning.
  tools(onColour) {
    const { by, legend } = this.data;
    for (const [key, title] of by) $("by").append(new Option(title, key));
    $("by").addEventListener("change", () => onColour($("by").value === by[0][0] ? "" : $("by").value));
    for (const [look, words] of legend) $("legend").append(element("li", look, words));
  }

  // Goes into a cell, or, where it is the one that is seen in whole, out of it.
  press(cell) {
    this.onPress((cell === this.focus && cell.parent ? cell.parent : cell).data.path);
  }

  // Shows a module, by its path, in the colours that a key of the address stands for.
  show(at, key) {
    const by = Math.max(
      this.data.by.findIndex(([each]) => each === key),
      0,
    );
    if (at === this.at && by === this.by) return;
    this.at = at;
    this.focus = this.cellOf.get(nodeAt(this.data.root, at)) ?? this.top;
    if (this.focus.value === 0) this.focus = this.focus.parent ?? this.top; // nothing is as wide as nothing
    if (by !== this.by) this.colour(by);
    if (this.box.clientWidth) this.draw();
  }

  colour(by) {
    this.by = by;
    $("by").value = this.data.by[by][0];
    const used = new Set([...this.cellOf.keys()].map((node) => this.data.looks[node.looks[by]][0]));
    for (const each of $("legend").children) each.hidden = !used.has(each.className);
  }

  // Those around the one that is seen in whole, that one, and all below it that is wide enough.
  *seen() {
    const { focus, width } = this;
    for (const around of focus.ancestors().reverse()) yield [around, 0, width];
    const scale = width / (focus.x1 - focus.x0);
    const waiting = [...(focus.children ?? [])];
    for (const cell of waiting) {
      const [x, wide] = [(cell.x0 - focus.x0) * scale, (cell.x1 - cell.x0) * scale];
      if (wide < LEAST) continue;
      yield [cell, x, wide];
      waiting.push(...(cell.children ?? []));
    }
  }

  draw() {
    this.width = this.box.clientWidth;
    const style = getComputedStyle(this.box);
    this.ink.font = `${style.fontSize} ${style.fontFamily}`;
    const seen = [...this.seen()];
    const cells = seen.map(([cell]) => cell);
    const made = seen.map((each, at) => this.draws(at, ...each));
    const height = (Math.max(...cells.map((cell) => cell.depth)) + 1) * LEVEL;
    const size = { width: this.width, height, viewBox: `0 0 ${this.width} ${height}` };
    const svg = drawn("svg", { ...size, role: "tree", "aria-label": "Modules of the model" }, stripes(), ...made);
    this.put(svg, cells, this.focus);
  }

  draws(at, cell, x, wide) {
    const { name, path, size, words, looks } = cell.data;
    const [look, shade] = this.data.looks[looks[this.by]];
    const y = cell.depth * LEVEL;
    const place = { x, y, width: Math.max(wide - 1, 1), height: LEVEL - 1 };
    const said = [path || name, size, ...words];
    const attributes = {
      class: `cell ${look}${cell === this.focus && cell.parent ? " focus" : ""}`,
      role: "treeitem",
      tabindex: -1,
      style: `--shade: ${shade}`,
      "aria-level": cell.depth + 1,
      "aria-selected": cell === this.focus,
      "aria-label": said.join(", "),
      "data-item": at,
    };
    if (cell.children) attributes["aria-expanded"] = true;
    const title = drawn("title", {}, said.join("\n"));
    const item = drawn("g", attributes, title, drawn("rect", place));
    if (STRIPED.includes(look) || (look === "mixed" && !cell.children)) item.append(drawn("rect", { ...place, class: "striped" }));
    const labels = look in MARKS ? [`${MARKS[look]} ${name}`, name] : [name];
    const label = labels.find((each) => wide > 12 && this.ink.measureText(each).width + 9 < wide);
    if (label) item.append(drawn("text", { x: x + 4, y: y + LEVEL / 2 }, label));
    return item;
  }

  moves(cell) {
    const level = this.items.filter((each) => each.depth === cell.depth);
    const beside = (step) => level[level.indexOf(cell) + step];
    return {
      ArrowLeft: () => beside(-1),
      ArrowRight: () => beside(1),
      ArrowUp: () => cell.parent,
      ArrowDown: () => cell.children?.find((each) => this.items.includes(each)),
      Home: () => level[0],
      End: () => level.at(-1),
    };
  }
}
