/* eslint-disable no-console -- a benchmark prints */
import { performance } from 'node:perf_hooks'

const ROUNDS = 5
const ROUND_MS = 200

/**
 * Run each of `candidates` in turn, several rounds, and print operations per second
 * (the median round), the spread, and the ratio to the last.
 *
 * @param {string} question - what is compared
 * @param {Record<string, () => unknown>} candidates - one operation of each, by name
 */
export function compare (question, candidates) {
  const names = Object.keys(candidates)
  const rates = new Map(names.map(name => [name, []]))
  for (let round = -1; round < ROUNDS; round++) {
    for (const name of names) {
      const rate = measure(candidates[name])
      // the first round warms up
      if (round >= 0) {
        rates.get(name).push(rate)
      }
    }
  }
  const medians = new Map(names.map(name => [name, median(rates.get(name))]))
  const reference = medians.get(names.at(-1))
  console.info(`\n${question}`)
  for (const name of names) {
    const all = rates.get(name)
    const spread = `${Math.round(Math.min(...all)).toLocaleString('en')} to ${Math.round(Math.max(...all)).toLocaleString('en')}`
    console.info(`  ${name.padEnd(18)} ${Math.round(medians.get(name)).toLocaleString('en').padStart(10)}/s  (${spread})  ${(medians.get(name) / reference).toFixed(1)} x`)
  }
}

function measure (operation) {
  const begun = performance.now()
  let count = 0
  let elapsed = 0
  while (elapsed < ROUND_MS) {
    for (let i = 0; i < 50; i++) {
      operation()
    }
    count += 50
    elapsed = performance.now() - begun
  }
  return count * 1000 / elapsed
}

function median (values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1]
}
