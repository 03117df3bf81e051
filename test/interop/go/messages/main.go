// Command messages prints messages as go-libp2p-kad-dht encodes them, as a TypeScript
// file: what is in each message, and its bytes. The same at every run.
//
//	go run ./messages > ../../wire/go-messages.ts
package main

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math/rand"
	"strings"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	recpb "github.com/libp2p/go-libp2p-record/pb"
	"github.com/libp2p/go-libp2p/core/crypto"
	"github.com/libp2p/go-libp2p/core/network"
	"github.com/libp2p/go-libp2p/core/peer"
	ma "github.com/multiformats/go-multiaddr"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
)

type jsonPeer struct {
	ID         string   `json:"id"`
	Addrs      []string `json:"addrs"`
	Connection int32    `json:"connection"`
}

type jsonRecord struct {
	Key          string `json:"key"`
	Value        string `json:"value"`
	TimeReceived string `json:"timeReceived"`
	TTL          uint64 `json:"ttl,omitempty"`
}

type fixture struct {
	Name      string      `json:"name"`
	Type      string      `json:"type"`
	Key       string      `json:"key"`
	Record    *jsonRecord `json:"record,omitempty"`
	Closer    []jsonPeer  `json:"closer"`
	Providers []jsonPeer  `json:"providers"`
	Cluster   int32       `json:"clusterLevel"`
	Bytes     string      `json:"bytes"`
}

const header = `// Made by test/interop/go/messages: messages as go-libp2p-kad-dht encodes them. Bytes are base64.
/* eslint-disable -- generated */

export interface GoPeer {
  readonly id: string
  readonly addrs: readonly string[]
  readonly connection: number
}

export interface GoMessage {
  readonly name: string
  readonly type: string
  readonly key: string
  readonly record?: { readonly key: string, readonly value: string, readonly timeReceived: string, readonly ttl?: number }
  readonly closer: readonly GoPeer[]
  readonly providers: readonly GoPeer[]
  readonly clusterLevel: number
  readonly bytes: string
}

export const GO_MESSAGES: readonly GoMessage[] = [
`

var random = rand.New(rand.NewSource(20260101))

func bytes(n int) []byte {
	b := make([]byte, n)
	random.Read(b)
	return b
}

func must[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func b64(b []byte) string { return base64.StdEncoding.EncodeToString(b) }

func peerID() peer.ID {
	if random.Intn(4) == 0 { // as RSA keys have it: a SHA-256
		return peer.ID(append([]byte{0x12, 0x20}, bytes(32)...))
	}
	key := ed25519.NewKeyFromSeed(bytes(32))
	return must(peer.IDFromPublicKey(must(crypto.UnmarshalEd25519PublicKey(key.Public().(ed25519.PublicKey)))))
}

func addrs(n int) []ma.Multiaddr {
	out := make([]ma.Multiaddr, n)
	for i := range out {
		port := 1 + random.Intn(65535)
		switch random.Intn(4) {
		case 0:
			out[i] = ma.StringCast(fmt.Sprintf("/ip4/%d.%d.%d.%d/tcp/%d", 1+random.Intn(9), random.Intn(256), random.Intn(256), random.Intn(256), port))
		case 1:
			out[i] = ma.StringCast(fmt.Sprintf("/ip6/2600:%x::%x/udp/%d/quic-v1", random.Intn(65536), random.Intn(65536), port))
		case 2:
			out[i] = ma.StringCast(fmt.Sprintf("/dns4/node-%d.kademlia.io/tcp/%d/wss", i, port))
		default:
			out[i] = ma.StringCast(fmt.Sprintf("/ip4/127.0.0.1/udp/%d/quic-v1/webtransport", port))
		}
	}
	return out
}

func peers(n int) []pb.PeerRoutingInfo {
	out := make([]pb.PeerRoutingInfo, n)
	for i := range out {
		out[i] = pb.PeerRoutingInfo{
			AddrInfo:      peer.AddrInfo{ID: peerID(), Addrs: addrs(random.Intn(5))},
			Connectedness: network.Connectedness(random.Intn(4)),
		}
	}
	return out
}

func describe(list []*pb.Message_Peer) []jsonPeer {
	out := make([]jsonPeer, len(list))
	for i, p := range list {
		texts := make([]string, len(p.Addrs))
		for j, addr := range p.Addrs {
			texts[j] = b64(addr)
		}
		out[i] = jsonPeer{ID: b64([]byte(p.Id)), Addrs: texts, Connection: int32(p.Connection)}
	}
	return out
}

// ttlField is rust's name for the seconds a record has left to live, which go does not know.
const ttlField protowire.Number = 777

// withTTL is the record as go keeps one that came with a life: it stamps all fields as they are.
func withTTL(record *recpb.Record, seconds uint64, received string) *recpb.Record {
	sent := protowire.AppendVarint(protowire.AppendTag(must(proto.Marshal(record)), ttlField, protowire.VarintType), seconds)
	kept := &recpb.Record{}
	if err := proto.Unmarshal(sent, kept); err != nil {
		panic(err)
	}
	kept.TimeReceived = received
	return kept
}

// ttlOf reads it from the fields that go does not know; 0: there is none.
func ttlOf(record *recpb.Record) uint64 {
	unknown := record.ProtoReflect().GetUnknown()
	_, _, n := protowire.ConsumeTag(unknown)
	if n < 0 {
		return 0
	}
	seconds, _ := protowire.ConsumeVarint(unknown[n:])
	return seconds
}

func main() {
	fmt.Print(header)
	emit := func(name string, message *pb.Message) {
		f := fixture{
			Name:      name,
			Type:      message.Type.String(),
			Key:       b64(message.Key),
			Closer:    describe(message.CloserPeers),
			Providers: describe(message.ProviderPeers),
			Cluster:   message.ClusterLevelRaw,
			Bytes:     b64(must(proto.Marshal(message))),
		}
		if r := message.Record; r != nil {
			f.Record = &jsonRecord{Key: b64(r.Key), Value: b64(r.Value), TimeReceived: r.TimeReceived, TTL: ttlOf(r)}
		}
		fmt.Print("  ")
		fmt.Print(strings.TrimSuffix(string(must(json.Marshal(f))), "\n"), ",\n")
	}

	multihash := append([]byte{0x12, 0x20}, bytes(32)...)
	valueKey := []byte("/v/" + string(bytes(20)))
	record := func(size int, received string) *recpb.Record {
		return &recpb.Record{Key: valueKey, Value: bytes(size), TimeReceived: received}
	}
	for _, n := range []int{0, 1, 20} {
		emit(fmt.Sprintf("FIND_NODE answered with %d peers", n), &pb.Message{Type: pb.Message_FIND_NODE, CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(n))})
		emit(fmt.Sprintf("GET_PROVIDERS answered with %d providers and peers", n), &pb.Message{
			Type: pb.Message_GET_PROVIDERS, Key: multihash,
			ProviderPeers: pb.PeerRoutingInfosToPBPeers(peers(n)), CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(n)),
		})
	}
	target := []byte(peerID())
	emit("FIND_NODE asked for a peer", &pb.Message{Type: pb.Message_FIND_NODE, Key: target})
	emit("FIND_NODE as go asks it", pb.NewMessage(pb.Message_FIND_NODE, target, 0))
	emit("FIND_NODE asked for any bytes", &pb.Message{Type: pb.Message_FIND_NODE, Key: bytes(7)})
	emit("GET_VALUE asked", &pb.Message{Type: pb.Message_GET_VALUE, Key: valueKey})
	emit("GET_VALUE as go asks it", pb.NewMessage(pb.Message_GET_VALUE, valueKey, 0))
	emit("GET_VALUE answered with a value", &pb.Message{Type: pb.Message_GET_VALUE, Key: valueKey, Record: record(100, "2026-01-02T03:04:05.678901234Z"), CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(5))})
	emit("GET_VALUE answered without", &pb.Message{Type: pb.Message_GET_VALUE, Key: valueKey, CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(5))})
	emit("PUT_VALUE, small", &pb.Message{Type: pb.Message_PUT_VALUE, Key: valueKey, Record: record(1, "")})
	emit("PUT_VALUE, 15 KiB", &pb.Message{Type: pb.Message_PUT_VALUE, Key: valueKey, Record: record(15*1024, "2026-01-02T03:04:05Z")})
	emit("PUT_VALUE, empty", &pb.Message{Type: pb.Message_PUT_VALUE, Key: valueKey, Record: record(0, "")})
	emit("GET_PROVIDERS asked", &pb.Message{Type: pb.Message_GET_PROVIDERS, Key: multihash})
	emit("GET_PROVIDERS as go asks it", pb.NewMessage(pb.Message_GET_PROVIDERS, multihash, 0))
	provider := peer.AddrInfo{ID: peerID(), Addrs: addrs(3)}
	emit("ADD_PROVIDER", &pb.Message{Type: pb.Message_ADD_PROVIDER, Key: multihash, ProviderPeers: pb.RawPeerInfosToPBPeers([]peer.AddrInfo{provider})})
	emit("PING", &pb.Message{Type: pb.Message_PING})
	emit("PING as go sends it", pb.NewMessage(pb.Message_PING, nil, 0))
	emit("FIND_NODE answered with the peer that was asked for before the 20 closest", &pb.Message{Type: pb.Message_FIND_NODE, CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(21))})
	emit("GET_VALUE answered with a value whose life go does not know", &pb.Message{
		Type: pb.Message_GET_VALUE, Key: valueKey,
		Record:      withTTL(record(100, ""), 3600, "2026-01-02T03:04:05Z"),
		CloserPeers: pb.PeerRoutingInfosToPBPeers(peers(1)),
	})
	fmt.Println("]")
}
