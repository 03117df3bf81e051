import './layering.node.ts'
