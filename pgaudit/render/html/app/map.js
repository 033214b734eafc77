// The map: modules above what is inside of them, each as wide as it is large.

const LEVEL = 24; // pixels
const LEAST = 1.5; // narrower cells are not drawn

function drawn(tag, attributes, ...inside) {
  const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...inside);
  return made;
}

// Lines across what holds several things, or is not trained.
function stripes() {
  const line = { x1: 0, y1: 0, x2: 0, y2: 7, class: "stripe" };
  const across = { id: "stripes", width: 7, height: 7, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" };
  return drawn("defs", {}, drawn("pattern", across, drawn("line", line)));
}

class ModelMap extends Roving {
  /** @param {Data} data */
  constructor(data, box, onPress) {
    super(box);
    this.onPress = onPress;
    this.looks = data.looks;
    const root = hierarchy.hierarchy(data.map).sum((node) => node.width);
    this.top = hierarchy.partition()(root);
    this.cellOf = new Map(this.top.descendants().map((cell) => [cell.data, cell]));
    this.data = data;
    this.at = undefined;
    this.ink = document.createElement("canvas").getContext("2d");
    for (const look of ["frozen", "out"])
      $$(`.legend .${look}`)[0].hidden = !data.looks.some(([name]) => name === look);
    new ResizeObserver(() => {
      if (box.clientWidth !== this.width) this.draw();
    }).observe(box);
  }

  // Goes into a cell, or, where it is the one that is seen in whole, out of it.
  press(cell) {
    this.onPress((cell === this.focus && cell.parent ? cell.parent : cell).data.path);
  }

  show(at, by) {
    if (at === this.at && by === this.by) return;
    this.at = at;
    this.by = by;
    this.focus = this.cellOf.get(nodeAt(this.data.map, at)) ?? this.top;
    if (this.focus.value === 0) this.focus = this.focus.parent ?? this.top; // nothing is as wide as nothing
    for (const each of $$(".legend .values")) each.hidden = by === "rule";
    if (this.box.clientWidth) this.draw();
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
    const [look, shade] = this.looks[looks[this.by]];
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
    if (look === "frozen" || look === "out" || (look === "mixed" && !cell.children))
      item.append(drawn("rect", { ...place, class: "striped" }));
    const label = { frozen: `❄ ${name}`, out: `✕ ${name}` }[look] ?? name;
    if (wide > 12 && this.ink.measureText(label).width + 9 < wide)
      item.append(drawn("text", { x: x + 4, y: y + LEVEL / 2 }, label));
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
