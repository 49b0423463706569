package node

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"

	cmtlog "github.com/cometbft/cometbft/libs/log"
)

func (c *LogConfig) level() (slog.Level, error) {
	var l slog.Level
	switch c.Level {
	case "debug", "info", "warn", "error":
		return l, l.UnmarshalText([]byte(c.Level))
	}
	return l, wrong("log.level", "%q: debug, info, warn or error", c.Level)
}

// NewLogger makes the node's logger.
func NewLogger(c LogConfig, w io.Writer) (*slog.Logger, error) {
	level, err := c.level()
	if err != nil {
		return nil, err
	}
	o := &slog.HandlerOptions{Level: level}
	if c.Format == "json" {
		return slog.New(slog.NewJSONHandler(w, o)), nil
	}
	return slog.New(slog.NewTextHandler(w, o)), nil
}

// cometLogger lets CometBFT log through slog. What CometBFT calls information is several
// lines for each block, so it appears at debug level; its errors about peers that come
// and go are warnings, because they are a matter of course between organisations, and
// what it says about closed connections while it stops is not worth a line.
type cometLogger struct {
	log  *slog.Logger
	seen *witness
}

var _ cmtlog.Logger = cometLogger{}

func (l cometLogger) Debug(string, ...any)         {} // some lines for every message of every peer
func (l cometLogger) Info(msg string, kv ...any)   { l.write(slog.LevelDebug, msg, kv) }
func (l cometLogger) Warn(msg string, kv ...any)   { l.write(slog.LevelWarn, msg, kv) }
func (l cometLogger) With(kv ...any) cmtlog.Logger { l.log = l.log.With(plain(kv)...); return l }

func (l cometLogger) Error(msg string, kv ...any) {
	switch {
	case msg == consensusFailure:
		l.seen.note(kv)
		l.write(slog.LevelError, msg, kv)
	case l.seen.stopping.Load():
		l.write(slog.LevelDebug, msg, kv)
	default:
		l.write(slog.LevelWarn, msg, kv)
	}
}

func (l cometLogger) write(level slog.Level, msg string, kv []any) {
	if !l.log.Enabled(context.Background(), level) {
		return
	}
	kv = plain(kv)
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "msg" { // CometBFT's services have the message proper as an attribute
			msg = fmt.Sprint(kv[i+1])
			kv = append(kv[:i:i], kv[i+2:]...)
			break
		}
	}
	l.log.Log(context.Background(), level, msg, kv...)
}

// plain makes attributes that every handler can write: CometBFT passes lazy strings,
// hashes and structs that describe themselves.
func plain(kv []any) []any {
	out := make([]any, len(kv), len(kv)+1)
	for i, v := range kv {
		out[i] = v
		switch v.(type) {
		case error, fmt.Stringer:
			out[i] = fmt.Sprint(v) // survives nil pointers
		}
		if i%2 == 0 {
			out[i] = fmt.Sprint(out[i])
		}
	}
	if len(out)%2 == 1 {
		out = append(out, "")
	}
	return out
}

// consensusFailure is what CometBFT's consensus logs when it has panicked and stopped,
// while the process lives on (consensus/state.go, receiveRoutine).
const consensusFailure = "CONSENSUS FAILURE!!!"

// witness is what the logger needs to know and remembers.
type witness struct {
	stopping atomic.Bool // the node stops

	mu    sync.Mutex
	cause string // why consensus failed
}

func (w *witness) note(kv []any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for i := 0; i+1 < len(kv); i += 2 {
		if kv[i] == "err" && w.cause == "" {
			w.cause = fmt.Sprint(kv[i+1])
		}
	}
}

func (w *witness) why() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.cause
}
