import './interop/mixed-network.ts'
import './interop/datastore-switch.ts'
import './interop/modes.ts'
import './interop/restart.ts'
import './interop/two-networks.ts'
import './interop/streams.ts'
import './interop/live.ts'
import './interop/kubo.ts'
import { report } from './interop/tally.ts'

after(() => {
  // eslint-disable-next-line no-console -- a figure to be read
  console.log(`\n${report()}`)
})
