package main

import (
	"context"

	recpb "github.com/libp2p/go-libp2p-record/pb"
	"github.com/libp2p/go-libp2p/core/peer"
	"google.golang.org/protobuf/proto"
)

func put(ctx context.Context, n *node, args putArgs) (any, error) {
	return done{}, n.dht.PutValue(ctx, string(args.Key), args.Value)
}

func putAt(ctx context.Context, n *node, args putArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	return done{}, n.messenger.PutValue(ctx, id, &recpb.Record{Key: args.Key, Value: args.Value})
}

func get(ctx context.Context, n *node, args keyArgs) (any, error) {
	value, err := n.dht.GetValue(ctx, string(args.Key))
	return map[string]any{"value": value}, err
}

// getAt tells of the record also what this implementation has no name for: its bytes.
func getAt(ctx context.Context, n *node, args keyArgs) (any, error) {
	id, err := peer.Decode(args.Peer)
	if err != nil {
		return nil, err
	}
	record, closer, err := n.messenger.GetValue(ctx, id, string(args.Key))
	if err != nil {
		return nil, err
	}
	out := map[string]any{"closer": describeAll(closer)}
	if record != nil {
		bytes, err := proto.Marshal(record)
		if err != nil {
			return nil, err
		}
		out["record"] = bytes
		out["value"] = record.GetValue()
	}
	return out, nil
}
