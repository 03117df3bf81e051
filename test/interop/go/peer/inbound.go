package main

import (
	"context"
	"sync"

	pb "github.com/libp2p/go-libp2p-kad-dht/pb"
	"github.com/libp2p/go-libp2p/core/network"
)

// inbound notes what others asked, and on which streams.
type inbound struct {
	mutex    sync.Mutex
	requests map[string]int         // by type
	streams  map[network.Stream]int // requests of each
}

func newInbound() *inbound {
	return &inbound{requests: map[string]int{}, streams: map[network.Stream]int{}}
}

func (in *inbound) onRequest(_ context.Context, stream network.Stream, req *pb.Message) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	in.requests[req.GetType().String()]++
	in.streams[stream]++
}

type counts struct {
	// Requests that came in, by type.
	Requests map[string]int `json:"requests"`
	// Streams on which they came, by who opened them.
	Streams map[string]int `json:"streams"`
}

func (in *inbound) counts() counts {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	out := counts{Requests: map[string]int{}, Streams: map[string]int{}}
	for name, count := range in.requests {
		out.Requests[name] = count
	}
	for stream := range in.streams {
		out.Streams[stream.Conn().RemotePeer().String()]++
	}
	return out
}

// end ends every stream on which a request came: in good order, or with a reset.
func (in *inbound) end(reset bool) {
	in.mutex.Lock()
	defer in.mutex.Unlock()
	for stream := range in.streams {
		if reset {
			_ = stream.Reset() // it may be over already
		} else {
			_ = stream.Close()
		}
	}
}
