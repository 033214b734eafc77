// The heat map of a sweep: models × findings, a block of columns for each config; only what is seen is drawn.

const CELL = 46;
const TOGETHER = 8; // columns that begin and cease to be drawn together: whoever scrolls along meets that seldom
const GAP = 2;
const BETWEEN = 16;
const LEAST = 14;
const MOST = 50;

/** @extends {VirtualRows<SweepData>} */
class Heat extends VirtualRows {
  constructor(data, box, { onPick, onSort }) {
    super(data, box);
    this.picked = [-1, -1];
    this.first = this.end = 0;
    this.measure();
    this.drawHead(onSort);
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      const cell = event.target.closest(".code");
      if (row) onPick(Number(row.dataset.index), cell ? Number(cell.dataset.column) : -1);
    });
    this.box.style.setProperty("--whole", `${this.head.offsetHeight + data.names.length * this.height + 14}px`);
    this.watch(4);
    new ResizeObserver(() => this.draw()).observe(this.box);
  }

  // The columns of the grid: the name, then for each config its codes, and room up to the next one.
  measure() {
    const { data } = this;
    this.measureLetter();
    this.measureRow();
    const { letter } = this;
    const longest = data.names.reduce((most, name) => Math.max(most, name.length), 8);
    this.nameWidth = Math.ceil(longest * letter + 30);
    const widths = [this.nameWidth];
    this.lefts = []; // of each code, in pixels
    this.tracks = []; // of each code, in the grid
    let left = this.nameWidth + GAP;
    for (const block of data.blocks) {
      for (const _ of block.columns) {
        this.lefts.push(left);
        this.tracks.push(widths.push(CELL));
        left += CELL + GAP;
      }
      const own = block.columns.length * (CELL + GAP);
      const room = Math.max(BETWEEN, Math.ceil(block.config.length * letter) + 12 - own);
      widths.push(room);
      left += room + GAP;
    }
    this.box.style.setProperty("--name", `${this.nameWidth}px`);
    this.box.style.setProperty("--columns", widths.map((width) => `${width}px`).join(" "));
    this.canvas.style.minWidth = `${left}px`;
    this.box.setAttribute("aria-colcount", this.lefts.length + 1);
  }

  drawHead(onSort) {
    const configs = element("div", "row");
    const codes = element("div", "row");
    for (const row of [configs, codes]) row.setAttribute("role", "row");
    const cell = (row, className, text, span) => {
      const made = element("div", className, text);
      made.setAttribute("role", "columnheader");
      if (span) made.style.gridColumn = span;
      row.append(made);
      return made;
    };
    cell(configs, "name", "").append(element("span", "quiet", "config"));
    const sorter = (head, key, label) => {
      const button = element("button", "", label);
      button.type = "button";
      button.addEventListener("click", () => onSort(key));
      head.append(button);
      return [key, label, button];
    };
    this.heads = [sorter(cell(codes, "name", ""), "model", "model")];
    let at = 2;
    this.data.blocks.forEach((block, place) => {
      const count = block.columns.length;
      const head = cell(configs, "config", "", `${at} / span ${count + 1}`);
      head.append(element("span", "", block.config));
      head.setAttribute("aria-colspan", Math.max(count, 1));
      block.columns.forEach((column, index) => {
        const code = cell(codes, `code ${column.severity}`, "", `${at + index}`);
        code.title = column.name;
        const label = column.code === "failed" ? "✕" : column.code;
        this.heads.push(sorter(code, `${place}.${column.code}`, label));
        code.lastChild.setAttribute("aria-label", `${column.code} ${column.name}`);
      });
      at += count + 1;
    });
    this.head.append(configs, codes);
  }

  showOrder(sort) {
    const key = sort.replace(/^-/, "");
    for (const [own, label, button] of this.heads) {
      const down = sort.startsWith("-");
      button.textContent = own === key ? `${label}${down ? "↓" : "↑"}` : label;
      button.parentElement.setAttribute("aria-sort", own !== key ? "none" : down ? "descending" : "ascending");
    }
  }

  // The columns that are drawn: from the first one in view to that before the end.
  inView() {
    const { scrollLeft, clientWidth } = this.box;
    const begin = this.lefts.findIndex((left) => left + CELL > scrollLeft + this.nameWidth);
    const end = this.lefts.filter((left) => left < scrollLeft + clientWidth).length;
    const whole = (place, rounded) => TOGETHER * rounded(place / TOGETHER);
    return [whole(Math.max(begin, 0), Math.floor), Math.min(whole(end, Math.ceil), this.lefts.length)];
  }

  draw() {
    const [first, end] = this.inView();
    if (first !== this.first || end !== this.end) {
      [this.first, this.end] = [first, end];
      this.pool = [];
      this.canvas.replaceChildren();
    }
    super.draw();
  }

  newRow() {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    const name = element("div", "name");
    name.setAttribute("role", "rowheader");
    row.append(name);
    for (let place = this.first; place < this.end; place++) {
      const cell = element("div", "code");
      cell.setAttribute("role", "cell");
      cell.setAttribute("aria-colindex", place + 2);
      cell.dataset.column = place;
      cell.style.gridColumn = this.tracks[place];
      row.append(cell);
    }
    this.canvas.append(row);
    return row;
  }

  fill(row, index) {
    const [pickedRow, pickedColumn] = this.picked;
    const holds = `${index} ${index === pickedRow ? pickedColumn : ""}`;
    if (row.holds === holds) return;
    row.holds = holds;
    row.className = `row${index === pickedRow ? " chosen" : ""}`;
    row.dataset.index = index;
    row.firstChild.textContent = this.data.names[index];
    for (const cell of [...row.children].slice(1)) this.fillCell(cell, Number(cell.dataset.column), index);
  }

  fillCell(cell, place, index) {
    const { data, picked } = this;
    const column = data.columns[place];
    const entry = column.at[index];
    const chosen = index === picked[0] && place === picked[1] ? " chosen" : "";
    const failed = column.code === "failed" ? " failed" : "";
    cell.className = entry < 0 ? `code empty${chosen}` : `code ${data.words[column.words[entry]][1]}${failed}${chosen}`;
    cell.textContent = entry < 0 ? "" : column.texts[entry];
    if (entry >= 0) cell.style.setProperty("--share", Math.round(LEAST + (MOST - LEAST) * shareOf(data, place, index)));
  }

  pick(index, column) {
    this.picked = [index, column];
    this.draw();
  }

  // Scrolls as little as it takes.
  reveal(index, column) {
    super.reveal(index);
    if (column < 0 || !this.rows.includes(index)) return;
    const { box } = this;
    const left = this.lefts[column] - this.nameWidth;
    const wide = box.clientWidth - this.nameWidth;
    if (left < box.scrollLeft) box.scrollLeft = left;
    else if (left + CELL > box.scrollLeft + wide) box.scrollLeft = left + CELL - wide + GAP;
  }
}
