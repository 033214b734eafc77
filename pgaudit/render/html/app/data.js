// What Python has packed (see rows.py): columns of parameters, and what they share.

function unstepped(steps) {
  const column = new Int32Array(steps.length);
  let value = 0;
  for (let at = 0; at < steps.length; at++) column[at] = value += steps[at];
  return column;
}

async function inflated(text) {
  const bytes = Uint8Array.from(atob(text.trim()), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

/** @returns {Promise<Data>} */
async function unpacked(text) {
  const data = await inflated(text);
  data.names = data.names === "" && data.make.length === 0 ? [] : data.names.split("\n");
  for (const column of ["make", "kind", "group", "why", "leaf", "block"]) data[column] = unstepped(data[column]);
  data.map = mapped(data.map);
  return data;
}

// The tree of the map, with what stands for each node in the address: its path, and the span of the leaves below it.
function mapped(root) {
  let leaves = 0;
  const node = ([name, width, size, words, lr, decay, rule, inside], parent) => {
    const made = { name, size, words, looks: { lr, decay, rule }, width: inside.length ? 0 : width, parent };
    made.path = !parent ? "" : parent.path ? `${parent.path}.${name}` : name;
    made.begin = leaves;
    if (inside.length) made.children = inside.map((each) => node(each, made));
    else leaves++;
    made.end = leaves;
    return made;
  };
  return node(root, null);
}

/** @param {MapNode} node @returns {MapNode | undefined} */
function nodeAt(node, path) {
  if (node.path === path) return node;
  const inside = node.children?.find((each) => path === each.path || path.startsWith(`${each.path}.`));
  return inside && nodeAt(inside, path);
}

// Whether a row is below a module: one of the map's, a block of the pictures, or any by the name that a person writes.
/** @param {Data} data */
function below(data, at) {
  const node = nodeAt(data.map, at);
  if (node) return (index) => data.leaf[index] >= node.begin && data.leaf[index] < node.end;
  const block = data.blocks.indexOf(at);
  if (block >= 0) return (index) => data.block[index] === block;
  const has = (index) => data.names[index] === at || data.names[index].startsWith(`${at}.`);
  return data.names.some((_, index) => has(index)) ? has : null;
}

// Whether an index lies in one of some ranges: begin, length, begin, length ...
function* inRanges(ranges) {
  for (let at = 0; at < ranges.length; at += 2)
    for (let index = ranges[at]; index < ranges[at] + ranges[at + 1]; index++) yield index;
}

// The rows that a lens lets through, in its order.
/** @param {Data} data */
function chosen(data, lens) {
  const count = data.names.length;
  const keep = new Uint8Array(count).fill(1);
  const about = data.findings[lens.finding];
  if (about?.length) {
    keep.fill(0);
    for (const index of inRanges(about)) keep[index] = 1;
  }
  const bar = data.bars.findIndex(([key]) => key === lens.rule);
  if (bar >= 0) {
    const has = data.kinds.map((kind) => kind.bars.includes(bar));
    for (let index = 0; index < count; index++) if (!has[data.kind[index]]) keep[index] = 0;
  }
  const isBelow = lens.at && below(data, lens.at);
  if (isBelow) for (let index = 0; index < count; index++) if (!isBelow(index)) keep[index] = 0;
  for (const word of lens.q.toLowerCase().split(/\s+/).filter(Boolean)) withWord(data, word, keep);
  let length = 0;
  for (let index = 0; index < count; index++) length += keep[index];
  const rows = new Int32Array(length);
  for (let index = 0, at = 0; index < count; index++) if (keep[index]) rows[at++] = index;
  return sorted(data, rows, lens.sort);
}

// Takes out what has a word neither in its name nor in an alias; a star stands for anything.
/** @param {Named} data */
function withWord(data, word, keep) {
  data.lowered ??= data.names.map((name) => name.toLowerCase());
  const parts = word.split("*").map((part) => part.replace(/[.+?^${}()|[\]\\]/g, "\\$&"));
  const glob = parts.length > 1 && new RegExp(parts.join(".*"));
  const has = glob ? (name) => glob.test(name) : (name) => name.includes(word);
  for (let index = 0; index < keep.length; index++)
    if (keep[index] && !has(data.lowered[index]) && !data.aliases[index]?.some((alias) => has(alias.toLowerCase())))
      keep[index] = 0;
}

// A column by which rows are sorted, as numbers; null for names, and undefined for what is no column.
/** @param {Data} data */
function sortable(data, title) {
  if (title === "parameter") return null;
  if (title === "shape") return Float64Array.from(data.make, (make) => data.makes[make][1]);
  if (title === "rule") return Int32Array.from(data.kind, (kind) => data.kinds[kind].bars[0] ?? -1);
  const place = data.titles.indexOf(title);
  return place < 0 ? undefined : Int32Array.from(data.kind, (kind) => data.kinds[kind].values[place][4]);
}

/** @param {Data} data */
function sorted(data, rows, sort) {
  const keys = sortable(data, sort.replace(/^-/, ""));
  if (keys === undefined) return rows;
  const sign = sort.startsWith("-") ? -1 : 1;
  const names = data.names;
  // Rows that are equal stay in the order of the model.
  return keys === null
    ? rows.sort((a, b) => sign * (names[a] < names[b] ? -1 : names[a] > names[b] ? 1 : 0) || a - b)
    : rows.sort((a, b) => sign * (keys[a] - keys[b]) || a - b);
}

// Reads what is packed and shows it, and all that is of use only then; or says why it cannot.
async function begin(what, read, show) {
  $("keys").addEventListener("click", () => $("help").showModal());
  try {
    const data = await read($("data").textContent);
    $("data").remove();
    for (const each of $$(".seeing, .lens, .split, .drawn")) each.hidden = false;
    show(data);
    document.documentElement.dataset.ready = "true";
  } catch (/** @type {any} */ error) {
    $("trouble").textContent = `The ${what} cannot be shown: ${error.message}. A browser of 2023 or later can.`;
    $("trouble").hidden = false;
  }
}
