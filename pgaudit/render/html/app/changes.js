// A diff: the module that is pressed in the map, and the changes below it, which are marked in the list. Module and colours stand in
// the address.

const WHOLE = { at: "", by: "" };

class Changes {
  constructor(data) {
    this.data = data;
    this.lens = fromAddress(WHOLE);
    this.rows = [...document.querySelectorAll(".changes tbody tr")];
    this.map = new ModelMap(data.map, $("cells"), {
      onPress: (path) => this.change({ at: path }),
      onColour: (key) => this.change({ by: key }),
    });
    addEventListener("hashchange", () => {
      if (!location.hash.includes("=")) return;
      this.lens = fromAddress(WHOLE);
      this.apply();
    });
    document.addEventListener("click", goInside);
    document.addEventListener("keydown", (event) => this.key(event));
    this.apply();
  }

  change(what) {
    this.lens = { ...this.lens, ...what };
    toAddress(this.lens);
    this.apply();
  }

  apply() {
    const { at, by } = this.lens;
    this.map.show(at, by);
    const node = at && nodeAt(this.data.map.root, at);
    const marked = this.rows.filter((row, place) => row.classList.toggle("chosen", Boolean(node) && this.isBelow(place, node)));
    for (const list of document.querySelectorAll(".listing")) this.scrollTo(list, marked.find((row) => list.contains(row)));
    $("below").replaceChildren(...this.told(at, node, marked));
  }

  // Within its list, so that the map stays where it is.
  scrollTo(list, row) {
    if (row) list.scrollTop += row.getBoundingClientRect().top - list.getBoundingClientRect().top - list.clientHeight / 3;
  }

  isBelow(place, node) {
    for (const leaf of inRanges(this.data.lines[place])) if (leaf >= node.begin && leaf < node.end) return true;
    return false;
  }

  told(at, node, marked) {
    if (!at) return [];
    if (!node) return [`There is no module ${at}.`];
    const where = [" below ", element("code", "", at)];
    if (!marked.length) return ["No line of the list is", ...where, "."];
    const words = `${marked.length.toLocaleString("en")} of ${this.rows.length.toLocaleString("en")} lines`;
    const button = element("button", "", `show ${marked.length > 1 ? "them" : "it"}`);
    button.type = "button";
    button.addEventListener("click", () => marked[0].scrollIntoView({ block: "center" }));
    return [`${words} of the list ${marked.length > 1 ? "are" : "is"}`, ...where, " ", button];
  }

  key(event) {
    if (event.ctrlKey || event.metaKey || event.altKey || $("help").open || event.target.closest("select")) return;
    if (event.key === "Escape") this.change({ at: "" });
    else if (event.key === "?") $("help").showModal();
    else return;
    event.preventDefault();
  }
}

const mapAndLines = async (text) => {
  const data = await inflated(text);
  return { ...data, map: mapped(data.map) };
};
begin("map", mapAndLines, (data) => new Changes(data));
