// The lr over the run. What is drawn and what its lines are called comes from schedules.py; the colours are those that
// the table below has in the theme that is worn.

const HEIGHT = 270;
const SELDOM = 0.02; // so much of a run may leave a logarithm's picture at its bottom: a cosine comes to 0

const threeDigits = (lr) => (typeof lr === "number" ? plain(lr, 3) : "–");

class Schedule {
  /** @param {Courses} data */
  constructor(data, picture) {
    this.data = data;
    this.steps = unstepped(data.steps);
    this.box = picture.querySelector(".plot");
    this.rows = [...picture.querySelectorAll("tbody tr")];
    this.swatches = this.rows.map((row) => row.querySelector(".swatch"));
    this.cells = this.rows.map((row) => row.querySelector(".now"));
    this.head = picture.querySelector("thead .now");
    this.nowhere = this.head.textContent;
    this.button = picture.querySelector(".scale");
    this.measure();
    this.listen();
    this.draw();
  }

  // From where to where a logarithm goes, if it is of use.
  measure() {
    const known = this.data.lines.map((line) => line.map((lr) => lr ?? 0).filter((lr) => lr > 0)).filter((line) => line.length);
    this.most = Math.max(...known.map((line) => Math.max(...line)), 0);
    const floor = Math.min(...known.map((line) => line.sort((a, b) => a - b)[Math.floor(SELDOM * line.length)]), this.most);
    this.log = this.data.log;
    this.floor = 0.8 * floor;
    this.button.hidden = !this.log;
  }

  listen() {
    this.button.addEventListener("click", () => {
      this.log = !this.log;
      this.draw();
    });
    this.rows.forEach((row, at) => {
      row.addEventListener("pointerenter", () => this.plot.setSeries(at + 1, { focus: true }));
      row.addEventListener("pointerleave", () => this.plot.setSeries(null, { focus: false }));
    });
    new ResizeObserver(() => {
      const width = this.box.clientWidth;
      if (width && width !== this.plot.width) this.plot.setSize({ width, height: HEIGHT });
    }).observe(this.box);
  }

  draw() {
    this.plot?.destroy();
    const style = getComputedStyle(this.box);
    this.ink = style.color;
    this.font = `12px ${style.getPropertyValue("--mono")}`;
    const probe = element("i");
    this.box.append(probe);
    const colour = (name) => {
      probe.style.color = `var(${name})`;
      return getComputedStyle(probe).color;
    };
    this.muted = colour("--muted");
    this.faint = colour("--line");
    probe.remove();
    this.button.textContent = this.log ? "log scale → linear" : "linear scale → log";
    this.plot = new uplot.Plot(this.options(), [this.steps, ...this.drawn()], this.box);
  }

  // A logarithm has no place for 0: what is below the floor leaves the picture there.
  drawn() {
    if (!this.log) return this.data.lines;
    return this.data.lines.map((line) => line.map((lr) => (lr === null ? null : Math.max(lr, this.floor / 2))));
  }

  options() {
    const axis = { stroke: this.muted, font: this.font, grid: { stroke: this.faint, width: 1 }, ticks: { show: false } };
    return {
      width: this.box.clientWidth || 680,
      height: HEIGHT,
      padding: [14, 30, 0, 0],
      pxAlign: 0,
      legend: { show: false },
      focus: { alpha: 0.2 },
      cursor: { y: false, drag: { x: false, y: false }, points: { size: 7 } },
      scales: { x: { time: false }, y: this.log ? this.logScale() : { range: [0, this.most * 1.06 || 1] } },
      axes: [
        { ...axis, size: 30, space: 70, values: (_, at) => at.map((step) => (step % 1 ? "" : grouped(step))) },
        { ...axis, size: 72, values: (_, at) => at.map(threeDigits), ...(this.log ? this.logAxis() : {}) },
      ],
      series: [
        {},
        ...this.swatches.map((swatch) => ({
          stroke: getComputedStyle(swatch).backgroundColor,
          width: 2,
          points: { show: false },
        })),
      ],
      hooks: { drawAxes: [(plot) => this.dashes(plot)], setCursor: [(plot) => this.tell(plot.cursor.idx)] },
    };
  }

  logScale() {
    return { distr: 3, range: [this.floor, this.most * 1.25] };
  }

  logAxis() {
    const digits = this.most / this.floor > 300 ? [1] : this.most / this.floor > 30 ? [1, 3] : [1, 2, 5];
    const places = [];
    for (let ten = Math.floor(Math.log10(this.floor)); 10 ** ten <= this.most * 1.25; ten++)
      for (const digit of digits) places.push(Number(`${digit}e${ten}`));
    const seen = places.filter((place) => place >= this.floor && place <= this.most * 1.25);
    return { splits: () => seen, filter: (_, splits) => splits };
  }

  // Where the schedule turns; the end of the warm-up is named.
  dashes(plot) {
    const { ctx, bbox } = plot;
    const { turns, warm } = this.data;
    const dot = devicePixelRatio;
    ctx.save();
    ctx.lineWidth = dot;
    ctx.setLineDash([4 * dot, 4 * dot]);
    for (const step of new Set([...turns, ...(warm ? [warm] : [])])) {
      const x = Math.round(plot.valToPos(step, "x", true));
      ctx.strokeStyle = step === warm ? this.ink : this.muted;
      ctx.beginPath();
      ctx.moveTo(x, bbox.top);
      ctx.lineTo(x, bbox.top + bbox.height);
      ctx.stroke();
      if (step !== warm) continue;
      const words = "warm-up ends";
      ctx.font = `${12 * dot}px ${getComputedStyle(this.box).getPropertyValue("--mono")}`;
      ctx.fillStyle = this.muted;
      ctx.textBaseline = "bottom";
      ctx.textAlign = "left";
      const room = bbox.left + bbox.width - x - ctx.measureText(words).width;
      if (room < 8 * dot) ctx.textAlign = "right";
      ctx.fillText(words, x, bbox.top - 1 * dot);
    }
    ctx.restore();
  }

  tell(at) {
    const there = at !== null && at !== undefined;
    this.head.textContent = there ? `${this.data.unit} ${grouped(this.steps[at])}` : this.nowhere;
    this.cells.forEach((cell, line) => (cell.textContent = there ? threeDigits(this.data.lines[line][at]) : ""));
  }
}

/** @param {Courses[]} all */
function drawSchedules(all) {
  const pictures = $$("#schedules .picture");
  const drawn = all.map((data, at) => new Schedule(data, pictures[at]));
  const again = () => drawn.forEach((each) => each.draw());
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
  // The button wears a theme there.
  new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["style"] });
  // Paper is light, and narrower.
  const section = $("schedules");
  addEventListener("beforeprint", () => {
    section.style.colorScheme = "light";
    section.style.width = "680px";
    again();
  });
  addEventListener("afterprint", () => {
    section.style.colorScheme = section.style.width = "";
    again();
  });
}
