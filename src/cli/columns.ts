/** Rows as aligned columns, two spaces between them. */
export function columns (rows: ReadonlyArray<readonly string[]>): string {
  const widths = rows.reduce<number[]>((widest, row) => row.map((cell, i) => Math.max(cell.length, widest[i] ?? 0)), [])
  return rows
    .map(row => row.map((cell, i) => cell.padEnd(widths[i])).join('  ').trimEnd())
    .join('\n')
}
