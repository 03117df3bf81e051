import { defaultLogger } from '@libp2p/logger'
import type { ComponentLogger, Logger } from '@libp2p/interface'

/** Those of nodes that were given no logger. A logger takes more memory than all contacts of a small table, and these know nothing of their node. */
const shared = new Map<string, Logger>()

/**
 * Where the parts of a node log, each under its own name.
 *
 * @param prefix - of all names; that alone is the name for what concerns no part
 * @param logger - makes the loggers. Default: those that the environment variable `DEBUG` switches on, shared by all nodes
 */
export function loggersOf (prefix: string, logger?: ComponentLogger): (part?: string) => Logger {
  return part => {
    const name = part == null ? prefix : `${prefix}:${part}`
    if (logger != null) {
      return logger.forComponent(name)
    }
    const log = shared.get(name) ?? defaultLogger().forComponent(name)
    shared.set(name, log)
    return log
  }
}
