// Why one parameter gets what it gets.

function triedList(tried) {
  const list = element("ul", "tried");
  for (const [state, mark, rule, why, ...came] of tried) {
    const words = element("span");
    words.append(element("b", "", rule), ` ${why}`);
    for (const piece of came) words.append(element("br"), element("span", "came", piece));
    const item = element("li", state);
    item.append(element("span", "", mark), words);
    list.append(item);
  }
  return list;
}

const forShell = (word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'"'"'`)}'`);

/** @param {Data} data */
function commandOf(data, index) {
  const strange = data.strange.length && [...inRanges(data.strange)].includes(index);
  return data.command && !strange ? `${data.command} ${forShell(data.names[index])}` : "";
}

/** @param {Data} data */
function explain(data, index, panel) {
  if (index < 0) {
    panel.replaceChildren(element("p", "quiet", "Press a parameter to see why it gets what it gets."));
    return;
  }
  const kind = data.kinds[data.kind[index]];
  const [shape, , size, owner, dtype] = data.makes[data.make[index]];
  const group = data.group[index];
  const parts = [element("h3", "", data.names[index])];
  for (const alias of data.aliases[index] ?? []) parts.push(element("p", "quiet", `= ${alias}`));
  const values = data.titles.map((title, place) => {
    const [text, exact] = kind.values[place];
    const shown = text.trim();
    // Six digits are shown: what has more is told in full.
    const rounded = exact && Number(shown.split(" ").at(-1)) !== Number(exact) && Number.isFinite(Number(exact));
    return [title, rounded ? `${shown} (${exact})` : shown];
  });
  parts.push(
    facts([
      ["shape", size && size !== shape ? `${shape} · ${size}` : shape],
      ["module", owner],
      ["dtype", dtype],
      ["trains", kind.frozen ? "no: frozen" : kind.out ? "no: in no group of an optimizer" : ""],
      ["group", group < 0 ? "" : `${grouped(group)} of ${grouped(kind.groups)}`],
      ["also in", kind.also],
      ...values,
      ["beside", kind.held.join(", ")],
    ]),
  );
  const why = data.whys[data.why[index]];
  for (const { title, note, tried } of why?.met ?? []) {
    parts.push(element("h4", "", title));
    if (note) parts.push(element("p", "quiet", note));
    parts.push(triedList(tried));
  }
  if (why?.sums.length) {
    parts.push(element("h4", "", "the arithmetic"));
    for (const sum of why.sums) parts.push(element("p", "sum", sum));
  }
  const command = data.whole ? "" : commandOf(data, index);
  if (command) {
    parts.push(element("h4", "", "every rule that was tried"));
    parts.push(element("code", "command", command), copier(command));
  }
  panel.replaceChildren(...parts);
  panel.scrollTop = 0;
}
