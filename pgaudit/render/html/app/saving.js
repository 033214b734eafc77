// What leaves the page: a file for a spreadsheet, and paper.

const PRINTED = 2_000;

// A spreadsheet takes a text that begins with one of these for a formula.
function field(text) {
  const safe = /^[=+\-@\t\r]/.test(text) ? `'${text}` : text;
  return /[",\n']/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

/** @param {Data} data */
function csvOf(data, rows) {
  const lines = [["name", "shape", "parameters", ...data.titles, "decided by", "group"].map(field).join(",")];
  for (const index of rows) {
    const kind = data.kinds[data.kind[index]];
    const [shape, numel] = data.makes[data.make[index]];
    const words = kind.words.map(([word]) => word).join(" · ");
    const exact = kind.values.map(([, number]) => number);
    const group = data.group[index] < 0 ? "" : data.group[index];
    lines.push([field(data.names[index]), field(shape), numel < 0 ? "" : numel, ...exact, field(words), group].join(","));
  }
  return `${lines.join("\n")}\n`;
}

function save(text, name) {
  const link = element("a");
  link.href = URL.createObjectURL(new Blob([text], { type: "text/csv" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}

/** @param {Data} data */
function printable(data, rows, chips) {
  const shown = rows.slice(0, PRINTED);
  const words = [`${grouped(rows.length)} of ${grouped(data.names.length)} tensors`, ...chips];
  if (shown.length < rows.length) words.push(`the first ${grouped(PRINTED)} of them`);
  const table = element("table");
  const head = element("tr");
  for (const title of ["parameter", "shape", ...data.titles, "decided by"]) head.append(element("th", "", title));
  table.createTHead().append(head);
  const body = table.createTBody();
  for (const index of shown) {
    const kind = data.kinds[data.kind[index]];
    const line = element("tr");
    const cells = [data.names[index], data.makes[data.make[index]][0], ...kind.values.map(([text]) => text)];
    for (const text of cells) line.append(element("td", "", text));
    const decided = element("td");
    decided.append(...kind.words.map((word) => swatched(data, word)));
    line.append(decided);
    body.append(line);
  }
  return [element("p", "", words.join(" · ")), table];
}
