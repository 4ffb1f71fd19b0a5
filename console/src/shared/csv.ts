/**
 * One line of CSV (RFC 4180). A cell that a spreadsheet would take for a formula gets an apostrophe ahead (OWASP, «CSV
 * Injection»): what it holds was chosen by an attacker, and whoever opens the file is a colleague.
 */
export const csvLine = (cells: unknown[]): string => `${cells.map(csvCell).join(",")}\r\n`;

// The full-width twins open formulas in some spreadsheets, too.
const FORMULA = /^[=+\-@\t\r\n＝＋－＠]/;

function csvCell(value: unknown): string {
  if (typeof value === "number") return String(value);
  const text = value === null || value === undefined ? "" : String(value);
  const guarded = FORMULA.test(text) ? `'${text}` : text;
  return /[",\r\n';\t]/.test(guarded) ? `"${guarded.replaceAll('"', '""')}"` : guarded;
}
