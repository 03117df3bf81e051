import type { ComponentLogger } from '@libp2p/interface'

/** A logger of which only what goes wrong is kept, by `log`. */
export function silentLogger (log: (format: string, ...args: unknown[]) => void): ComponentLogger {
  const ignore = (): void => {}
  return {
    forComponent: () => Object.assign(ignore.bind(undefined), { error: log, trace: ignore, enabled: true, newScope: () => silentLogger(log).forComponent('') })
  }
}
