package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/p2p/protocol/identify"
)

func connect(ctx context.Context, n *node, args struct {
	Addr string `json:"addr"`
}) (any, error) {
	info, err := peer.AddrInfoFromString(args.Addr)
	if err != nil {
		return nil, err
	}
	return done{}, n.host.Connect(ctx, *info)
}

// identified tells what a connected peer said of itself.
func identified(ctx context.Context, n *node, args peerArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	service, ok := n.host.(interface{ IDService() identify.IDService })
	if !ok {
		return nil, errors.New("this host does not identify")
	}
	for _, connection := range n.host.Network().ConnsToPeer(id) {
		select {
		case <-service.IDService().IdentifyWait(connection):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	protocols, err := n.host.Peerstore().GetProtocols(id)
	if err != nil {
		return nil, err
	}
	agent, err := n.host.Peerstore().Get(id, "AgentVersion")
	if err != nil {
		return nil, err
	}
	return map[string]any{
		"agent":     agent,
		"protocols": protocols,
		"addrs":     describe(n.host.Peerstore().PeerInfo(id)).Addrs,
		"connected": n.host.Network().Connectedness(id) == network.Connected,
	}, nil
}

func table(_ context.Context, n *node, _ done) (any, error) {
	return map[string]any{"peers": texts(n.dht.RoutingTable().ListPeers())}, nil
}

func countsOf(_ context.Context, n *node, _ done) (any, error) {
	return n.inbound.counts(), nil
}

func endStreams(_ context.Context, n *node, args struct {
	How string `json:"how"`
}) (any, error) {
	switch args.How {
	case "reset", "close":
		n.inbound.end(args.How == "reset")
		return done{}, nil
	}
	return nil, fmt.Errorf("no way to end a stream: %q", args.How)
}
