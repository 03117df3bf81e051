package main

import (
	"context"
	"crypto/rand"
	"fmt"
	"time"

	"github.com/ipfs/boxo/ipns"
	"github.com/ipfs/boxo/path"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/peer"
)

// nameLife is how long the IPNS records of the tests are valid.
const nameLife = time.Hour

type publishArgs struct {
	// Name of an earlier publication; without, a fresh one.
	Name     string `json:"name"`
	Path     string `json:"path"`
	Sequence uint64 `json:"sequence"`
}

// publish makes an IPNS record, signs it and puts it.
func publish(ctx context.Context, n *node, args publishArgs) (any, error) {
	key, err := n.signer(args.Name)
	if err != nil {
		return nil, err
	}
	id, err := peer.IDFromPrivateKey(key)
	if err != nil {
		return nil, err
	}
	n.names.Store(id.String(), key)
	target, err := path.NewPath(args.Path)
	if err != nil {
		return nil, err
	}
	record, err := ipns.NewRecord(key, target, args.Sequence, time.Now().Add(nameLife), nameLife)
	if err != nil {
		return nil, err
	}
	bytes, err := ipns.MarshalRecord(record)
	if err != nil {
		return nil, err
	}
	return map[string]any{"name": id.String()}, n.dht.PutValue(ctx, string(ipns.NameFromPeer(id).RoutingKey()), bytes)
}

func (n *node) signer(name string) (crypto.PrivKey, error) {
	if name == "" {
		key, _, err := crypto.GenerateEd25519Key(rand.Reader)
		return key, err
	}
	key, ok := n.names.Load(name)
	if !ok {
		return nil, fmt.Errorf("%q was never published here", name)
	}
	return key.(crypto.PrivKey), nil
}

type resolveArgs struct {
	Name string `json:"name"`
}

// resolve gets the record of an IPNS name, the peer id of its key, and checks it.
func resolve(ctx context.Context, n *node, args resolveArgs) (any, error) {
	id, err := peer.Decode(args.Name)
	if err != nil {
		return nil, err
	}
	name := ipns.NameFromPeer(id)
	bytes, err := n.dht.GetValue(ctx, string(name.RoutingKey()))
	if err != nil {
		return nil, err
	}
	record, err := ipns.UnmarshalRecord(bytes)
	if err != nil {
		return nil, err
	}
	if err := ipns.ValidateWithName(record, name); err != nil {
		return nil, err
	}
	target, err := record.Value()
	if err != nil {
		return nil, err
	}
	sequence, err := record.Sequence()
	return map[string]any{"path": target.String(), "sequence": sequence}, err
}
