// Numbers as people write them.

// 1,371
const grouped = new Intl.NumberFormat("en").format;

// As in configs: 1e-4, and not 100µ.
function plain(number, digits = 6) {
  const rounded = Number(number.toPrecision(digits));
  const size = Math.abs(rounded);
  return size === 0 || (size >= 1e-3 && size < 1e6) ? String(rounded) : rounded.toExponential().replace("+", "");
}
