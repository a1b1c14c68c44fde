package invoke

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"

	"tiktok-shop-affiliate/local/up"
)

// Signed writes an HTTP event as Run would hand it over, for other ways to
// invoke a function. Its app comes from the file apps, which has the form of the
// apps secret, or without one from the running stack.
func Signed(ctx context.Context, p up.Profile, event, apps, owner string, out io.Writer) error {
	if event == "" {
		return fmt.Errorf("say which event, as EVENT=events/webhook-17.json")
	}
	raw, err := os.ReadFile(event)
	if err != nil {
		return err
	}
	var from facts = fileFacts(apps)
	if apps == "" {
		stack, err := p.Open(ctx)
		if err != nil {
			return fmt.Errorf("%w, or name a file with the apps' secret: APPS=apps.json", err)
		}
		from = stackFacts{stack: stack, owner: owner}
	}
	made, err := prepare(ctx, raw, from)
	if err != nil {
		return fmt.Errorf("%s: %w", event, err)
	}
	defer made.close()
	if made.kind != kindHTTP {
		return fmt.Errorf("%s is not an HTTP request; it is used as it is", event)
	}
	var indented bytes.Buffer
	if err := json.Indent(&indented, made.event, "", "  "); err != nil {
		return err
	}
	_, err = fmt.Fprintln(out, indented.String())
	return err
}
