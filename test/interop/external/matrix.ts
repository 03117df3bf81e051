import type { Kind } from './kinds.ts'

interface Cell {
  right: number
  count: number
}

/** What each program is made of. */
const versions = new Map<Kind, readonly string[]>()

/** Rows by what was done, columns by who did it with whom. */
const rows = new Map<string, Map<string, Cell>>()

/** Tell in the report what the program of `kind` is made of. */
export function tellVersions (kind: Kind, names: readonly string[]): void {
  versions.set(kind, names)
}

/** Count one operation that `from` did with the help of `to`. */
export function countLive (from: Kind, to: Kind | 'all', operation: string, right: boolean): void {
  const row = rows.get(operation) ?? new Map<string, Cell>()
  const column = `${from} → ${to}`
  const cell = row.get(column) ?? { right: 0, count: 0 }
  cell.count++
  cell.right += right ? 1 : 0
  row.set(column, cell)
  rows.set(operation, row)
}

/** The report: what was run, and how many operations of how many were right. */
export function liveReport (): string {
  const columns = [...new Set([...rows.values()].flatMap(row => [...row.keys()]))].sort()
  const lines = [['operation', ...columns], ...[...rows].map(([operation, row]) => [operation, ...columns.map(column => textOf(row.get(column)))])]
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  const told = [...versions].map(([kind, names]) => `${kind}: ${names.join(', ')}`)
  return [...told, '', ...lines.map(line => line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd())].join('\n')
}

function textOf (cell: Cell | undefined): string {
  return cell == null ? '' : `${cell.right}/${cell.count}`
}
