// Rows of which only those are drawn that are seen. Who builds upon this says what stands in the head and in a row.

// Firefox shows nothing of an element that is higher than some 17.8 million pixels: of more rows, the bar of the box
// goes through a height of its own, and one pixel of it stands for several of the rows.
const HIGHEST = 16_000_000;

/** @template {Named} D */
class VirtualRows {
  /** @param {D} data */
  constructor(data, box) {
    this.data = data;
    this.box = box;
    this.head = box.querySelector(".head");
    this.canvas = box.querySelector(".canvas");
    this.rows = new Int32Array();
    this.offset = 0; // how far down the rows are seen, in their pixels
    this.pool = [];
  }

  // Begins to follow what is seen of the box; `overscan` more rows are drawn on both sides.
  watch(overscan) {
    this.virtualizer = new virtual.Virtualizer({
      count: 0,
      getScrollElement: () => this.box,
      estimateSize: () => this.height,
      overscan,
      scrollToFn: (offset) => this.scrollTo(offset),
      observeElementRect: virtual.observeElementRect,
      observeElementOffset: (_, tell) => {
        this.tell = tell;
      },
      onChange: () => this.draw(),
    });
    this.virtualizer._didMount();
    this.virtualizer._willUpdate();
    this.box.addEventListener("scroll", () => this.scrolled());
    this.box.addEventListener("wheel", (event) => this.wheel(event), { passive: false });
  }

  // How high a row is; a style may change it.
  measureRow() {
    this.height = parseInt(getComputedStyle(this.box).getPropertyValue("--row"), 10);
  }

  // How wide a letter of the head is.
  measureLetter() {
    const probe = element("span", "", "0".repeat(100));
    this.head.append(probe);
    this.letter = probe.getBoundingClientRect().width / 100;
    probe.remove();
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

  show(rows) {
    this.rows = rows;
    this.virtualizer.setOptions({ ...this.virtualizer.options, count: rows.length });
    this.virtualizer.measure();
    this.virtualizer._willUpdate();
    this.canvas.style.height = `${Math.min(rows.length * this.height, HIGHEST)}px`;
    this.box.setAttribute("aria-rowcount", rows.length + this.head.children.length);
    this.scrollTo(this.offset);
  }

  draw() {
    const items = this.virtualizer.getVirtualItems();
    const above = this.box.scrollTop - this.offset;
    while (this.pool.length < items.length) this.pool.push(this.newRow());
    this.pool.forEach((row, at) => {
      row.hidden = at >= items.length;
      if (row.hidden) return;
      const { index, start } = items[at];
      row.style.transform = `translateY(${start + above}px)`;
      row.setAttribute("aria-rowindex", index + 1 + this.head.children.length);
      this.fill(row, this.rows[index]);
    });
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
}
