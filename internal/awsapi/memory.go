package awsapi

import "sync"

// grantMemory knows which grants were there before the run.
type grantMemory struct {
	mu   sync.Mutex
	seen map[string]map[string]bool // by key ARN, then grant id; a key whose grants could not be listed is not in it
}
