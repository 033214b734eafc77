// A sweep: what is pressed changes the lens (names, order, cell), and the lens decides what is shown.

const CLEAR = { q: "", sort: "", cell: "" };
const LISTED = 2_000;

// What Python has packed (see render/sweep/html.py), with a column's entry for each model.
/** @returns {SweepData} */
function sweepOf(packed) {
  const names = packed.names === "" ? [] : packed.names.split("\n");
  const blocks = packed.blocks.map((block) => ({
    ...block,
    tensors: unstepped(block.tensors),
    decayed: unstepped(block.decayed),
    groups: unstepped(block.groups),
  }));
  const columns = blocks.flatMap((block, place) =>
    block.columns.map((column) => {
      const at = new Int32Array(names.length).fill(-1);
      unstepped(column.rows).forEach((row, entry) => (at[row] = entry));
      const failed = column.code === "failed";
      const texts = column.tensors.map((tensors) => (failed ? "✕" : tensors ? grouped(tensors) : "!"));
      return { ...column, at, texts, block: place, words: unstepped(column.words) };
    }),
  );
  return { ...packed, names, blocks, columns, aliases: {} };
}

// The share of a model's tensors that the findings of a column are about.
/** @param {SweepData} data */
function shareOf(data, place, index) {
  const column = data.columns[place];
  const all = data.blocks[column.block].tensors[index];
  return all ? Math.min(column.tensors[column.at[index]] / all, 1) : 0;
}

/** @param {SweepData} data */
function models(data, lens) {
  const keep = new Uint8Array(data.names.length).fill(1);
  for (const word of lens.q.toLowerCase().split(/\s+/).filter(Boolean)) withWord(data, word, keep);
  const rows = Int32Array.from(data.names.keys()).filter((index) => keep[index]);
  const sign = lens.sort.startsWith("-") ? -1 : 1;
  const key = lens.sort.replace(/^-/, "");
  const { names } = data;
  if (key === "model") return rows.sort((a, b) => sign * (names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : 0));
  const place = columnAt(data, key);
  if (place < 0) return rows;
  const { at, findings } = data.columns[place];
  const rank = Float64Array.from(names, (_, index) =>
    at[index] < 0 ? -1 : shareOf(data, place, index) + findings[at[index]] * 1e-9,
  );
  return rows.sort((a, b) => sign * (rank[a] - rank[b]) || a - b);
}

// A column by its name in the address: the config's number, a point, the code.
/** @param {SweepData} data */
function columnAt(data, key) {
  return data.columns.findIndex((column) => `${column.block}.${column.code}` === key);
}

/** @param {SweepData} data */
function tell(data, index, place, panel) {
  if (index < 0) {
    panel.replaceChildren(element("p", "quiet", "Press a cell to see what was found there."));
    return;
  }
  const parts = [element("h3", "", data.names[index])];
  const shown = place < 0 ? data.blocks : [data.blocks[data.columns[place].block]];
  for (const block of shown) {
    const all = block.tensors[index];
    const pairs = [["config", block.config]];
    if (all) pairs.push(["tensors", grouped(all)], ["decayed", grouped(block.decayed[index])], ["groups", grouped(block.groups[index])]);
    parts.push(facts(pairs));
    data.columns.forEach((column, at) => {
      if (data.blocks[column.block] !== block || (place >= 0 && at !== place)) return;
      const entry = column.at[index];
      if (entry < 0) {
        if (place >= 0) parts.push(element("p", "quiet", `${column.code} ${column.name}: not found here.`));
        return;
      }
      parts.push(...said(data, column, entry, all));
    });
    const command = commandOf(data, block, index);
    if (command) parts.push(element("code", "command", command), copier(command));
  }
  panel.replaceChildren(...parts);
  panel.scrollTop = 0;
}

/** @param {SweepData} data */
function said(data, column, entry, all) {
  const [name, severity, where, message, hint] = data.words[column.words[entry]];
  const tensors = column.tensors[entry];
  const heading = element("h4");
  const title = column.code === "failed" ? "not audited" : `${column.code} ${name}`;
  heading.append(element("b", "", title), " ", element("span", `sev-${severity}`, severity));
  const parts = [heading];
  if (tensors) {
    const share = `${((100 * tensors) / all).toPrecision(3).replace(/\.0+$/, "")} %`;
    const count = column.findings[entry] > 1 ? `${grouped(column.findings[entry])} findings, ` : "";
    parts.push(element("p", "quiet", `${count}${grouped(tensors)} of ${grouped(all)} tensors, ${share}`));
  }
  if (where) parts.push(element("p", "quiet", where));
  parts.push(element("p", "", message));
  if (hint) parts.push(element("p", "quiet", `→ ${hint}`));
  return parts;
}

/** @param {SweepData} data */
function commandOf(data, block, index) {
  if (!block.typed || data.strange.includes(index)) return "";
  return `pgaudit show ${data.typed[index] ?? data.names[index]} ${block.typed}${data.options}`;
}

// What paper gets: a line a model, and the codes under each config.
/** @param {SweepData} data */
function listed(data, rows) {
  const table = element("table");
  const head = element("tr");
  for (const title of ["model", ...data.blocks.map((block) => block.config)]) head.append(element("th", "", title));
  table.createTHead().append(head);
  const body = table.createTBody();
  for (const index of rows.slice(0, LISTED)) {
    const line = element("tr");
    line.append(element("td", "", data.names[index]));
    data.blocks.forEach((_, place) => {
      const found = data.columns.filter((column) => column.block === place && column.at[index] >= 0);
      const texts = found.map((column) => `${column.code} ${column.tensors[column.at[index]] || ""}`.trim());
      line.append(element("td", "", texts.join(", ")));
    });
    body.append(line);
  }
  const more = rows.length > LISTED ? [element("p", "", `the first ${grouped(LISTED)} models`)] : [];
  return [...more, table];
}

class Sweep {
  /** @param {SweepData} data */
  constructor(data) {
    this.data = data;
    this.lens = fromAddress(CLEAR);
    this.heat = new Heat(data, $("box"), {
      onPick: (index, place) => this.pick(index, place),
      onSort: (key) => this.change({ sort: this.nextOrder(key) }),
    });
    this.listen();
    this.apply({ reveal: true });
  }

  nextOrder(key) {
    const [first, second] = key === "model" ? [key, `-${key}`] : [`-${key}`, key];
    return this.lens.sort === first ? second : this.lens.sort === second ? "" : first;
  }

  change(what, { reveal = false } = {}) {
    this.lens = { ...this.lens, ...what };
    toAddress(this.lens);
    this.apply({ reveal });
  }

  pick(index, place, options) {
    const column = this.data.columns[place];
    const name = this.data.names[index];
    this.change({ cell: column ? `${column.block}.${column.code}.${name}` : `..${name}` }, options);
  }

  // The model and the column that the address names.
  /** @returns {[number, number]} */
  picked() {
    const [, block, code, name] = /^(\d*)\.([^.]*)\.(.*)$/.exec(this.lens.cell) ?? [];
    const index = name === undefined ? -1 : this.data.names.indexOf(name);
    return [index, index < 0 ? -1 : columnAt(this.data, `${block}.${code}`)];
  }

  apply({ reveal = false } = {}) {
    const { data, heat, lens } = this;
    const seen = `${lens.q}\n${lens.sort}`;
    if (seen !== this.seen) {
      this.seen = seen;
      heat.scrollTo(0);
      heat.show(models(data, lens));
      heat.showOrder(lens.sort);
      const [some, all] = [heat.rows.length, data.names.length].map(grouped);
      $("count").textContent = `${some} of ${all} models`;
    }
    if ($("filter").value !== lens.q) $("filter").value = lens.q;
    const picked = this.picked();
    if (String(picked) !== String(heat.picked) || reveal) {
      heat.pick(...picked);
      tell(data, ...picked, $("cell"));
    }
    if (reveal) heat.reveal(...picked);
  }

  listen() {
    $("filter").addEventListener("input", () => this.change({ q: $("filter").value.trim() }));
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return;
      this.lens = fromAddress(CLEAR);
      this.apply({ reveal: true });
    });
    document.addEventListener("keydown", (event) => this.key(event));
    document.addEventListener("click", goInside);
    addEventListener("beforeprint", () => $("print").replaceChildren(...listed(this.data, this.heat.rows)));
    addEventListener("afterprint", () => $("print").replaceChildren());
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open) return;
    const typing = event.target.closest("input");
    const inside = event.target === this.heat.box;
    const moves = { j: [1, 0], k: [-1, 0], l: [0, 1], h: [0, -1] };
    const arrows = { ArrowDown: [1, 0], ArrowUp: [-1, 0], ArrowRight: [0, 1], ArrowLeft: [0, -1] };
    const move = moves[event.key] ?? (inside ? arrows[event.key] : undefined);
    if (event.key === "Escape") {
      if (typing && !this.lens.q) typing.blur();
      else if (this.lens.q) this.change({ q: "" });
      else this.change({ cell: "" });
    } else if (typing) return;
    else if (event.key === "/") $("filter").focus();
    else if (event.key === "?") $("help").showModal();
    else if (move) this.step(move[0], move[1]);
    else return;
    event.preventDefault();
  }

  step(down, right) {
    const { rows } = this.heat;
    if (!rows.length) return;
    const within = (place, count) => Math.min(Math.max(place, 0), count - 1);
    const [index, place] = this.picked();
    const at = rows.indexOf(index);
    const row = at < 0 ? 0 : within(at + down, rows.length);
    const count = this.data.columns.length;
    this.pick(rows[row], count && (right || place >= 0) ? within(place + right, count) : -1, { reveal: true });
  }
}

begin("map", async (text) => sweepOf(await inflated(text)), (data) => new Sweep(data));
