package epcisrest

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"syscall"
	"time"
)

// closed are the networks that are nobody's on the Internet, besides those that package
// netip knows by name: a subscription must not make this node ask what only it can reach.
var closed = func() []netip.Prefix {
	var all []netip.Prefix
	for _, s := range []string{
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "::/96", "64:ff9b::/96", "64:ff9b:1::/48",
		"100::/64", "2001::/23", "2001:db8::/32", "2002::/16", "fec0::/10",
	} {
		all = append(all, netip.MustParsePrefix(s))
	}
	return all
}()

// isOpen reports whether an address is one on the Internet.
func isOpen(ip netip.Addr) bool {
	ip = ip.Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || ip.IsLoopback() || ip.IsLinkLocalUnicast() {
		return false
	}
	for _, p := range closed {
		if p.Contains(ip) {
			return false
		}
	}
	return true
}

// newClient makes the client of all deliveries. Addresses are checked when a connection is
// made, after the name was resolved: what a name means can change in between. It follows
// no redirects and asks no proxy.
func newClient(private bool) *http.Client {
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	if !private {
		dialer.Control = func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || !isOpen(to.Addr()) {
				return fmt.Errorf("%s is not an address on the Internet; epcis.webhook_private lets deliveries go there", address)
			}
			return nil
		}
	}
	return &http.Client{
		Timeout: deliveryTimeout,
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, MaxIdleConns: maxDeliveries,
			IdleConnTimeout: 30 * time.Second, TLSHandshakeTimeout: 5 * time.Second,
			MaxResponseHeaderBytes: 64 << 10,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// resolveTime bounds how long a destination's name is looked up when somebody subscribes.
const resolveTime = 3 * time.Second

// checkDest refuses destinations that nothing would be delivered to.
func (s *Service) checkDest(ctx context.Context, dest string) error {
	u, err := url.Parse(dest)
	switch {
	case err != nil || len(dest) > maxValue || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "":
		return subscriptionControl.about("dest", "%.100q is not an http:// or https:// URL", dest)
	case u.User != nil || u.Fragment != "":
		return subscriptionControl.about("dest", "a destination has no user name and no fragment in it; use signatureToken")
	case s.WebhookPrivate:
		return nil
	}
	limited, cancel := context.WithTimeout(ctx, resolveTime)
	defer cancel()
	found, err := net.DefaultResolver.LookupNetIP(limited, "ip", u.Hostname())
	if err != nil {
		return subscriptionControl.about("dest", "%s: the name cannot be resolved", u.Hostname())
	}
	for _, ip := range found {
		if !isOpen(ip) {
			return subscriptionControl.about("dest", "%s is %s, which is not an address on the Internet; "+
				"the node's operator can allow it with epcis.webhook_private", u.Hostname(), ip.Unmap())
		}
	}
	return nil
}

// sign is what GS1-Signature says: HMAC-SHA256 over the body with the subscriber's token.
func sign(token string, body []byte) string {
	h := hmac.New(sha256.New, []byte(token))
	h.Write(body)
	return "sha256=" + hex.EncodeToString(h.Sum(nil))
}

// post delivers a document. Any answer but 2xx is a failure.
func (hs *hooks) post(ctx context.Context, u *subscription, body []byte) error {
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, u.Dest, bytes.NewReader(body))
	if err != nil {
		return err
	}
	for name, value := range map[string]string{
		"Content-Type": mediaLD, "GS1-EPCIS-Version": version, "GS1-CBV-Version": version,
		"GS1-EPC-Format": u.EPCFormat, "User-Agent": "carya-epcis",
	} {
		r.Header.Set(name, value)
	}
	if u.SignatureToken != "" {
		r.Header.Set("GS1-Signature", sign(u.SignatureToken, body))
	}
	resp, err := hs.client.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	io.Copy(io.Discard, io.LimitReader(resp.Body, 64<<10)) // so that the connection can be used again
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("the receiver answered %s", resp.Status)
	}
	return nil
}
