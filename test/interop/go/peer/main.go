// Command peer runs nodes of go-libp2p-kad-dht and does with them what it is told: one
// request a line on stdin, one answer a line on stdout, both JSON, matched by their id.
// Requests run at once. It ends when stdin does.
//
//	-> {"id":1,"node":"a","do":"start","args":{}}
//	<- {"id":1,"ok":{"peer":"12D3Koo…","addrs":["/ip4/127.0.0.1/tcp/40001/p2p/12D3Koo…"]}}
//	-> {"id":2,"node":"a","do":"closest","args":{"key":"AAEC"}}
//	<- {"id":2,"error":"failed to find any peer in table"}
//
// Bytes are base64. The first line of all tells what this is: {"hello":{"versions":["go go1.26.0"]}}.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// requestTimeout bounds what one request may take.
const requestTimeout = time.Minute

type request struct {
	ID   int             `json:"id"`
	Node string          `json:"node"`
	Do   string          `json:"do"`
	Args json.RawMessage `json:"args"`
}

type answer struct {
	ID    int    `json:"id"`
	OK    any    `json:"ok,omitempty"`
	Error string `json:"error,omitempty"`
}

// done is the answer of what has nothing to tell.
type done struct{}

// output writes whole lines.
type output struct {
	mutex   sync.Mutex
	encoder *json.Encoder
}

func (o *output) write(line any) {
	o.mutex.Lock()
	defer o.mutex.Unlock()
	if err := o.encoder.Encode(line); err != nil {
		panic(err) // nobody listens any more
	}
}

func main() {
	if streamIdle == 0 {
		panic("go-libp2p-kad-dht has another name for its idle timeout now")
	}
	flag.DurationVar(&streamIdle, "idle", streamIdle, "reset an inbound stream of the DHT after this time without a request")
	flag.Parse()

	out := &output{encoder: json.NewEncoder(os.Stdout)}
	out.write(map[string]any{"hello": sayHello()})
	nodes := newNodes()
	defer nodes.stopAll()
	if err := serve(bufio.NewReader(os.Stdin), out, nodes); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func serve(in *bufio.Reader, out *output, nodes *nodes) error {
	for {
		line, err := in.ReadBytes('\n')
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		var req request
		if err := json.Unmarshal(line, &req); err != nil {
			return fmt.Errorf("no request: %w", err)
		}
		go func() {
			ok, err := nodes.do(req)
			if err != nil {
				out.write(answer{ID: req.ID, Error: err.Error()})
			} else {
				out.write(answer{ID: req.ID, OK: ok})
			}
		}()
	}
}

// operation is what a running node can be told to do.
type operation func(ctx context.Context, n *node, args json.RawMessage) (any, error)

func op[A any](do func(ctx context.Context, n *node, args A) (any, error)) operation {
	return func(ctx context.Context, n *node, raw json.RawMessage) (any, error) {
		var args A
		if len(raw) > 0 {
			if err := json.Unmarshal(raw, &args); err != nil {
				return nil, err
			}
		}
		return do(ctx, n, args)
	}
}
