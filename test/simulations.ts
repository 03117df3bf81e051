// hundreds of nodes for hours: minutes of work, so beside the other tests (npm run test:simulations)
import './dht/churn.node.ts'
import './dht/large-network.node.ts'
import './dht/liars.node.ts'
import './dht/provide-at-scale.node.ts'
import './dht/random-programs.node.ts'
import './dht/two-days.node.ts'
