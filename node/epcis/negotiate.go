package epcisrest

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/caryaledger/carya/types/epcis"
)

const (
	mediaJSON   = "application/json"
	mediaLD     = "application/ld+json"
	mediaEvents = "text/event-stream"
)

// acceptable returns the offer that the caller prefers, the first one where it does not
// care (RFC 9110 section 12.5.1).
func acceptable(h http.Header, offers ...string) (string, error) {
	accept := strings.Join(h.Values("Accept"), ",")
	if strings.TrimSpace(accept) == "" {
		return offers[0], nil
	}
	best, chosen := 0.0, ""
	for _, offer := range offers {
		if q := quality(accept, offer); q > best {
			best, chosen = q, offer
		}
	}
	if chosen == "" {
		return "", notAcceptable.about("Accept", "%.100q: answers are %s", accept, strings.Join(offers, " or "))
	}
	return chosen, nil
}

// quality is how much an Accept header likes a media type: that of the most specific range that
// covers it.
func quality(accept, media string) float64 {
	kind, _, _ := strings.Cut(media, "/")
	q, specific := 0.0, 0
	for part := range strings.SplitSeq(accept, ",") {
		name, params, err := mime.ParseMediaType(part)
		if err != nil {
			continue
		}
		rank := 1 + slices.Index([]string{"*/*", kind + "/*", media}, name)
		if rank <= specific {
			continue
		}
		specific, q = rank, 1
		if text, ok := params["q"]; ok {
			if q, err = strconv.ParseFloat(text, 64); err != nil {
				q = 0
			}
		}
	}
	return q
}

// checkVersions refuses callers that want other versions of the standards than there is.
func checkVersions(h http.Header) error {
	for _, std := range []string{"EPCIS", "CBV"} {
		lowest, highest := h.Get("GS1-"+std+"-Min"), h.Get("GS1-"+std+"-Max")
		if lowest != "" && compareVersions(lowest, version) > 0 || highest != "" && compareVersions(highest, version) < 0 {
			return notAcceptable.about("GS1-"+std+"-Min", "%.20q to %.20q: answers are of %s %s", lowest, highest, std, version)
		}
		if given := h.Get("GS1-" + std + "-Version"); given != "" && compareVersions(given, version) != 0 {
			return unsupportedMedia.about("GS1-"+std+"-Version", "%.20q: this is %s %s", given, std, version)
		}
	}
	return nil
}

// compareVersions compares numbers with points between them; what is missing is 0.
func compareVersions(a, b string) int {
	x, y := strings.Split(a, "."), strings.Split(b, ".")
	for i := range max(len(x), len(y)) {
		if d := versionPart(x, i) - versionPart(y, i); d != 0 {
			return d
		}
	}
	return 0
}

func versionPart(parts []string, i int) int {
	if i >= len(parts) {
		return 0
	}
	n, err := strconv.ParseUint(strings.TrimSpace(parts[i]), 10, 16)
	if err != nil {
		return -1
	}
	return int(n)
}

// format reads how the caller wants identifiers written.
func format(h http.Header) (epcis.Format, string, error) {
	name := h.Get("GS1-EPC-Format")
	f, ok := formats[name]
	if !ok {
		return 0, "", notAcceptable.about("GS1-EPC-Format", "%.60q: Always_GS1_Digital_Link, Always_EPC_URN, No_Preference or Never_Translates", name)
	}
	if name == "" {
		name = "Always_GS1_Digital_Link"
	}
	return f, name, nil
}

// readBody reads a JSON body of at most so many bytes.
func readBody(w http.ResponseWriter, r *http.Request, most int64) ([]byte, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	switch {
	case err == nil && (media == mediaJSON || media == mediaLD):
	case strings.HasSuffix(media, "/xml") || strings.HasSuffix(media, "+xml"):
		return nil, unsupportedMedia.about("Content-Type", "EPCIS XML is not read here, of whatever version: "+
			"convert it to JSON-LD (EPCIS 2.0) and send %s", mediaLD)
	default:
		return nil, unsupportedMedia.about("Content-Type", "%.60q: send %s or %s", r.Header.Get("Content-Type"), mediaLD, mediaJSON)
	}
	data, err := io.ReadAll(http.MaxBytesReader(w, r.Body, most))
	if _, over := errors.AsType[*http.MaxBytesError](err); over {
		return nil, captureLimit.about("", "the body has more than %d bytes", most)
	}
	if err != nil {
		return nil, validation.about("", "the body did not arrive: %v", err)
	}
	return data, nil
}
