import './layering.node.ts'
import './no-truncation.node.ts'
import './hostile/tcp.node.ts'
import './hosts/tcp-compliance.node.ts'
