package main

import (
	"context"

	"github.com/libp2p/go-libp2p/core/peer"
)

func closest(ctx context.Context, n *node, args keyArgs) (any, error) {
	ids, err := n.dht.GetClosestPeers(ctx, string(args.Key))
	return map[string]any{"peers": texts(ids)}, err
}

func closestAt(ctx context.Context, n *node, args keyArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	infos, err := n.messenger.GetClosestPeers(ctx, id, peer.ID(args.Key))
	return map[string]any{"peers": describeAll(infos)}, err
}

func findPeer(ctx context.Context, n *node, args peerArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	info, err := n.dht.FindPeer(ctx, id)
	return describe(info), err
}
