package client

import (
	"context"
	"iter"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types"
)

// deliveryStore is a node's store of the sealed deliveries for its member.
type deliveryStore struct{ node *Client }

// storedDelivery is one delivery in it, without its body.
type storedDelivery struct {
	Seq     int64      `json:"seq"` // ascending by arrival
	ID      types.Hash `json:"id"`
	From    string     `json:"from"`
	To      []string   `json:"to"`
	Records []string   `json:"records"`
	Time    int64      `json:"time"` // of arrival, Unix milliseconds
	Size    int64      `json:"size"` // bytes
}

// dialStore returns the store of the session's node. Nodes that are not on this machine want a token; tokenFile is "" for
// those that are.
func (s *session) dialStore(tokenFile string) (*deliveryStore, error) {
	node, err := s.dial()
	if err != nil || tokenFile == "" {
		return &deliveryStore{node}, err
	}
	data, err := readSmall(tokenFile)
	if err != nil {
		return nil, usage("", err)
	}
	node.http = &http.Client{Transport: bearer{strings.TrimSpace(string(data)), node.http.Transport}}
	return &deliveryStore{node}, nil
}

// bearer adds a token to every request (RFC 6750).
type bearer struct {
	token string
	next  http.RoundTripper
}

func (b bearer) RoundTrip(r *http.Request) (*http.Response, error) {
	r = r.Clone(r.Context())
	r.Header.Set("Authorization", "Bearer "+b.token)
	return b.next.RoundTrip(r)
}

// CloseIdleConnections lets the client's Close reach the connections.
func (b bearer) CloseIdleConnections() {
	if c, ok := b.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}

const vaultTokenHelp = "file with the token of the node's [vault]; not needed on the node's machine"

// storePage is how many deliveries are asked for at once.
const storePage = 100

// list returns the deliveries about a record, oldest first.
func (s *deliveryStore) list(ctx context.Context, record string) iter.Seq2[*storedDelivery, error] {
	return func(yield func(*storedDelivery, error) bool) {
		after := int64(0)
		for {
			page, err := s.page(ctx, record, after)
			if err != nil {
				yield(nil, err)
				return
			}
			for i := range page {
				if !yield(&page[i], nil) {
					return
				}
				after = page[i].Seq
			}
			if len(page) < storePage {
				return
			}
		}
	}
}

func (s *deliveryStore) page(ctx context.Context, record string, after int64) ([]storedDelivery, error) {
	query := url.Values{"record": {record}, "limit": {strconv.Itoa(storePage)}}
	if after > 0 {
		query.Set("after", strconv.FormatInt(after, 10))
	}
	answer, err := get[struct {
		Documents []storedDelivery `json:"documents"`
	}](ctx, s.node, "/v1/documents", query)
	if err != nil {
		return nil, err
	}
	return answer.Documents, nil
}

// open returns a delivery with its body.
func (s *deliveryStore) open(ctx context.Context, id types.Hash) (*types.Sealed, error) {
	return get[types.Sealed](ctx, s.node, "/v1/documents/"+id.String(), nil)
}

// erase removes a delivery from the node.
func (s *deliveryStore) erase(ctx context.Context, id types.Hash) error {
	_, err := s.node.do(ctx, request{method: http.MethodDelete, path: "/v1/documents/" + id.String(), accept: "application/json"})
	return err
}
