package client

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/pflag"
	"golang.org/x/term"
)

// passphrases says where a command's passphrase comes from: a file, the environment or the terminal.
type passphrases struct {
	file    string
	session *session
}

func (s *session) passphrases(f *pflag.FlagSet) *passphrases {
	p := &passphrases{session: s}
	f.StringVar(&p.file, "password-file", "", "file whose first line is the passphrase; without it "+envPassword+", else the terminal")
	return p
}

// existing returns the passphrase of a file that there is.
func (p *passphrases) existing(ctx context.Context, what string) (string, error) {
	if pass, found, err := p.given(); found || err != nil {
		return pass, err
	}
	return p.ask(ctx, "Passphrase of "+what+": ")
}

// fresh returns a passphrase for a new file; on a terminal it is asked for twice.
func (p *passphrases) fresh(ctx context.Context, what string) (string, error) {
	pass, found, err := p.given()
	if !found && err == nil {
		pass, err = p.twice(ctx, what)
	}
	if err == nil && pass == "" {
		err = usage("", errors.New("the passphrase is empty"))
	}
	return pass, err
}

func (p *passphrases) twice(ctx context.Context, what string) (string, error) {
	pass, err := p.ask(ctx, "New passphrase for "+what+": ")
	if err != nil {
		return "", err
	}
	again, err := p.ask(ctx, "The same again: ")
	if err == nil && again != pass {
		err = errors.New("the two passphrases differ")
	}
	return pass, err
}

// given returns the passphrase that needs nobody at the terminal.
func (p *passphrases) given() (pass string, found bool, err error) {
	if p.file == "" {
		pass, found = os.LookupEnv(envPassword)
		return pass, found, nil
	}
	data, err := readSmall(p.file)
	if err != nil {
		return "", true, usage("", fmt.Errorf("passphrase: %w", err))
	}
	pass, _, _ = strings.Cut(string(data), "\n")
	return strings.TrimSuffix(pass, "\r"), true, nil
}

// ask reads a passphrase from the terminal without showing it.
func (p *passphrases) ask(ctx context.Context, prompt string) (string, error) {
	fd := int(os.Stdin.Fd())
	before, err := term.GetState(fd)
	if err != nil {
		return "", usage("name a file with --password-file, or set "+envPassword, errors.New("a passphrase is needed and there is no terminal to ask at"))
	}
	fmt.Fprint(p.session.err, prompt)
	defer fmt.Fprintln(p.session.err)
	type read struct {
		pass []byte
		err  error
	}
	done := make(chan read, 1)
	go func() {
		pass, err := term.ReadPassword(fd)
		done <- read{pass, err}
	}()
	select {
	case r := <-done:
		return string(r.pass), r.err
	case <-ctx.Done():
		term.Restore(fd, before) // ReadPassword still waits, and would leave the terminal without echo
		return "", ctx.Err()
	}
}
