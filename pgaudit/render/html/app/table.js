// The table of parameters: only what is seen is drawn.

/** @param {Data} data */
function swatched(data, [text, bar]) {
  const word = element("span");
  if (bar >= 0) word.append(element("i", `swatch ${data.bars[bar][2]}`));
  word.append(text);
  return word;
}

/** @extends {VirtualRows<Data>} */
class Table extends VirtualRows {
  constructor(data, box, { onPick, onSort }) {
    super(data, box);
    this.picked = -1;
    this.words = [];
    this.onSort = onSort;
    this.titles = ["parameter", "shape", ...data.titles, data.by];
    this.drawHead();
    this.measure();
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) onPick(Number(row.dataset.index));
    });
    this.measureRow();
    this.watch(8);
    this.fit();
    new ResizeObserver(() => this.fit()).observe(box);
  }

  drawHead() {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    this.heads = this.titles.map((title) => {
      const cell = element("div", title === "parameter" ? "name" : "");
      cell.setAttribute("role", "columnheader");
      const button = element("button");
      button.type = "button";
      button.addEventListener("click", () => this.onSort(title));
      cell.append(button);
      row.append(cell);
      return button;
    });
    this.head.append(row);
  }

  // How many letters each column needs: no name is ever cut.
  measure() {
    const { data } = this;
    const longest = (texts) => texts.reduce((most, text) => Math.max(most, text.length), 0);
    this.letters = [
      longest(data.names),
      longest(data.makes.map(([shape]) => shape)),
      ...data.titles.map((title, place) => Math.max(longest(data.kinds.map((kind) => kind.values[place][0])), title.length + 4)),
      // A swatch and the room behind a word take as much as four letters.
      longest(data.kinds.map((kind) => kind.words.map(([word]) => `${word}    `).join(""))),
    ].map((letters) => Math.max(letters, 7) + 1);
    this.measureLetter();
  }

  // Beside each other where there is room; or else the name alone, and all else under it.
  fit() {
    const [name, ...others] = this.letters;
    const gaps = 22 * others.length + 28;
    const stacked = this.letters.reduce((sum, each) => sum + each, 0) * this.letter + gaps > this.box.clientWidth;
    const columns = (stacked ? others : this.letters).map((letters) => `${letters}ch`);
    this.box.classList.toggle("stacked", stacked);
    this.box.style.setProperty("--columns", columns.join(" "));
    const wide = Math.max(name, stacked ? others.reduce((sum, each) => sum + each, 0) : 0) * this.letter;
    this.canvas.style.minWidth = stacked ? `${Math.ceil(wide + 28)}px` : "";
    this.measureRow();
    // As high as all rows, if there is room for them: the page stays as it is whatever is filtered.
    const every = this.head.offsetHeight + this.data.names.length * this.height;
    this.box.style.setProperty("--whole", `${Math.min(every, HIGHEST) + 2}px`);
    this.show(this.rows);
  }

  newRow() {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    for (const title of this.titles) {
      const cell = element("div", title === "parameter" ? "name" : title === "shape" ? "shape" : "value");
      cell.setAttribute("role", "cell");
      row.append(cell);
    }
    row.lastChild.className = "words";
    this.canvas.append(row);
    return row;
  }

  fill(row, index) {
    const { data } = this;
    const kind = data.kind[index];
    const { values, frozen, out } = data.kinds[kind];
    row.className = `row${index === this.picked ? " chosen" : ""}${frozen ? " frozen" : out ? " out" : ""}`;
    row.toggleAttribute("aria-current", index === this.picked);
    row.dataset.index = index;
    const [name, shape, ...others] = row.children;
    name.textContent = data.names[index];
    shape.textContent = data.makes[data.make[index]][0];
    values.forEach(([text, , side, shade], place) => {
      const cell = others[place];
      cell.textContent = text;
      cell.className = `value${side > 0 ? " higher" : side < 0 ? " lower" : ""}`;
      cell.style.setProperty("--shade", shade);
    });
    this.words[kind] ??= data.kinds[kind].words.map((word) => swatched(data, word));
    row.lastChild.replaceChildren(...this.words[kind].map((word) => word.cloneNode(true)));
  }

  showOrder(sort) {
    const title = sort.replace(/^-/, "");
    this.heads.forEach((button, place) => {
      const own = this.titles[place];
      const isValue = place > 1 && place < this.titles.length - 1;
      const mark = own !== title ? "" : sort.startsWith("-") ? " ↓" : " ↑";
      button.textContent = `${isValue ? "  " : ""}${own}${mark}`;
      const order = own !== title ? "none" : sort.startsWith("-") ? "descending" : "ascending";
      button.parentElement.setAttribute("aria-sort", order);
    });
  }

  pick(index) {
    this.picked = index;
    this.draw();
  }

  // The row so many places after the one that is picked; the first, or the last, where none is.
  after(places) {
    if (!this.rows.length) return -1;
    const at = this.rows.indexOf(this.picked);
    const place = at < 0 ? (places > 0 ? 0 : this.rows.length - 1) : at + places;
    return this.rows[Math.min(Math.max(place, 0), this.rows.length - 1)];
  }
}
