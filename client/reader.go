package client

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"filippo.io/age"
	"github.com/spf13/cobra"

	"github.com/caryaledger/carya/types"
)

func readerCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "reader",
		Short: "Keep the key that opens documents sent to a member",
		Long: `Keep the key with which a member reads what others send it: orders, payments, waybills
and lists, encrypted with age (age-encryption.org). The ledger holds the public half.

The key lies in <home>/reader.key, readable by its owner alone. Whoever gets it can read
every document that was ever encrypted to it; whoever loses it can read none of them.`,
		Example: `  carya reader new --member hangzhou-customs --wait
  carya reader show
  carya reader open delivery.json -o opened/`,
	}
	s := newSession(cmd)
	return group(cmd, newReaderCommand(s), showReaderCommand(s), openDeliveryCommand(s))
}

// readerPath is where a member's reading keys lie: an age identity file, the newest key first.
func readerPath(home string) string { return filepath.Join(home, "reader.key") }

// readIdentity reads the keys that open what is sent to this home's member. That there are none is fs.ErrNotExist.
func readIdentity(home string) (age.Identity, error) {
	keys, err := readReaderKeys(home)
	if err != nil {
		return nil, err
	}
	return keys, nil
}

// readerKeys are all keys of a reader. Older ones stay: documents were encrypted to them.
type readerKeys []*age.X25519Identity

// Unwrap opens a file's key with whichever of the keys it was encrypted to.
func (k readerKeys) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	for _, key := range k {
		opened, err := key.Unwrap(stanzas)
		if !errors.Is(err, age.ErrIncorrectIdentity) {
			return opened, err
		}
	}
	return nil, age.ErrIncorrectIdentity
}

func readReaderKeys(home string) (readerKeys, error) {
	path := readerPath(home)
	data, err := readSmall(path)
	if err != nil {
		return nil, err
	}
	identities, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	var keys readerKeys
	for _, identity := range identities {
		key, ok := identity.(*age.X25519Identity)
		if !ok {
			return nil, fmt.Errorf("%s: a key that is not X25519, as members publish them", path)
		}
		keys = append(keys, key)
	}
	return keys, nil
}

// newReader is one run of `carya reader new`.
type newReader struct {
	*author
	rotate bool
}

func newReaderCommand(s *session) *cobra.Command {
	n := &newReader{}
	cmd := &cobra.Command{
		Use:   "new --member ID",
		Short: "Make a reading key and publish it",
		Long: `Make the key with which a member reads what others send it, in <home>/reader.key, and
publish its public half on the ledger (SetReader). From then on others encrypt to it.

If the key is there, it is published again: so the command can be repeated after a failure.
--rotate makes a new key; the old ones stay in the file, for what was encrypted to them.`,
		Example: "  carya reader new --member hangzhou-customs --wait\n  carya reader new --member hangzhou-customs --rotate --wait",
		Args:    takes(0, 0, "none"),
	}
	n.author = newAuthor(s, cmd)
	cmd.Flags().BoolVar(&n.rotate, "rotate", false, "make a new key beside the old ones, and publish it")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		if err := n.check(); err != nil {
			return err
		}
		key, err := n.prepare()
		if err != nil {
			return err
		}
		return n.transact(ctx, []types.Body{&types.SetReader{Reader: key.Recipient().String()}})
	})
	return cmd
}

// prepare returns the key to publish. It is on the disk before anybody can encrypt to it.
func (n *newReader) prepare() (*age.X25519Identity, error) {
	keys, err := readReaderKeys(n.home)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if len(keys) > 0 && !n.rotate {
		n.note("the key in %s is published; --rotate makes a new one", readerPath(n.home))
		return keys[0], nil
	}
	key, err := age.GenerateX25519Identity()
	if err != nil || n.dry {
		return key, err
	}
	if err := keepReaderKeys(n.home, append(readerKeys{key}, keys...)); err != nil {
		return nil, err
	}
	n.say("✓ %s: keep a copy of it in a safe place, apart from this machine", readerPath(n.home))
	return key, nil
}

// keepReaderKeys replaces the file of the keys as a whole.
func keepReaderKeys(home string, keys readerKeys) error {
	var b strings.Builder
	fmt.Fprintf(&b, "# reading keys of a member of a Carya ledger, newest first; %s\n", time.Now().UTC().Format(time.RFC3339))
	for _, key := range keys {
		fmt.Fprintf(&b, "# public key: %s\n%s\n", key.Recipient(), key)
	}
	path := readerPath(home)
	return replaceFile(path, []byte(b.String()))
}

// replaceFile writes a file that only its owner can read, in place of one that may be there. There is always the old one
// or the new one, whole.
func replaceFile(path string, data []byte) error {
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := writeNew(fresh, data); err != nil {
		return err
	}
	if err := os.Rename(fresh, path); err != nil {
		return err
	}
	return syncDir(filepath.Dir(path))
}

func showReaderCommand(s *session) *cobra.Command {
	var member string
	cmd := &cobra.Command{
		Use:     "show",
		Short:   "Show the public half of the reading key",
		Long:    "Show the public half of the reading key; with --member, compare it with the one on the ledger.",
		Example: "  carya reader show --member hangzhou-customs",
		Args:    takes(0, 0, "none"),
	}
	cmd.Flags().StringVar(&member, "member", "", "member whose published key to compare with")
	cmd.RunE = s.run(func(ctx context.Context, _ []string) error {
		keys, err := readReaderKeys(s.home)
		if err != nil {
			return readerMissing(err)
		}
		shown := shownReader{File: readerPath(s.home), Reader: keys[0].Recipient().String(), Older: len(keys) - 1}
		if member != "" {
			if err := shown.compare(ctx, s, member); err != nil {
				return err
			}
		}
		s.say("%s\n  in %s, with %s", shown.Reader, shown.File, count(shown.Older, "older key"))
		if member != "" {
			s.say("  %s %s encrypts documents for %s to %s", tick(*shown.Current), "the ledger", member, first(shown.Published, "nobody"))
		}
		return s.emit(shown)
	})
	return cmd
}

// shownReader is what `carya reader show` prints.
type shownReader struct {
	File      string `json:"file"`
	Reader    string `json:"reader"` // age recipient of the newest key
	Older     int    `json:"older"`  // keys before it that are kept
	Published string `json:"published,omitempty"`
	Current   *bool  `json:"current,omitempty"` // the published one is the newest; absent if not compared
}

func (r *shownReader) compare(ctx context.Context, s *session, member string) error {
	node, err := s.dial()
	if err != nil {
		return err
	}
	defer node.Close()
	m, err := memberOf(ctx, node, member)
	if err != nil {
		return err
	}
	same := m.Reader == r.Reader
	r.Published, r.Current = m.Reader, &same
	return nil
}

// memberOf returns a member's record.
func memberOf(ctx context.Context, node *Client, id string) (*types.Member, error) {
	answer, err := node.Record(ctx, types.PrefixMember+"/"+id, 0)
	if err != nil {
		return nil, fmt.Errorf("member %s: %w", id, err)
	}
	var m types.Member
	if err := types.Decode(answer.Value, &m); err != nil {
		return nil, fmt.Errorf("member %s: %w", id, err)
	}
	return &m, nil
}

// readerMissing says what to do about a home without a reading key.
func readerMissing(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return usage("`carya reader new --member ID` makes and publishes one", fmt.Errorf("there is no reading key: %w", err))
	}
	return err
}
