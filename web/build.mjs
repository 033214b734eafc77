// Bundles what the HTML report embeds of other people's code, with its licence, into pgaudit/render/html/vendor/.
import { readFileSync } from "node:fs";
import { build } from "esbuild";

const library = "@tanstack/virtual-core";
const folder = `node_modules/${library}`;
const { version } = JSON.parse(readFileSync(`${folder}/package.json`, "utf8"));
const licence = readFileSync(`${folder}/LICENSE`, "utf8").trim();

await build({
  entryPoints: ["virtual.js"],
  outfile: "../pgaudit/render/html/vendor/virtual-core.js",
  bundle: true,
  minify: true,
  format: "iife",
  globalName: "virtual",
  target: "es2022",
  charset: "ascii",
  legalComments: "none",
  banner: { js: `/*! ${library} ${version}\n\n${licence}\n*/` },
});
