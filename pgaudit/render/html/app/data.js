// A report as Python has packed it (see rows.py): columns of parameters, and what they share; and which of them a lens lets through.

/** @returns {Promise<Data>} */
async function unpacked(text) {
  const data = await inflated(text);
  data.names = data.names === "" && data.make.length === 0 ? [] : data.names.split("\n");
  for (const column of ["make", "kind", "group", "why", "leaf", "block"]) data[column] = unstepped(data[column]);
  data.map = mapped(data.map);
  return data;
}

// Whether a row is below a module: one of the map's, a block of the pictures, or any by the name that a person writes.
/** @param {Data} data */
function below(data, at) {
  const node = nodeAt(data.map.root, at);
  if (node) return (index) => data.leaf[index] >= node.begin && data.leaf[index] < node.end;
  const block = data.blocks.indexOf(at);
  if (block >= 0) return (index) => data.block[index] === block;
  const has = (index) => data.names[index] === at || data.names[index].startsWith(`${at}.`);
  return data.names.some((_, index) => has(index)) ? has : null;
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

// A column by which rows are sorted, as numbers; null for names, and undefined for what is no column.
/** @param {Data} data */
function sortable(data, title) {
  if (title === "parameter") return null;
  if (title === "shape") return Float64Array.from(data.make, (make) => data.makes[make][1]);
  if (title === data.by) return Int32Array.from(data.kind, (kind) => data.kinds[kind].bars[0] ?? -1);
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
