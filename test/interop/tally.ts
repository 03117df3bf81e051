import type { Implementation } from './implementations.ts'

/** Whom an operation dealt with: nodes of one kind, or of both at once. */
type Holder = Implementation | 'both'

interface Cell {
  readonly right: number
  readonly count: number
}

/** The column of networks of two to six nodes. */
const SMALL = 'small'

/** Rows by who asked whom and what, columns by network. */
const rows = new Map<string, Map<string, Cell>>()

/** Count one operation in a small network. */
export function count (asker: Implementation, holder: Holder, operation: string, right: boolean): void {
  countIn({ name: SMALL }, asker, holder, operation, right)
}

/** Count one operation in a network with a column of its own. */
export function countIn ({ name }: { readonly name: string }, asker: Implementation, holder: Holder, operation: string, right: boolean): void {
  const title = [operation, asker, holder].join('\t')
  const row = rows.get(title) ?? new Map<string, Cell>()
  const cell = row.get(name) ?? { right: 0, count: 0 }
  row.set(name, { right: cell.right + (right ? 1 : 0), count: cell.count + 1 })
  rows.set(title, row)
}

/** The report: who asked whom, and how many operations of how many were right in each network. */
export function report (): string {
  const columns = [...new Set([...rows.values()].flatMap(row => [...row.keys()]))]
  const lines = [['operation', 'asker', 'holder', ...columns]]
  for (const [title, row] of [...rows].sort(([a], [b]) => a < b ? -1 : 1)) {
    lines.push([...title.split('\t'), ...columns.map(column => textOf(row.get(column)))])
  }
  const widths = lines[0].map((_, column) => Math.max(...lines.map(line => line[column].length)))
  return lines.map(line => line.map((cell, column) => cell.padEnd(widths[column])).join('  ').trimEnd()).join('\n')
}

function textOf (cell: Cell | undefined): string {
  return cell == null ? '' : `${cell.right}/${cell.count}`
}
