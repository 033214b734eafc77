// For those who read the scripts, and for tsc, which checks them: what Python packs into a page (see rows.py, along.py,
// schedules.py, render/sweep/html.py), what is made of it, and other people's scripts. Nothing of it is in a page.

declare const hierarchy: any; // vendor/hierarchy.js
declare const Plot: any; // vendor/plot.js
declare const uplot: any; // vendor/uplot.js
declare const virtual: any; // vendor/virtual-core.js

/** Begin and length of each run, one after the other. */
type Ranges = number[];

/** Rows that a filter goes through. */
interface Named {
  names: string[];
  aliases: Record<number, string[]>;
  lowered?: string[];
}

/** A report. */
interface Data extends Named {
  titles: string[];
  by: string;
  strange: Ranges;
  make: Int32Array;
  makes: [shape: string, numel: number, size: string, owner: string, dtype: string][];
  kind: Int32Array;
  kinds: Kind[];
  group: Int32Array;
  why: Int32Array;
  whys: { met?: { title: string; note: string; tried: string[][] }[]; sums: string[] }[];
  whole: boolean;
  command: string;
  map: MapData;
  leaf: Int32Array;
  along: Along[];
  blocks: string[];
  block: Int32Array;
  bars: [key: string, label: string, colour: string][];
  findings: Record<string, Ranges>;
  schedules?: Courses[];
}

/** What all parameters get that get the same from the same. */
interface Kind {
  values: [text: string, exact: string, side: number, shade: number, rank: number][];
  words: [text: string, bar: number][];
  bars: number[];
  frozen: boolean;
  out: boolean;
  also: string;
  held: string[];
  groups: number;
}

/** A map of a model; see model_map.py. */
interface MapData {
  root: MapNode;
  by: [key: string, title: string][];
  legend: [look: string, words: string][];
  looks: [look: string, shade: number][];
}

interface MapNode {
  name: string;
  path: string;
  size: string;
  words: string[];
  looks: number[];
  width: number;
  parent: MapNode | null;
  begin: number;
  end: number;
  children?: MapNode[];
}

/** A picture of the lrs along the model. */
interface Along {
  title: string;
  what: string;
  first: number;
  names: string[];
  dots: [block: number, lr: number | null, lrWords: string, size: string, share: number, colour: string][];
  log: boolean;
  words: string;
  rest: string;
}

interface Dot {
  block: number;
  lr: number | null;
  lrWords: string;
  size: string;
  share: number;
  colour: string;
}

/** The lrs over the run. */
interface Courses {
  unit: string;
  steps: number[];
  turns: number[];
  warm: number;
  log: boolean;
  lines: (number | null)[][];
}

/** A sweep. */
interface SweepData extends Named {
  typed: Record<number, string>;
  strange: number[];
  options: string;
  blocks: Block[];
  columns: Column[];
  words: [name: string, severity: string, where: string, message: string, hint: string][];
}

/** A config. */
interface Block {
  config: string;
  typed: string;
  tensors: Int32Array;
  decayed: Int32Array;
  groups: Int32Array;
  columns: Pick<Column, "code" | "name" | "severity">[];
}

/** A code under a config; `at` has the entry of each model, or -1. */
interface Column {
  code: string;
  name: string;
  severity: string;
  at: Int32Array;
  block: number;
  findings: number[];
  tensors: number[];
  texts: string[];
  words: Int32Array;
}

// What those say who build upon these, and what is measured after a page begins.
interface VirtualRows<D extends Named> {
  height: number;
  letter: number;
  newRow(): any;
  fill(row: any, index: number): void;
}
interface Table {
  heads: any[];
  letters: number[];
}
interface Heat {
  lefts: number[];
  tracks: number[];
  nameWidth: number;
  heads: any[];
}
interface ModelMap {
  ink: any;
}
interface Schedule {
  floor: number;
  most: number;
}
interface Roving<T> {
  press(item: T): void;
  moves(item: T): Record<string, () => T | null | undefined>;
}
