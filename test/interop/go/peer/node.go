package main

import (
	"errors"
	"sync"
	"time"
	_ "unsafe" // for go:linkname

	"github.com/libp2p/go-libp2p"
	dht "github.com/libp2p/go-libp2p-kad-dht"
	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/control"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/host"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	"github.com/libp2p/go-libp2p/core/protocol"
	"github.com/libp2p/go-libp2p/p2p/muxer/yamux"
	"github.com/libp2p/go-libp2p/p2p/security/noise"
	"github.com/libp2p/go-libp2p/p2p/transport/tcp"
	ma "github.com/multiformats/go-multiaddr"
	manet "github.com/multiformats/go-multiaddr/net"
)

// streamIdle is the DHT's own variable, a minute long and without an option to change it.
//
//go:linkname streamIdle github.com/libp2p/go-libp2p-kad-dht.dhtStreamIdleTimeout
var streamIdle time.Duration

type nodeInit struct {
	// Protocol begins the protocol id, which ends in /kad/1.0.0.
	Protocol string `json:"protocol"`
	// Client nodes only ask.
	Client bool `json:"client"`
	// Key is the identity, a private key in libp2p's protobuf; without, a fresh one.
	Key []byte `json:"key"`
}

type node struct {
	host host.Host
	dht  *dht.IpfsDHT
	// messenger sends a single request to a single peer, on the DHT's own streams.
	messenger *pb.ProtocolMessenger
	inbound   *inbound
	names     sync.Map // private keys of IPNS names, by name
}

func startNode(init nodeInit) (*node, error) {
	options := []libp2p.Option{
		libp2p.ListenAddrStrings("/ip4/127.0.0.1/tcp/0"),
		libp2p.Transport(tcp.NewTCPTransport),
		libp2p.Security(noise.ID, noise.New),
		libp2p.Muxer(yamux.ID, yamux.DefaultTransport),
		libp2p.ConnectionGater(loopbackOnly{}),
		// all peers share one address here
		libp2p.ResourceManager(&network.NullResourceManager{}),
		libp2p.DisableRelay(),
		libp2p.UserAgent("go-libp2p in kadmium's tests"),
		libp2p.DisableMetrics(),
	}
	if len(init.Key) > 0 {
		key, err := crypto.UnmarshalPrivateKey(init.Key)
		if err != nil {
			return nil, err
		}
		options = append(options, libp2p.Identity(key))
	}
	h, err := libp2p.New(options...)
	if err != nil {
		return nil, err
	}
	n := &node{host: h, inbound: newInbound()}
	mode := dht.ModeServer
	if init.Client {
		mode = dht.ModeClient
	}
	// nothing filters addresses or peers unless told so
	n.dht, err = dht.New(h,
		dht.Mode(mode),
		dht.ProtocolPrefix(protocol.ID(init.Protocol)),
		dht.NamespacedValidator("v", longest{}),
		dht.DisableAutoRefresh(),
		dht.OnRequestHook(n.inbound.onRequest),
	)
	if err != nil {
		return nil, errors.Join(err, h.Close())
	}
	n.messenger, err = pb.NewProtocolMessenger(n.dht.MessageSender())
	if err != nil {
		return nil, errors.Join(err, n.stop())
	}
	return n, nil
}

func (n *node) stop() error {
	return errors.Join(n.dht.Close(), n.host.Close())
}

type whereabouts struct {
	Peer  string   `json:"peer"`
	Addrs []string `json:"addrs"`
}

func (n *node) whereabouts() whereabouts {
	return describe(peer.AddrInfo{ID: n.host.ID(), Addrs: n.host.Addrs()})
}

func describe(info peer.AddrInfo) whereabouts {
	out := whereabouts{Peer: info.ID.String(), Addrs: []string{}}
	for _, addr := range info.Addrs {
		transport, _ := peer.SplitAddr(addr) // some tell them with the id
		out.Addrs = append(out.Addrs, transport.String()+"/p2p/"+out.Peer)
	}
	return out
}

// longest is the record kind of the tests: any value but none, the longest wins.
type longest struct{}

func (longest) Validate(_ string, value []byte) error {
	if len(value) == 0 {
		return errors.New("a value of /v/ has at least one byte")
	}
	return nil
}

func (longest) Select(_ string, values [][]byte) (int, error) {
	best := 0
	for i, value := range values {
		if len(value) > len(values[best]) {
			best = i
		}
	}
	return best, nil
}

// loopbackOnly keeps the tests on this machine.
type loopbackOnly struct{}

func (loopbackOnly) InterceptPeerDial(peer.ID) bool { return true }

func (loopbackOnly) InterceptAddrDial(_ peer.ID, addr ma.Multiaddr) bool {
	return manet.IsIPLoopback(addr)
}

func (loopbackOnly) InterceptAccept(network.ConnMultiaddrs) bool { return true }

func (loopbackOnly) InterceptSecured(network.Direction, peer.ID, network.ConnMultiaddrs) bool {
	return true
}

func (loopbackOnly) InterceptUpgraded(network.Conn) (bool, control.DisconnectReason) {
	return true, 0
}
