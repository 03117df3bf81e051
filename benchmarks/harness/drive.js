import { median, quantile } from './statistics.js'

// Do `work` over and over for `ms` milliseconds, `atOnce` at once: how many a second, CPU time for each, and how long each took, in milliseconds.
export async function drive ({ ms, atOnce }, work) {
  const times = []
  const begun = performance.now()
  const used = process.cpuUsage()
  let count = 0
  const lane = async () => {
    for (let now = performance.now(); now - begun < ms;) {
      const since = now
      await work(count++)
      now = performance.now()
      times.push(now - since)
    }
  }
  await Promise.all(Array.from({ length: atOnce }, lane))
  const elapsed = performance.now() - begun
  const { user, system } = process.cpuUsage(used)
  return {
    rate: times.length * 1_000 / elapsed,
    cpuMs: (user + system) / 1_000 / times.length,
    p50: quantile(times, 0.5),
    p99: quantile(times, 0.99)
  }
}

// What `drive` measured in several rounds, as a result.
export function summaryOfRounds (rounds) {
  return {
    values: rounds.map(({ rate }) => rate),
    cpuMs: median(rounds.map(({ cpuMs }) => cpuMs)),
    p50: median(rounds.map(({ p50 }) => p50)),
    p99: median(rounds.map(({ p99 }) => p99))
  }
}
