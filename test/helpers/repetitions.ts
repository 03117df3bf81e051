const IN_BROWSER = 'document' in globalThis || 'WorkerGlobalScope' in globalThis

/**
 * How often a test repeats what is drawn from a seed: `count` times in Node.js, and the
 * first tenth of these in a browser, where it is to be seen that the same code runs.
 */
export function repetitions (count: number): number {
  return IN_BROWSER ? Math.ceil(count / 10) : count
}
