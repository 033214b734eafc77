// The page: what is pressed changes the lens, and the lens decides what is shown.

class Page {
  /** @param {Data} data */
  constructor(data) {
    this.data = data;
    this.lens = fromAddress(NOTHING);
    this.table = new Table(data, $("box"), {
      onPick: (index) => this.change({ p: data.names[index] }),
      onSort: (title) => this.change({ sort: this.nextOrder(title) }),
    });
    this.map = new ModelMap(data.map, $("cells"), {
      onPress: (path) => this.change({ at: path }),
      onColour: (key) => this.change({ by: key }),
    });
    this.pictures = alongPictures(data, (block) => this.toggle("at", block));
    this.listen();
    this.apply({ reveal: true });
  }

  // Values begin with the highest, all else with the first.
  nextOrder(title) {
    const descends = this.data.titles.includes(title) || title === "shape";
    const [first, second] = descends ? [`-${title}`, title] : [title, `-${title}`];
    return this.lens.sort === first ? second : this.lens.sort === second ? "" : first;
  }

  change(what, { reveal = false } = {}) {
    this.lens = { ...this.lens, ...what };
    toAddress(this.lens);
    this.apply({ reveal });
  }

  toggle(key, value) {
    this.change({ [key]: this.lens[key] === value ? "" : value });
  }

  apply({ reveal = false } = {}) {
    const { data, table, lens } = this;
    const seen = [lens.q, lens.rule, lens.finding, lens.at, lens.sort].join("\n");
    if (seen !== this.seen) {
      this.seen = seen;
      table.scrollTo(0);
      table.show(chosen(data, lens));
      table.showOrder(lens.sort);
      this.mark();
      this.count();
      this.chips();
    }
    this.map.show(lens.at, lens.by);
    for (const picture of this.pictures) picture.mark(lens.at);
    if ($("filter").value !== lens.q) $("filter").value = lens.q;
    const picked = lens.p ? data.names.indexOf(lens.p) : -1;
    if (picked !== table.picked || reveal) {
      table.pick(picked);
      explain(data, picked, $("why"));
    }
    if (reveal) table.reveal(picked);
  }

  count() {
    const { rows } = this.table;
    const all = this.data.names.length;
    $("count").textContent = `${grouped(rows.length)} of ${grouped(all)} tensors`;
    $("shown").textContent = rows.length < all ? `${grouped(rows.length)} of ${grouped(all)}` : "";
  }

  chipTexts() {
    const { q, rule, finding, at } = this.lens;
    const bar = this.data.bars.find(([key]) => key === rule);
    const about = this.data.findings[finding];
    const none = about && !about.length ? " (about no parameter)" : "";
    const by = this.data.by === "rule" ? "rule" : "setting";
    return [
      ["q", q && `name: ${q}`],
      ["rule", rule && (bar ? `${by}: ${bar[1]}` : `${by}: ${rule} (no such ${by})`)],
      ["finding", finding && (about ? `finding: ${finding}${none}` : `finding: ${finding} (no such finding)`)],
      ["at", at && (below(this.data, at) ? `module: ${at}` : `module: ${at} (no such module)`)],
    ].filter(([, text]) => text);
  }

  chips() {
    const items = this.chipTexts().map(([key, text]) => {
      const button = element("button", "", `${text} ✕`);
      button.type = "button";
      button.setAttribute("aria-label", `take off ${text}`);
      button.addEventListener("click", () => this.change({ [key]: "" }));
      const item = element("li");
      item.append(button);
      return item;
    });
    $("chips").replaceChildren(...items);
  }

  // Which finding, which line of the config and which bar the lens has.
  mark() {
    const { rule, finding } = this.lens;
    for (const each of $$(".notice, .line, [data-rule]")) each.classList.remove("chosen");
    for (const bar of $$("[data-rule]")) bar.classList.toggle("chosen", bar.dataset.rule === rule);
    for (const notice of $$(".notice")) {
      if (!finding || notice.dataset.finding !== finding) continue;
      notice.classList.add("chosen");
      const line = $(notice.querySelector("a")?.hash.slice(1));
      if (!line?.classList.contains("line")) continue;
      line.classList.add("chosen");
      const file = line.parentElement;
      file.scrollTop += line.getBoundingClientRect().top - file.getBoundingClientRect().top - file.clientHeight / 3;
    }
  }

  listen() {
    $("filter").addEventListener("input", () => this.change({ q: $("filter").value.trim() }));
    $("save").addEventListener("click", () => save(csvOf(this.data, this.table.rows), "parameters.csv"));
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return;
      this.lens = fromAddress(NOTHING);
      this.apply({ reveal: true });
    });
    document.addEventListener("click", (event) => this.press(event));
    document.addEventListener("keydown", (event) => this.key(event));
    addEventListener("beforeprint", () => {
      const chips = this.chipTexts().map(([, text]) => text);
      $("print").replaceChildren(...printable(this.data, this.table.rows, chips));
    });
    addEventListener("afterprint", () => $("print").replaceChildren());
  }

  press(event) {
    const pressed = event.target.closest("[data-finding], [data-rule]");
    if (pressed) {
      event.preventDefault();
      const { finding, rule } = pressed.dataset;
      if (finding === undefined) this.toggle("rule", rule);
      else this.toggle("finding", finding);
    } else goInside(event);
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const typing = event.target.closest("input, select");
    if (event.key === "Escape") this.escape(typing);
    else if (typing) return;
    else if (event.key === "/") $("filter").focus();
    else if (event.key === "?") $("help").showModal();
    else if (event.key === "j" || (event.key === "ArrowDown" && event.target === this.table.box)) this.step(1);
    else if (event.key === "k" || (event.key === "ArrowUp" && event.target === this.table.box)) this.step(-1);
    else return;
    event.preventDefault();
  }

  step(places) {
    const index = this.table.after(places);
    if (index >= 0) this.change({ p: this.data.names[index] }, { reveal: true });
  }

  escape(typing) {
    if (typing && (typing !== $("filter") || !this.lens.q)) typing.blur();
    else if (typing) this.change({ q: "" });
    else if (this.lens.p) this.change({ p: "" });
    else this.change({ q: "", rule: "", finding: "", at: "" });
  }
}

begin("table", unpacked, (data) => {
  new Page(data);
  if (data.schedules) drawSchedules(data.schedules);
});
