package epcisrest

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"
)

// pageTokens make and read nextPageToken. A token holds everything about the next page
// and a signature over it and the list it belongs to, so that the node remembers nothing
// but which ones were given back, and nobody can build one by hand.
type pageTokens struct {
	key [sha256.Size]byte
	now func() time.Time

	mu    sync.Mutex
	ended map[string]time.Time // tokens that were given back, until they expire
}

const (
	// pageLife is how long a token is good for.
	pageLife = time.Hour
	// maxEnded bounds what is remembered of tokens that were given back.
	maxEnded = 10_000
	// maxToken bounds a token, in bytes.
	maxToken = 2 << 10
)

// page is where a list goes on.
type page struct {
	After   string `json:"a"`           // cursor of whoever has the list
	Left    int    `json:"l,omitempty"` // how many elements may still come; 0 = all
	Expires int64  `json:"e"`           // Unix milliseconds
}

// openPageTokens reads the key of the signatures, or makes one.
func openPageTokens(file string, now func() time.Time) (*pageTokens, error) {
	t := &pageTokens{now: now, ended: map[string]time.Time{}}
	data, err := os.ReadFile(file)
	if err == nil && len(data) == len(t.key) {
		copy(t.key[:], data)
		return t, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	rand.Read(t.key[:])
	return t, writeFile(file, t.key[:])
}

// make returns the token of the next page of a list.
func (t *pageTokens) make(list, after string, left int) (token string, expires time.Time, err error) {
	expires = t.now().Add(pageLife)
	data, err := json.Marshal(page{after, left, expires.UnixMilli()})
	if err != nil {
		return "", expires, err
	}
	return base64.RawURLEncoding.EncodeToString(append(t.sum(list, data), data...)), expires, nil
}

// sum is a signature over a page of a list. The length keeps the two apart.
func (t *pageTokens) sum(list string, data []byte) []byte {
	h := hmac.New(sha256.New, t.key[:])
	h.Write([]byte(strconv.Itoa(len(list)) + ":" + list))
	h.Write(data)
	return h.Sum(nil)
}

// read returns the page that a token of the list stands for.
func (t *pageTokens) read(list, token string) (page, error) {
	var p page
	if len(token) > maxToken {
		return p, queryParameter.about("nextPageToken", "the token is not one of this node's")
	}
	data, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(data) < sha256.Size || !hmac.Equal(data[:sha256.Size], t.sum(list, data[sha256.Size:])) {
		return p, queryParameter.about("nextPageToken", "the token is not one that this node made for this list; begin again without it")
	}
	if err := json.Unmarshal(data[sha256.Size:], &p); err != nil {
		return p, err // we signed it
	}
	if t.now().UnixMilli() > p.Expires || t.gone(token) {
		return p, queryParameter.about("nextPageToken", "the token has expired; begin again without it")
	}
	return p, nil
}

func (t *pageTokens) gone(token string) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	_, gone := t.ended[token]
	return gone
}

// end takes a token back. When many are, those that expire first are forgotten: they are
// good again until they do.
func (t *pageTokens) end(token string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now()
	for known, expires := range t.ended {
		if expires.Before(now) || len(t.ended) >= maxEnded {
			delete(t.ended, known)
		}
	}
	t.ended[token] = now.Add(pageLife)
}

// forgetPage answers DELETE /nextPageToken/{token}. A token that never was is as gone as any.
func (s *Service) forgetPage(w http.ResponseWriter, r *http.Request) error {
	token := r.PathValue("token")
	if len(token) > maxToken {
		return queryParameter.about("token", "the token is not one of this node's")
	}
	s.pages.end(token)
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// paging is the part of a list that a caller asks for.
type paging struct {
	list    string     // what the token is bound to
	query   url.Values // of the request, without the token
	path    string
	perPage int
	page
}

const (
	defaultPerPage = 30
	maxPerPage     = 1000
)

// paging takes perPage and nextPageToken out of the parameters. A token belongs to a
// path with all its other parameters and the headers that decide what is found.
func (s *Service) paging(r *http.Request, rest url.Values) (*paging, error) {
	p := &paging{path: r.URL.EscapedPath(), perPage: defaultPerPage}
	p.query = r.URL.Query()
	p.query.Del("nextPageToken")
	if text := rest.Get("perPage"); rest.Has("perPage") {
		n, err := strconv.ParseInt(text, 10, 32)
		if err != nil || n < 1 || n > maxPerPage || len(rest["perPage"]) > 1 {
			return nil, queryParameter.about("perPage", "perPage: %.20q is not a number from 1 to %d", text, maxPerPage)
		}
		p.perPage = int(n)
	}
	tokens := rest["nextPageToken"]
	rest.Del("perPage")
	rest.Del("nextPageToken")
	p.list = strings.Join([]string{p.path, rest.Encode(), r.Header.Get("GS1-Extensions")}, "\n")
	if len(tokens) == 0 {
		return p, nil
	}
	var err error
	p.page, err = s.pages.read(p.list, tokens[0])
	return p, err
}

// first reports whether this is the first page.
func (p *paging) first() bool { return p.After == "" && p.Expires == 0 }

// link says where the list goes on, if it does.
func (s *Service) link(h http.Header, p *paging, after string, left int) error {
	if after == "" {
		return nil
	}
	token, expires, err := s.pages.make(p.list, after, left)
	if err != nil {
		return err
	}
	p.query.Set("nextPageToken", token)
	h.Set("Link", "<"+p.path+"?"+p.query.Encode()+`>; rel="next"`)
	h.Set("GS1-Next-Page-Token-Expires", expires.UTC().Format(time.RFC3339))
	return nil
}
