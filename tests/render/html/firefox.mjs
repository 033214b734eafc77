// Opens a page in Firefox. Arguments: the folder of puppeteer-core, Firefox, the page's address. Stdin: a JSON list of
// expressions, which are evaluated in the page one after the other. Stdout: their values, and what the page said.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const [library, executablePath, address] = process.argv.slice(2);
const { default: puppeteer } = await import(createRequire(library).resolve("puppeteer-core"));
const timeout = 100_000; // a machine may be busy
const size = ["--width=1400", "--height=900"];
const browser = await puppeteer.launch({ browser: "firefox", executablePath, defaultViewport: null, args: size, timeout });
try {
  const page = await browser.newPage();
  const found = { said: [], values: [] };
  page.on("console", (message) => found.said.push(message.text()));
  page.on("pageerror", (error) => found.said.push(String(error)));
  await page.goto(address, { timeout });
  await page.waitForSelector("html[data-ready]", { timeout });
  for (const expression of JSON.parse(readFileSync(0, "utf8"))) found.values.push(await page.evaluate(expression));
  process.stdout.write(JSON.stringify(found));
} finally {
  await browser.close();
}
