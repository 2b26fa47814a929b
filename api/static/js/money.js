// Prices in the reader's own way of writing: the server sends minor units and the currency.

/** `$6.49` or `6,49 $`: 649 minor units of `usd`. */
export function money(minor, currency) {
  const format = new Intl.NumberFormat(undefined, { style: "currency", currency });
  return format.format(minor / 10 ** format.resolvedOptions().maximumFractionDigits);
}

/** Put them in place of the server's. */
export function localPrices(root = document) {
  for (const element of root.querySelectorAll("span[data-minor]")) {
    element.textContent = money(Number(element.dataset.minor), element.dataset.currency);
  }
}
