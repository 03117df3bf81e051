#!/usr/bin/env node
import { watchInterrupts } from './interrupt.ts'
import { run } from './program.ts'

// timers of the clock never keep a process alive; a command that waits for one must
const alive = setInterval(() => {}, 2 ** 30)
const signal = watchInterrupts(process)
const { stdin, stdout, stderr, env } = process
process.exitCode = await run(process.argv.slice(2), { stdin, stdout, stderr, env, signal })
clearInterval(alive)
