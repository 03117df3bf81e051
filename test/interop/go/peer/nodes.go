package main

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
)

// nodes are the running nodes by the names that they were started with.
type nodes struct {
	mutex  sync.Mutex
	byName map[string]*node
}

func newNodes() *nodes {
	return &nodes{byName: map[string]*node{}}
}

func (ns *nodes) do(req request) (any, error) {
	ctx, cancel := context.WithTimeout(context.Background(), requestTimeout)
	defer cancel()
	switch req.Do {
	case "start":
		return ns.start(req)
	case "stop":
		n, err := ns.take(req.Node)
		if err != nil {
			return nil, err
		}
		return done{}, n.stop()
	}
	do, ok := operations[req.Do]
	if !ok {
		return nil, fmt.Errorf("no operation %q", req.Do)
	}
	n, err := ns.get(req.Node)
	if err != nil {
		return nil, err
	}
	return do(ctx, n, req.Args)
}

func (ns *nodes) start(req request) (any, error) {
	var init nodeInit
	if err := json.Unmarshal(req.Args, &init); err != nil {
		return nil, err
	}
	n, err := startNode(init)
	if err != nil {
		return nil, err
	}
	ns.mutex.Lock()
	defer ns.mutex.Unlock()
	ns.byName[req.Node] = n
	return n.whereabouts(), nil
}

func (ns *nodes) get(name string) (*node, error) {
	ns.mutex.Lock()
	defer ns.mutex.Unlock()
	n, ok := ns.byName[name]
	if !ok {
		return nil, fmt.Errorf("no node %q runs", name)
	}
	return n, nil
}

func (ns *nodes) take(name string) (*node, error) {
	n, err := ns.get(name)
	if err == nil {
		ns.mutex.Lock()
		defer ns.mutex.Unlock()
		delete(ns.byName, name)
	}
	return n, err
}

func (ns *nodes) stopAll() {
	for name := range ns.byName {
		if n, err := ns.take(name); err == nil {
			_ = n.stop() // the process ends here
		}
	}
}
