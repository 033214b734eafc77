// What all pages do with what Python has packed.

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

// Whether an index lies in one of some ranges: begin, length, begin, length ...
function* inRanges(ranges) {
  for (let at = 0; at < ranges.length; at += 2)
    for (let index = ranges[at]; index < ranges[at] + ranges[at + 1]; index++) yield index;
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
