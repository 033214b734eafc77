// The one lens through which the table is seen: name, rule, finding, module, the map's colours, order, and the parameter that is
// explained. All of it stands in the address, so that a link shows somebody else the same.

const NOTHING = { q: "", rule: "", finding: "", at: "", by: "", sort: "", p: "" };

/** @template {object} L @param {L} nothing @returns {L} */
function fromAddress(nothing) {
  const given = location.hash.includes("=") ? new URLSearchParams(location.hash.slice(1)) : new URLSearchParams();
  return /** @type {any} */ (Object.fromEntries(Object.keys(nothing).map((key) => [key, given.get(key) ?? ""])));
}

function toAddress(lens) {
  const given = new URLSearchParams(Object.entries(lens).filter(([, value]) => value));
  // A browser takes less than URLSearchParams does for special.
  const hash = given.toString().replace(/%2[CF]|%3A|%40/g, decodeURIComponent);
  try {
    history.replaceState(null, "", hash ? `#${hash}` : location.pathname + location.search);
  } catch {
    // A frame in a sandbox has no address of its own.
  }
}

// A link inside the page must not take the lens out of the address.
function goInside(event) {
  const link = event.target.closest("a");
  if (!link?.hash || link.hash.includes("=")) return;
  event.preventDefault();
  $(link.hash.slice(1))?.scrollIntoView();
}
