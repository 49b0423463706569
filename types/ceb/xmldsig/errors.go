package xmldsig

import "fmt"

// Code words of Error.Kind. They are stable: programs may compare them, and new ones are only appended.
const (
	Unsigned       = "Unsigned"    // no signature in the message, or one that names nobody
	Malformed      = "Malformed"   // not well-formed XML, beyond a limit, or a signature of another form than ours
	Algorithm      = "Algorithm"   // another algorithm, or two that do not belong together
	Digest         = "Digest"      // the message was changed after it was signed
	Value          = "Value"       // the signature was not made with the key of its certificate
	BadCertificate = "Certificate" // no certificate, none that can be read, or one whose key does not fit
	Expired        = "Expired"     // the certificate is not valid at the time asked about; only Check says so
	Untrusted      = "Untrusted"   // neither registered nor issued by a root; only Check says so
	NotYours       = "NotYours"    // a certificate that does not speak for the company; only Check says so
)

// codes are the official error codes (202205 specification, tables 7-1 and 7-2). What the tables distinguish less finely
// than we do is 1001, an invalid signature.
var codes = map[string]int64{
	Unsigned:       -621026,
	Malformed:      1, // printed 0001
	Algorithm:      1001,
	Digest:         1004,
	Value:          1001,
	BadCertificate: 1001,
	Expired:        1002,
	Untrusted:      -621029,
	NotYours:       -621028,
}

// Error says why a signature was refused.
type Error struct {
	Kind   string // a code word above
	Code   int64  // the official error code that customs answers in this case
	Detail string
}

// Error reads like "Digest (1004): the message is not the one that was signed".
func (e *Error) Error() string {
	return fmt.Sprintf("%s (%d): %s", e.Kind, e.Code, e.Detail)
}

func fault(kind, format string, args ...any) error {
	return &Error{Kind: kind, Code: codes[kind], Detail: fmt.Sprintf(format, args...)}
}
