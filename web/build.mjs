// Bundles what the HTML report embeds of other people's code, with its licences, into pgaudit/render/html/vendor/.
import { readFileSync, writeFileSync } from "node:fs";
import { build } from "esbuild";

// Each entry file, and the name under which the page's own scripts know it.
const bundles = [
  ["virtual-core", "virtual"],
  ["hierarchy", "hierarchy"],
  ["plot", "Plot"],
  ["uplot", "uplot"],
];

// The packages of which anything is in a bundle, in the order of their names.
function packages({ outputs }) {
  const [{ inputs }] = Object.values(outputs);
  const paths = Object.keys(inputs).filter((path) => inputs[path].bytesInOutput > 0);
  const names = paths.map((path) => path.match(/^.*node_modules\/((?:@[^/]+\/)?[^/]+)\//)?.[1]);
  return [...new Set(names.filter(Boolean))].sort();
}

// Their licences, each text once.
function licences(names) {
  const under = new Map();
  for (const name of names) {
    const folder = `node_modules/${name}`;
    const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
    const text = readFileSync(`${folder}/LICENSE`, "utf8").trim();
    under.set(text, [...(under.get(text) ?? []), `${name} ${version}`]);
  }
  return [...under].map(([text, those]) => `${those.join(", ")}\n\n${text}`).join("\n\n");
}

for (const [entry, globalName] of bundles) {
  const { metafile, outputFiles } = await build({
    entryPoints: [`${entry}.js`],
    bundle: true,
    minify: true,
    format: "iife",
    globalName,
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    metafile: true,
    write: false,
  });
  const banner = `/*! ${licences(packages(metafile))}\n*/\n`;
  writeFileSync(`../pgaudit/render/html/vendor/${entry}.js`, banner + outputFiles[0].text);
}
