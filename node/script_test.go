package node

import (
	"context"
	"fmt"
	"os"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
	"github.com/spf13/cobra"
)

// TestMain lets the test's program be the commands.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"carya": func() {
		root := &cobra.Command{Use: "carya", SilenceErrors: true, SilenceUsage: true}
		root.AddCommand(Commands()...)
		if err := root.ExecuteContext(context.Background()); err != nil {
			fmt.Fprintln(os.Stderr, "error:", err)
			os.Exit(1)
		}
	}})
}

func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata"})
}
