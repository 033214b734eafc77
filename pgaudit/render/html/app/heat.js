// The heat map of a sweep: models × findings, a block of columns for each config; only what is seen is drawn.

const CELL = 46;
const GAP = 2;
const BETWEEN = 16;
const LEAST = 14;
const MOST = 50;

class Heat extends VirtualRows {
  constructor(data, box, { onPick, onSort }) {
    super(data, box);
    this.picked = [-1, -1];
    this.measure();
    this.drawHead(onSort);
    this.canvas.addEventListener("click", (event) => {
      const row = event.target.closest(".row");
      const cell = event.target.closest(".code");
      if (row) onPick(Number(row.dataset.index), cell ? Number(cell.dataset.column) : -1);
    });
    this.box.style.setProperty("--whole", `${this.head.offsetHeight + data.names.length * this.height + 14}px`);
    this.watch(4);
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
    this.lefts = [];
    let left = this.nameWidth + GAP;
    for (const block of data.blocks) {
      for (const _ of block.columns) {
        this.lefts.push(left);
        widths.push(CELL);
        left += CELL + GAP;
      }
      const own = block.columns.length * (CELL + GAP);
      const room = Math.max(BETWEEN, Math.ceil(block.config.length * letter) + 12 - own);
      widths.push(room);
      left += room + GAP;
    }
    this.box.style.setProperty("--columns", widths.map((width) => `${width}px`).join(" "));
    this.canvas.style.minWidth = `${left}px`;
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
      const head = cell(configs, "config", block.config, `${at} / span ${count + 1}`);
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

  newRow() {
    const row = element("div", "row");
    row.setAttribute("role", "row");
    const name = element("div", "name");
    name.setAttribute("role", "rowheader");
    row.append(name);
    let at = 2;
    let number = 0;
    for (const block of this.data.blocks) {
      for (const _ of block.columns) {
        const cell = element("div", "code");
        cell.setAttribute("role", "cell");
        cell.dataset.column = number++;
        cell.style.gridColumn = at++;
        row.append(cell);
      }
      at += 1;
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
    this.data.columns.forEach((column, place) => {
      const cell = row.children[place + 1];
      const entry = column.at[index];
      const chosen = index === pickedRow && place === pickedColumn ? " chosen" : "";
      if (entry < 0) {
        cell.className = `code empty${chosen}`;
        cell.textContent = "";
        return;
      }
      const failed = column.code === "failed";
      cell.className = `code ${this.data.words[column.words[entry]][1]}${failed ? " failed" : ""}${chosen}`;
      cell.textContent = column.texts[entry];
      cell.style.setProperty("--share", Math.round(LEAST + (MOST - LEAST) * shareOf(this.data, place, index)));
    });
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
