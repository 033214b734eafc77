// What every page has.

/** @type {(id: any) => any} */
const $ = (id) => document.getElementById(id);

/** @type {(selector: string) => NodeListOf<HTMLElement>} */
const $$ = (selector) => document.querySelectorAll(selector);

function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

function facts(pairs) {
  const list = element("dl");
  for (const [title, text] of pairs) if (text) list.append(element("dt", "", title), element("dd", "", text));
  return list;
}

function copier(text) {
  const button = element("button", "", "copy command");
  button.type = "button";
  button.addEventListener("click", () => {
    navigator.clipboard?.writeText(text).then(
      () => (button.textContent = "copied"),
      () => (button.textContent = "the browser does not allow it"),
    );
  });
  return button;
}

function themeButton() {
  const root = document.documentElement;
  const kept = {
    get: () => {
      try {
        return localStorage.getItem("pgaudit-theme");
      } catch {
        return null; // a frame in a sandbox keeps nothing
      }
    },
    set: (theme) => {
      try {
        localStorage.setItem("pgaudit-theme", theme);
      } catch {
        // as above
      }
    },
  };
  const wear = (theme) => (root.style.colorScheme = theme ?? "");
  wear(kept.get());
  $("theme").addEventListener("click", () => {
    const system = matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    const theme = (root.style.colorScheme || system) === "dark" ? "light" : "dark";
    wear(theme);
    kept.set(theme);
  });
}

document.documentElement.classList.add("live");
for (const each of $$(".controls")) each.hidden = false;
themeButton();
