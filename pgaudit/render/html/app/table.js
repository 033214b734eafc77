// The table of parameters: only what is seen is drawn.

// Firefox shows nothing of an element that is higher than some 17.8 million pixels: of more rows, the bar of the box
// goes through a height of its own, and one pixel of it stands for several of the rows.
const HIGHEST = 16_000_000;

function swatched(data, [text, bar]) {
  const word = element("span");
  if (bar >= 0) word.append(element("i", `swatch ${data.bars[bar][2]}`));
  word.append(text);
  return word;
}

class Table {
  constructor(data, box, { onPick, onSort }) {
    this.data = data;
    this.box = box;
    this.head = box.querySelector(".head");
    this.canvas = box.querySelector(".canvas");
    this.rows = new Int32Array();
    this.picked = -1;
    this.offset = 0; // how far down the rows are seen, in their pixels
    this.pool = [];
    this.words = [];
    this.onSort = onSort;
    this.titles = ["parameter", "shape", ...data.titles, "rule"];
    this.drawHead();
    this.measure();
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      if (row) onPick(Number(row.dataset.index));
    });
    this.virtualizer = new virtual.Virtualizer({
      count: 0,
      getScrollElement: () => this.box,
      estimateSize: () => this.height,
      overscan: 8,
      scrollToFn: (offset) => this.scrollTo(offset),
      observeElementRect: virtual.observeElementRect,
      observeElementOffset: (_, tell) => {
        this.tell = tell;
      },
      onChange: () => this.draw(),
    });
    this.virtualizer._didMount();
    this.virtualizer._willUpdate();
    this.fit();
    new ResizeObserver(() => this.fit()).observe(box);
    box.addEventListener("scroll", () => this.scrolled());
    box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  // How many pixels of the rows a pixel of the scroll bar stands for; 1 for all that fits a browser.
  get scale() {
    const seen = this.box.clientHeight - this.head.offsetHeight;
    const rows = this.rows.length * this.height - seen;
    return Math.max(rows / Math.max(Math.min(this.rows.length * this.height, HIGHEST) - seen, 1), 1);
  }

  // The bar was moved: not by scrollTo, which has set the offset already.
  scrolled() {
    if (Math.abs(this.box.scrollTop - this.offset / this.scale) >= 1) this.offset = this.box.scrollTop * this.scale;
    this.tell(this.offset, false);
    this.draw();
  }

  scrollTo(offset) {
    const last = this.rows.length * this.height - (this.box.clientHeight - this.head.offsetHeight);
    this.offset = Math.min(Math.max(offset, 0), Math.max(last, 0));
    this.box.scrollTop = this.offset / this.scale;
    this.tell(this.offset, false);
    this.draw();
  }

  // A wheel moves the rows as far as anywhere else, whatever a pixel of the bar stands for.
  wheel(event) {
    if (this.scale === 1 || event.ctrlKey || !event.deltaY || event.deltaMode === WheelEvent.DOM_DELTA_PAGE) return;
    const before = this.offset;
    this.scrollTo(before + event.deltaY * (event.deltaMode === WheelEvent.DOM_DELTA_LINE ? this.height : 1));
    if (this.offset !== before) event.preventDefault();
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
    const probe = element("span", "", "0".repeat(100));
    this.head.append(probe);
    this.letter = probe.getBoundingClientRect().width / 100;
    probe.remove();
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
    this.height = parseInt(getComputedStyle(this.box).getPropertyValue("--row"), 10);
    // As high as all rows, if there is room for them: the page stays as it is whatever is filtered.
    const every = this.head.offsetHeight + this.data.names.length * this.height;
    this.box.style.setProperty("--whole", `${Math.min(every, HIGHEST) + 2}px`);
    this.show(this.rows);
  }

  show(rows) {
    this.rows = rows;
    this.virtualizer.setOptions({ ...this.virtualizer.options, count: rows.length });
    this.virtualizer.measure();
    this.virtualizer._willUpdate();
    this.canvas.style.height = `${Math.min(rows.length * this.height, HIGHEST)}px`;
    this.box.setAttribute("aria-rowcount", rows.length + 1);
    this.scrollTo(this.offset);
  }

  draw() {
    const items = this.virtualizer.getVirtualItems();
    this.above = this.box.scrollTop - this.offset;
    while (this.pool.length < items.length) this.pool.push(this.newRow());
    this.pool.forEach((row, at) => {
      row.hidden = at >= items.length;
      if (!row.hidden) this.fill(row, items[at]);
    });
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

  fill(row, item) {
    const { data } = this;
    const index = this.rows[item.index];
    const kind = data.kind[index];
    const { values, frozen, out } = data.kinds[kind];
    row.style.transform = `translateY(${item.start + this.above}px)`;
    row.className = `row${index === this.picked ? " chosen" : ""}${frozen ? " frozen" : out ? " out" : ""}`;
    row.setAttribute("aria-rowindex", item.index + 2);
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

  // Scrolls as little as it takes.
  reveal(index) {
    const place = this.rows.indexOf(index);
    if (place < 0) return;
    const top = place * this.height;
    const room = this.box.clientHeight - this.head.offsetHeight;
    if (top < this.offset) this.scrollTo(top);
    else if (top + this.height > this.offset + room) this.scrollTo(top + this.height - room);
  }

  // The row so many places after the one that is picked; the first, or the last, where none is.
  after(places) {
    if (!this.rows.length) return -1;
    const at = this.rows.indexOf(this.picked);
    const place = at < 0 ? (places > 0 ? 0 : this.rows.length - 1) : at + places;
    return this.rows[Math.min(Math.max(place, 0), this.rows.length - 1)];
  }
}
