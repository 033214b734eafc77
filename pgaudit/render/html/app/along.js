// The lrs along the model: a step for each block, a dot for each lr in it.

// Powers of ten; where these are few, what lies between them, too.
function logTicks(low, high) {
  const between = Math.log10(high / low) < 2.5 ? [1, 2, 5] : [1];
  const ticks = [];
  for (let power = Math.floor(Math.log10(low)); power <= Math.ceil(Math.log10(high)); power++)
    for (const step of between) ticks.push(Number(`${step}e${power}`));
  return ticks.filter((tick) => tick >= low && tick <= high);
}

// An axis on which all lrs are, and those above 0 of them are apart.
function lrAxis(lrs, isLog) {
  const above = lrs.filter((lr) => lr > 0);
  const [low, high] = [Math.min(...above), Math.max(...above)];
  if (above.length === 0) return { type: "linear", domain: [0, 1], ticks: [0] };
  if (!isLog) return { type: "linear", domain: [Math.min(0, ...lrs), high * 1.08], ticks: 5 };
  const domain = [low / 1.4, high * 1.4];
  return { type: "log", domain, ticks: logTicks(...domain) };
}

// The lr that most of a block has.
/** @param {Dot[]} dots */
function most(dots, block) {
  let found;
  for (const dot of dots) if (dot.block === block && !(found && found.share >= dot.share)) found = dot;
  return found;
}

/** @extends {Roving<Dot>} */
class AlongPicture extends Roving {
  /** @param {Along} picture */
  constructor(picture, blocks, onPress) {
    super(element("div", "drawing"));
    this.picture = picture;
    this.onPress = onPress;
    this.own = blocks.slice(picture.first, picture.first + picture.names.length);
    this.dots = picture.dots.map(([block, lr, lrWords, size, share, colour]) => ({ block, lr, lrWords, size, share, colour }));
    this.whole = element("div", "picture");
    if (picture.title) this.whole.append(element("h3", "", picture.title));
    this.told = element("p", "told press");
    this.whole.append(this.box, this.told);
    if (picture.rest) this.whole.append(element("p", "none", picture.rest));
    this.box.addEventListener("focusin", (event) => {
      const dot = this.itemAt(event.target);
      this.told.textContent = dot ? this.says(dot).join(" · ") : "";
    });
    this.box.addEventListener("focusout", () => (this.told.textContent = ""));
    new ResizeObserver(() => {
      if (this.box.clientWidth && this.box.clientWidth !== this.width) this.draw();
    }).observe(this.box);
  }

  press(dot) {
    this.onPress(this.own[dot.block]);
  }

  moves(dot) {
    const inBlock = this.dots.filter((each) => each.block === dot.block).sort((a, b) => (a.lr ?? 0) - (b.lr ?? 0));
    const above = (step) => inBlock[inBlock.indexOf(dot) + step];
    return {
      ArrowLeft: () => most(this.dots, dot.block - 1),
      ArrowRight: () => most(this.dots, dot.block + 1),
      ArrowUp: () => above(1),
      ArrowDown: () => above(-1),
      Home: () => most(this.dots, 0),
      End: () => most(this.dots, this.own.length - 1),
    };
  }

  draw() {
    this.width = this.box.clientWidth;
    const { names, what, words, log } = this.picture;
    const lrs = this.dots.map((dot) => dot.lr).filter((lr) => lr !== null);
    const axis = lrAxis(lrs, log);
    const isShown = (dot) => dot.lr !== null && dot.lr >= axis.domain[0] && dot.lr <= axis.domain[1];
    const shown = this.dots.filter(isShown);
    const beside = this.dots.filter((dot) => !isShown(dot));
    const longest = Math.max(...names.map((name) => [...name].length));
    const room = Math.max(this.width / 3.2, 150);
    const letters = Math.min(longest, Math.floor(room / 5.4), 34);
    const short = (name) => (Array.from(name).length > letters ? `…${Array.from(name).slice(1 - letters).join("")}` : name);
    const every = Math.ceil((names.length * 15) / (this.width - 100));
    const indices = names.map((_, index) => index);
    const bottom = 18 + letters * 4.5;
    const y = (dot) => dot.lr;
    const svg = Plot.plot({
      width: this.width,
      height: 200 + bottom,
      marginLeft: Math.max(64, letters * 5.8 - (this.width - 100) / names.length / 2),
      marginBottom: bottom,
      marginRight: 20,
      marginTop: 26,
      style: { background: "none", fontSize: "12px", overflow: "visible" },
      x: { type: "point", domain: indices, padding: 0.6 },
      y: { type: axis.type, domain: axis.domain, label: null },
      r: { domain: [0, 1], range: [3, 13] },
      marks: [
        Plot.gridY(axis.ticks instanceof Array ? axis.ticks : { ticks: axis.ticks }),
        // Of a tickFormat, a logarithm leaves out what is not near a power of ten.
        Plot.axisY({ ticks: axis.ticks, text: (lr) => plain(lr), label: axis.type === "log" ? `${what}, log scale` : what }),
        Plot.axisX(
          indices.filter((index) => index % every === 0),
          { tickFormat: (index) => short(names[index]), tickRotate: -38, textAnchor: "end", label: null },
        ),
        Plot.lineY(indices.map((block) => ({ block, lr: most(shown, block)?.lr ?? NaN })), { x: "block", y, curve: "step", stroke: "currentColor", className: "line-between" }),
        Plot.dot(shown, { x: "block", y, r: "share", title: (dot) => this.says(dot).join("\n"), className: "dots" }),
        Plot.text(beside, { x: "block", frameAnchor: "bottom", dy: -6, text: (dot) => dot.lrWords.split(" ")[0],
          title: (dot) => this.says(dot).join("\n"), className: "beside" }),
      ],
    });
    for (const each of svg.querySelectorAll("[aria-label], [aria-description]")) {
      each.removeAttribute("aria-label");
      each.removeAttribute("aria-description");
    }
    svg.setAttribute("role", "group");
    svg.setAttribute("aria-label", words);
    this.pressable(svg, ".dots circle", shown);
    this.pressable(svg, ".beside text", beside);
    this.put(svg, this.dots, this.dots[0]);
    this.mark(this.at ?? "");
  }

  // What Plot has drawn knows which of the dots it is.
  pressable(svg, selector, dots) {
    for (const each of svg.querySelectorAll(selector)) {
      const dot = dots[each.__data__];
      each.classList.add(dot.colour);
      each.dataset.block = dot.block;
      each.dataset.item = this.dots.indexOf(dot);
      each.setAttribute("role", "button");
      each.setAttribute("aria-label", this.says(dot).join(", "));
      each.setAttribute("tabindex", -1);
    }
  }

  /** @param {Dot} dot */
  says({ block, lrWords, size }) {
    return [this.picture.names[block], `${this.picture.what} ${lrWords}`, size];
  }

  mark(at) {
    this.at = at;
    const chosen = String(this.own.indexOf(at));
    for (const each of this.box.querySelectorAll("[data-block]")) {
      each.classList.toggle("chosen", each.dataset.block === chosen);
      each.setAttribute("aria-pressed", each.dataset.block === chosen);
    }
  }
}

/** @param {Data} data */
function alongPictures(data, onPress) {
  const pictures = data.along.map((picture) => new AlongPicture(picture, data.blocks, onPress));
  $("pictures")?.replaceChildren(...pictures.map((picture) => picture.whole));
  return pictures;
}
