package main

import (
	"runtime"
	"runtime/debug"
	"slices"
)

// told are the modules whose code the tests are about.
var told = []string{
	"github.com/libp2p/go-libp2p",
	"github.com/libp2p/go-libp2p-kad-dht",
	"github.com/ipfs/boxo",
}

type hello struct {
	// Versions of all that matters, as `name version`.
	Versions []string `json:"versions"`
}

func sayHello() hello {
	versions := []string{"go " + runtime.Version()}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, module := range info.Deps {
			if slices.Contains(told, module.Path) {
				versions = append(versions, module.Path+" "+module.Version)
			}
		}
	}
	return hello{Versions: versions}
}
