import { RpcServer } from '../../src/rpc/server.ts'
import { PROTOCOL } from './simulation.ts'
import type { Simulation, SimulatedNode } from './simulation.ts'
import type { Handlers } from '../../src/rpc/handlers/handlers.ts'

/** Who names nobody, keeps nothing and takes everything. */
const NOTHING: Handlers = {
  ping: () => [{ type: 'ping' }],
  'find-node': () => [{ type: 'find-node', closer: [] }],
  'get-value': ({ key }) => [{ type: 'get-value', key, closer: [] }],
  'put-value': ({ record }) => [{ type: 'put-value', record }],
  'get-providers': ({ key }) => [{ type: 'get-providers', key, providers: [], closer: [] }],
  'add-provider': () => []
}

/** Have a node that is known to others answer as `handlers` say, and otherwise know and keep nothing. Resolves when nobody has a stream to its former self. */
export async function replaceAnswers ({ clock }: Simulation, { host, dht }: SimulatedNode, handlers: Partial<Handlers>): Promise<void> {
  const server = new RpcServer({ clock, maxRecordSize: dht.internals.values.maxRecordSize, handlers: { ...NOTHING, ...handlers } })
  await dht.setMode('client')
  await host.handle(PROTOCOL, async (stream, remote) => server.serve(stream, remote))
}
