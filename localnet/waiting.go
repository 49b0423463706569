package localnet

import (
	"fmt"
	"time"

	"github.com/schollz/progressbar/v3"
)

// waiting tells a person that something takes time: a line that moves on a terminal,
// nothing elsewhere.
type waiting struct {
	stop chan struct{}
	gone chan struct{}
}

// wait begins to tell; done ends it and clears the line.
func (s *session) wait(format string, args ...any) *waiting {
	w := &waiting{stop: make(chan struct{}), gone: make(chan struct{})}
	if !terminal(s.err) {
		close(w.gone)
		return w
	}
	bar := progressbar.NewOptions(-1,
		progressbar.OptionSetWriter(s.err), progressbar.OptionSetDescription(fmt.Sprintf(format, args...)),
		progressbar.OptionSpinnerType(14), progressbar.OptionSetElapsedTime(true), progressbar.OptionClearOnFinish(),
	)
	go w.turn(bar)
	return w
}

func (w *waiting) turn(bar *progressbar.ProgressBar) {
	defer close(w.gone)
	ticks := time.NewTicker(100 * time.Millisecond)
	defer ticks.Stop()
	for {
		select {
		case <-ticks.C:
			bar.Add(1)
		case <-w.stop:
			bar.Clear()
			bar.Finish()
			return
		}
	}
}

func (w *waiting) done() {
	close(w.stop)
	<-w.gone
}
