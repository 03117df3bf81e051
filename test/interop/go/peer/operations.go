package main

import "github.com/libp2p/go-libp2p/core/peer"

type peerArgs struct {
	Peer string `json:"peer"`
}

type keyArgs struct {
	// Peer is who is asked, if a single one is.
	Peer string `json:"peer"`
	Key  []byte `json:"key"`
}

type putArgs struct {
	Peer  string `json:"peer"`
	Key   []byte `json:"key"`
	Value []byte `json:"value"`
}

var operations = map[string]operation{
	"connect":       op(connect),
	"identify":      op(identified),
	"table":         op(table),
	"counts":        op(countsOf),
	"endStreams":    op(endStreams),
	"closest":       op(closest),
	"closestAt":     op(closestAt),
	"findPeer":      op(findPeer),
	"put":           op(put),
	"putAt":         op(putAt),
	"get":           op(get),
	"getAt":         op(getAt),
	"provide":       op(provide),
	"findProviders": op(findProviders),
	"providersAt":   op(providersAt),
	"publish":       op(publish),
	"resolve":       op(resolve),
}

func texts(ids []peer.ID) []string {
	out := make([]string, len(ids))
	for i, id := range ids {
		out[i] = id.String()
	}
	return out
}

func describeAll(infos []*peer.AddrInfo) []whereabouts {
	out := make([]whereabouts, len(infos))
	for i, info := range infos {
		out[i] = describe(*info)
	}
	return out
}
