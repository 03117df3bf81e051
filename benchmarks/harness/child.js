import { fork } from 'node:child_process'

const MAIN = new URL('./child-main.js', import.meta.url)

const children = new Set()

/**
 * Run a module in a process of its own, so that no implementation bears the garbage, the timers or the memory of
 * another. It exports `create(init)`, whose result's methods are called from here.
 *
 * @param {string} module - its path from `benchmarks`, without `.js`
 * @param {object} init - what `create` is given
 * @param {string[]} flags - for Node.js
 * @returns {Promise<Child>}
 */
export async function startChild (module, init, flags = []) {
  const child = new Child(module, flags)
  await child.call('create', init)
  return child
}

/** End those that still run, at once. */
export function stopChildren () {
  children.forEach(child => { child.stop() })
}

class Child {
  #process
  #calls = new Map()
  #count = 0

  constructor (module, flags) {
    this.#process = fork(MAIN, [module], { execArgv: ['--expose-gc', ...flags], serialization: 'advanced', stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
    this.#process.on('message', ({ id, result, error }) => {
      const { resolve, reject } = this.#calls.get(id)
      this.#calls.delete(id)
      error == null ? resolve(result) : reject(new Error(`${module}: ${error}`))
    })
    this.#process.on('exit', (code, signal) => {
      children.delete(this)
      this.#calls.forEach(({ reject }) => { reject(new Error(`${module} ended: ${signal ?? code}`)) })
    })
    children.add(this)
  }

  /**
   * Call a method over there; its arguments and its result are copied.
   *
   * @param method
   * @param {...any} args
   */
  async call (method, ...args) {
    return new Promise((resolve, reject) => {
      const id = this.#count++
      this.#calls.set(id, { resolve, reject })
      this.#process.send({ id, method, args })
    })
  }

  /** Has it not ended? */
  get isRunning () {
    return children.has(this)
  }

  stop () {
    children.delete(this)
    this.#process.kill('SIGKILL')
  }
}
