package web_test

import (
	"bufio"
	"context"
	"encoding/base64"
	"encoding/json"
	"flag"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

var shots = flag.String("shots", "", "write pictures of the pages into this folder")

// browser is a headless Chromium, spoken to over two pipes in its DevTools protocol: JSON texts that end with a zero byte.
type browser struct {
	cmd     *exec.Cmd
	to      io.WriteCloser
	profile string

	mu      sync.Mutex
	last    int
	waiting map[int]chan message
	tabs    map[string]*tab // by session
	gone    chan struct{}
}

type message struct {
	ID      int             `json:"id,omitempty"`
	Method  string          `json:"method,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   *struct {
		Message string `json:"message"`
	} `json:"error,omitempty"`
}

// theBrowser serves all tests, each with a tab of its own.
var theBrowser *browser

// patience is how long the browser may take for anything.
const patience = 30 * time.Second

func chromium(t testing.TB) *browser {
	t.Helper()
	if theBrowser != nil {
		return theBrowser
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if path, err := exec.LookPath(name); err == nil {
			theBrowser = startBrowser(t, path)
			return theBrowser
		}
	}
	t.Skip("no chromium, chromium-browser or google-chrome on the PATH: the pages are not tried in a browser")
	return nil
}

func startBrowser(t testing.TB, path string) *browser {
	t.Helper()
	profile, err := os.MkdirTemp("", "carya-web-")
	check(t, err)
	commandsOut, commands, err := os.Pipe()
	check(t, err)
	answers, answersIn, err := os.Pipe()
	check(t, err)
	b := &browser{to: commands, profile: profile, waiting: map[int]chan message{}, tabs: map[string]*tab{}, gone: make(chan struct{})}
	b.cmd = exec.Command(path, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--remote-debugging-pipe",
		"--user-data-dir="+profile, "--no-first-run", "--disable-background-networking", "--disable-component-update")
	b.cmd.ExtraFiles = []*os.File{commandsOut, answersIn} // descriptors 3 and 4
	check(t, b.cmd.Start())
	commandsOut.Close()
	answersIn.Close()
	go b.listen(answers)
	return b
}

func (b *browser) close() {
	b.to.Close() // it ends when nobody speaks to it any more
	select {
	case <-b.gone:
	case <-time.After(patience):
		b.cmd.Process.Kill()
	}
	b.cmd.Wait()
	os.RemoveAll(b.profile)
}

func (b *browser) listen(from io.Reader) {
	defer close(b.gone)
	r := bufio.NewReaderSize(from, 1<<20)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(text[:len(text)-1], &m) != nil {
			continue
		}
		b.mu.Lock()
		if wait := b.waiting[m.ID]; wait != nil {
			delete(b.waiting, m.ID)
			wait <- m
		} else if tab := b.tabs[m.Session]; tab != nil {
			tab.events = append(tab.events, m)
		}
		b.mu.Unlock()
	}
}

// call sends a command and reads its result.
func (b *browser) call(t testing.TB, session, method string, params, result any) {
	t.Helper()
	raw, err := json.Marshal(params)
	check(t, err)
	b.mu.Lock()
	b.last++
	m := message{ID: b.last, Method: method, Session: session, Params: raw}
	wait := make(chan message, 1)
	b.waiting[m.ID] = wait
	b.mu.Unlock()
	text, err := json.Marshal(m)
	check(t, err)
	_, err = b.to.Write(append(text, 0))
	check(t, err)
	select {
	case m = <-wait:
	case <-b.gone:
		t.Fatalf("%s: the browser is gone", method)
	case <-time.After(patience):
		t.Fatalf("%s: no answer", method)
	}
	if m.Error != nil {
		t.Fatalf("%s: %s", method, m.Error.Message)
	}
	if result != nil {
		check(t, json.Unmarshal(m.Result, result))
	}
}

type obj = map[string]any

// tab is a page in the browser.
type tab struct {
	*browser
	t       testing.TB
	session string
	events  []message
	width   int
}

// view says how a page is looked at.
type view struct {
	width    int
	language string
	dark     bool
}

func newTab(t testing.TB, v view) *tab {
	t.Helper()
	b := chromium(t)
	var target struct{ TargetID, SessionID string }
	b.call(t, "", "Target.createTarget", obj{"url": "about:blank"}, &target)
	id := target.TargetID
	t.Cleanup(func() { b.call(t, "", "Target.closeTarget", obj{"targetId": id}, nil) })
	b.call(t, "", "Target.attachToTarget", obj{"targetId": id, "flatten": true}, &target)
	tab := &tab{browser: b, t: t, session: target.SessionID, width: v.width}
	b.mu.Lock()
	b.tabs[tab.session] = tab
	b.mu.Unlock()
	for _, domain := range []string{"Page", "Runtime", "Network", "Log"} {
		tab.do(domain+".enable", obj{}, nil)
	}
	tab.do("Network.setUserAgentOverride", obj{"userAgent": "test", "acceptLanguage": v.language}, nil)
	tab.do("Emulation.setTimezoneOverride", obj{"timezoneId": "Asia/Shanghai"}, nil)
	tab.do("Emulation.setDeviceMetricsOverride", obj{"width": v.width, "height": 800, "deviceScaleFactor": 1, "mobile": v.width < 600}, nil)
	scheme := "light"
	if v.dark {
		scheme = "dark"
	}
	tab.do("Emulation.setEmulatedMedia", obj{"features": []any{obj{"name": "prefers-color-scheme", "value": scheme}}}, nil)
	return tab
}

func (p *tab) do(method string, params, result any) {
	p.t.Helper()
	p.call(p.t, p.session, method, params, result)
}

// open loads a page and waits until its script has run.
func (p *tab) open(url string) {
	p.t.Helper()
	p.do("Page.navigate", obj{"url": "about:blank"}, nil)
	p.do("Page.navigate", obj{"url": url}, nil)
	p.wait("document.readyState === 'complete' && location.href !== 'about:blank'")
}

// eval evaluates an expression in the page.
func eval[T any](p *tab, expression string) (value T) {
	p.t.Helper()
	var answer struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct{ Text string }
	}
	p.do("Runtime.evaluate", obj{"expression": expression, "returnByValue": true, "awaitPromise": true}, &answer)
	if answer.ExceptionDetails != nil {
		p.t.Fatalf("%s: %s", expression, answer.ExceptionDetails.Text)
	}
	if len(answer.Result.Value) > 0 {
		check(p.t, json.Unmarshal(answer.Result.Value, &value))
	}
	return value
}

// wait waits until an expression is true.
func (p *tab) wait(expression string) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	for !eval[bool](p, "!!("+expression+")") {
		select {
		case <-ctx.Done():
			p.t.Fatalf("never true: %s\n%s", expression, p.text())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// text is what the page says, folded parts too.
func (p *tab) text() string {
	p.t.Helper()
	return eval[string](p, `(async () => {
		for (let shut; (shut = document.querySelectorAll('details:not([open])')).length > 0;) {
			for (const d of shut) d.open = true;
			await new Promise(done => setTimeout(done, 20)); // some are filled when they are opened
		}
		return document.body.innerText;
	})()`)
}

// give hands files to a file input.
func (p *tab) give(selector string, files ...string) {
	p.t.Helper()
	var answer struct{ Result struct{ ObjectID string } }
	p.do("Runtime.evaluate", obj{"expression": "document.querySelector('" + selector + "')"}, &answer)
	p.do("DOM.setFileInputFiles", obj{"files": files, "objectId": answer.Result.ObjectID}, nil)
}

// quiet checks that the page asked the network for nothing but itself, threw nothing, broke none of its own policies, and is not
// wider than the screen.
func (p *tab) quiet() {
	p.t.Helper()
	p.mu.Lock()
	events := p.events
	p.mu.Unlock()
	for _, m := range events {
		var e struct {
			Type    string
			Request struct{ URL string }
			Entry   struct{ Level, Text, URL string }
		}
		check(p.t, json.Unmarshal(m.Params, &e))
		switch {
		case m.Method == "Runtime.exceptionThrown":
			p.t.Errorf("exception: %s", m.Params)
		case m.Method == "Network.requestWillBeSent" && e.Type != "Document":
			p.t.Errorf("the page asked for %s", e.Request.URL)
		case m.Method == "Log.entryAdded" && e.Entry.Level == "error" && !strings.HasSuffix(e.Entry.URL, "/favicon.ico"):
			p.t.Errorf("log: %s", m.Params)
		}
	}
	if wide := eval[int](p, "document.documentElement.scrollWidth"); wide > p.width {
		p.t.Errorf("the page is %d pixels wide, the screen %d", wide, p.width)
	}
}

// shoot writes a picture of the whole page, where pictures are asked for.
func (p *tab) shoot(name string) {
	p.t.Helper()
	if *shots == "" {
		return
	}
	check(p.t, os.MkdirAll(*shots, 0o755))
	var picture struct{ Data string }
	height := eval[int](p, "document.documentElement.scrollHeight")
	p.do("Page.captureScreenshot", obj{
		"captureBeyondViewport": true, "clip": obj{"x": 0, "y": 0, "width": p.width, "height": min(height, 6000), "scale": 1},
	}, &picture)
	data, err := base64.StdEncoding.DecodeString(picture.Data)
	check(p.t, err)
	check(p.t, os.WriteFile(filepath.Join(*shots, name+".png"), data, 0o644))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func page(t testing.TB, name string, data []byte) (path, url string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), name)
	check(t, os.WriteFile(path, data, 0o644))
	return path, "file://" + path
}
