// Bundles what the HTML report embeds of other people's code, with its licence, into pgaudit/render/html/vendor/.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

// Each entry file, the name under which the page's own scripts know it, and whose code it bundles.
const bundles = [
  ["virtual-core", "virtual", ["@tanstack/virtual-core"]],
  ["uplot", "uplot", ["uplot"]],
];

function licence(library) {
  const folder = `node_modules/${library}`;
  const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
  return `${library} ${version}\n\n${readFileSync(`${folder}/LICENSE`, "utf8").trim()}`;
}

for (const [entry, globalName, libraries] of bundles) {
  await build({
    entryPoints: [`${entry}.js`],
    outfile: `../pgaudit/render/html/vendor/${entry}.js`,
    bundle: true,
    minify: true,
    format: "iife",
    globalName,
    target: "es2022",
    charset: "ascii",
    legalComments: "none",
    banner: { js: `/*! ${libraries.map(licence).join("\n\n")}\n*/` },
  });
}
