import './interop/mixed-network.ts'
import './interop/datastore-switch.ts'
import './interop/modes.ts'
import './interop/restart.ts'
import './interop/two-networks.ts'
import './interop/streams.ts'
import './interop/live.ts'
import './interop/kubo.ts'
import { say } from './helpers/say.ts'
import { report } from './interop/tally.ts'

after(() => {
  say(`\n${report()}`)
})
