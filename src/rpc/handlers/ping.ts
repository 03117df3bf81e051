import type { Handler } from './handlers.ts'

/** PING: the echo of the type alone. */
export const handlePing: Handler<'ping'> = () => [{ type: 'ping' }]
