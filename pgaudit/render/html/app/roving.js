// A picture with items that are pressed: Tab goes to one of them, the arrows from there to others, and Enter and the space
// bar do what a press does. Who builds upon this says what a press is, and where a key goes.

/** @template T */
class Roving {
  constructor(box) {
    this.box = box;
    /** @type {T[]} */
    this.items = [];
    box.addEventListener("click", (event) => {
      const item = this.itemAt(event.target);
      if (item) this.press(item);
    });
    box.addEventListener("keydown", (event) => this.key(event));
  }

  itemAt(target) {
    const at = target.closest?.("[data-item]")?.dataset.item;
    return at === undefined ? null : this.items[Number(at)];
  }

  elementOf(item) {
    return this.box.querySelector(`[data-item="${this.items.indexOf(item)}"]`);
  }

  // Shows a drawing of some items. The keyboard stays at its item, or goes to another where that is no more.
  put(svg, items, other) {
    const held = this.box.contains(document.activeElement) ? this.itemAt(document.activeElement) : null;
    this.items = items;
    this.box.replaceChildren(svg);
    const here = items.includes(held) ? held : other;
    this.rove(here);
    if (held) this.elementOf(here).focus({ preventScroll: true });
  }

  // The one item to which Tab goes.
  rove(item) {
    this.box.querySelector("[tabindex='0']")?.setAttribute("tabindex", -1);
    this.elementOf(item).setAttribute("tabindex", 0);
  }

  key(event) {
    const item = this.itemAt(event.target);
    if (!item || event.ctrlKey || event.metaKey || event.altKey) return;
    const go = this.moves(item)[event.key];
    if (event.key === "Enter" || event.key === " ") this.press(item);
    else if (go) {
      const to = go();
      if (to) {
        this.rove(to);
        this.elementOf(to).focus();
      }
    } else return;
    event.preventDefault();
    event.stopPropagation();
  }
}
