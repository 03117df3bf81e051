import { once } from 'node:events'
import { writeSync } from 'node:fs'
import { openDataDir } from '../../src/data-dir/data-dir.ts'
import { operationOf, perform, SELF } from './operation.ts'

/**
 * A process that writes to a data directory until it is killed, and tells each write once
 * it is acknowledged: the line `open`, then the numbers of the writes. It begins when it
 * is told the number of the first one:
 * `echo FIRST | node writer.ts DIR SEED CONCURRENCY`
 */
const [dir, ...numbers] = process.argv.slice(2)
const [seed, concurrency] = numbers.map(Number)

/** At once: what waits in a stream would die with the process. When whoever reads is behind, the pipe has no room for a while. */
function tell (line: string | number): void {
  for (;;) {
    try {
      writeSync(1, `${line}\n`)
      return
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'EAGAIN') {
        throw err
      }
    }
  }
}

const [first] = await once(process.stdin, 'data')
const data = await openDataDir({ dir, self: SELF })
tell('open')
let next = Number(first)
await Promise.all(Array.from({ length: concurrency }, async () => {
  while (true) {
    const number = next++
    await perform(data, seed, operationOf(seed, number))
    tell(number)
  }
}))
