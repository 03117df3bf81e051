/** A line between those of the test reporter, for figures that nobody asserts. Only on Node.js. */
export function say (text: string): void {
  process.stdout.write(`${text}\n`)
}
