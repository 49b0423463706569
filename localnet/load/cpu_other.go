//go:build !unix

package load

import "time"

// ownCPU is not measured here.
func ownCPU() time.Duration { return 0 }
