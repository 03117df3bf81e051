/** Gets a line for what happens to rows. A `Logger` of `@libp2p/interface` is one. */
export type Log = (format: string, ...args: unknown[]) => void

/** For who does not care. */
export const noLog: Log = () => {}
