/** Colour codes, which take no room. */
const COLOUR_CODES = /\u001b\[[\d;]*m/g;

/**
 * Columns that stand under each other, two spaces apart, without lines around them. Colour codes are not counted. Written
 * here because the table libraries take time that grows with the square of the rows (40 s for 10,000 of them).
 */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.max(widths[column] ?? 0, widthOf(cell));
    });
  }
  return rows.map((row) => formatRow(row, widths)).join('\n');
}

function formatRow(row: readonly string[], widths: readonly number[]): string {
  const cells = row.map((cell, column) => {
    const room = (widths[column] ?? 0) - widthOf(cell);
    return cell + ' '.repeat(room);
  });
  return cells.join('  ').trimEnd();
}

/** Characters as people count them: an accent or an emoji of several code points is one. */
function widthOf(cell: string): number {
  const seen = cell.replace(COLOUR_CODES, '');
  // Plain ASCII, which is nearly everything, needs no segmenter.
  return /^[ -~]*$/.test(seen) ? seen.length : [...new Intl.Segmenter().segment(seen)].length;
}
