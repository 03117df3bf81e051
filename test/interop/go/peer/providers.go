package main

import (
	"context"

	"github.com/ipfs/go-cid"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/multiformats/go-multihash"
)

type hashArgs struct {
	Peer string              `json:"peer"`
	Hash multihash.Multihash `json:"hash"`
}

func provide(ctx context.Context, n *node, args hashArgs) (any, error) {
	return done{}, n.dht.Provide(ctx, cid.NewCidV1(cid.Raw, args.Hash), true)
}

func findProviders(ctx context.Context, n *node, args hashArgs) (any, error) {
	infos, err := n.dht.FindProviders(ctx, cid.NewCidV1(cid.Raw, args.Hash))
	out := []whereabouts{}
	for _, info := range infos {
		out = append(out, describe(info))
	}
	return map[string]any{"providers": out}, err
}

func providersAt(ctx context.Context, n *node, args hashArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	providers, closer, err := n.messenger.GetProviders(ctx, id, args.Hash)
	return map[string]any{"providers": describeAll(providers), "closer": describeAll(closer)}, err
}
