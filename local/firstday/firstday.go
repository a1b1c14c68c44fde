// Package firstday lives the first day of a deployment from outside, over HTTP
// only, as a partner's back end, its users and TikTok Shop would: two owners
// connect accounts, webhooks arrive, orders settle, links are made, a campaign
// is reviewed, access is withdrawn. It then compares what was stored with what
// the sandbox knows to be true.
package firstday

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// Owner is one customer of the development partner, with an API client.
type Owner struct {
	Name         string
	ClientID     string
	ClientSecret string
}

// Config says where everything is.
type Config struct {
	API           string // base URL of the deployed API, e.g. "http://abc.execute-api.localhost:4566"
	TokenURL      string // OAuth token endpoint
	Owners        [2]Owner
	Control       string // base URL of the sandbox's control API
	DynamoDB      *dynamodb.Client
	SQS           *sqs.Client
	RecordsTable  string
	AccountsTable string
	Signing       string    // secret of events delivered over HTTP, in base64
	BusQueueURL   string    // a queue that a rule feeds with everything on the event bus
	Out           io.Writer // progress lines
}

// Check is one line of the report: what is stored beside what is true.
type Check struct {
	Name      string
	Want, Got int
}

// OK reports whether the two agree.
func (c Check) OK() bool { return c.Want == c.Got }

// Report is what the day came to.
type Report struct {
	Checks      []Check
	Token       string // of the first owner, for a call to try
	Connection  string // id of the first owner's seller
	ConnectLink string // a fresh one of the first owner, for a creator
}

// OK reports whether every count agrees.
func (r Report) OK() bool {
	for _, c := range r.Checks {
		if !c.OK() {
			return false
		}
	}
	return len(r.Checks) > 0
}

// Write prints the report as a table.
func (r Report) Write(w io.Writer) {
	fmt.Fprintf(w, "\n  %-60s %6s %6s\n", "what", "true", "stored")
	for _, c := range r.Checks {
		mark := "ok"
		if !c.OK() {
			mark = "DIFFERS"
		}
		fmt.Fprintf(w, "  %-60s %6d %6d  %s\n", c.Name, c.Want, c.Got, mark)
	}
}

// day is the state of one run.
type day struct {
	Config
	started  time.Time
	http     *http.Client
	sandbox  *control
	atelier  *backend // first owner
	bright   *backend // second owner
	report   Report
	accounts accounts
	events   *busReader
	inbox    *inbox

	callback                     string // the last callback that succeeded
	campaignID, approved, target string // what links and reviews are about
	pending, linksMade           int
}

// step is one part of the day. Its text is printed when it is done.
type step struct {
	name string
	run  func(context.Context) (told string, err error)
}

// Run lives the day. An error says which step failed and why; a report whose
// counts differ is not an error.
func Run(ctx context.Context, cfg Config) (Report, error) {
	client := newHTTP()
	described, err := newDescribed(client.Transport, cfg.API)
	if err != nil {
		return Report{}, err
	}
	client.Transport = described
	events, err := newBusReader(cfg.SQS, cfg.BusQueueURL)
	if err != nil {
		return Report{}, err
	}
	sandbox := &control{base: cfg.Control, http: client}
	inbox, err := newInbox(sandbox, cfg.Signing)
	if err != nil {
		return Report{}, err
	}
	d := &day{
		Config: cfg, started: time.Now(), http: client,
		sandbox: sandbox, inbox: inbox,
		atelier: &backend{owner: cfg.Owners[0], api: cfg.API, http: client},
		bright:  &backend{owner: cfg.Owners[1], api: cfg.API, http: client},
		events:  events,
	}
	for _, s := range []step{
		{"two API clients sign in", d.signIn},
		{"accounts connect through the consent pages", d.connect},
		{"what goes wrong on the way is refused", d.refusals},
		{"webhooks arrive: valid, repeated, forged, unknown", d.webhooks},
		{"a webhook is processed again, without a second effect", d.replay},
		{"orders are read until some have settled", d.orders},
		{"past orders are read as far back as there are any", d.past},
		{"promotion links are made", d.links},
		{"a campaign is reviewed by rules", d.review},
		{"an access token expires and is refreshed once", d.expiry},
		{"one shop is deauthorized, and only it stops", d.deauthorize},
		{"the creator withdraws access", d.revoke},
		{"the Go client lists the same", d.goClient},
		{"everything is counted", d.count},
		{"an install from the app store is claimed", d.claim},
		{"connections tell what they lack, and renew", d.look},
		{"owners disconnect, the last one for good", d.leave},
	} {
		began := time.Now()
		told, err := s.run(ctx)
		if err != nil {
			return d.report, fmt.Errorf("%s: %w", s.name, err)
		}
		fmt.Fprintf(cfg.Out, "  %5.1fs  %-52s %s (%.1fs)\n", time.Since(d.started).Seconds(), s.name, told, time.Since(began).Seconds())
	}
	d.report.Token, d.report.Connection = d.atelier.token, d.accounts.seller.ID
	d.report.ConnectLink, err = d.atelier.connectLink(ctx, "creator")
	return d.report, err
}

// until waits for a condition, and says what it waited for when it does not come.
func until(ctx context.Context, what string, limit time.Duration, condition func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(250 * time.Millisecond)
	defer tick.Stop()
	var last error
	for {
		done, err := condition(ctx)
		if done && err == nil {
			return nil
		}
		if err != nil && ctx.Err() == nil {
			last = err
		}
		select {
		case <-ctx.Done():
			if last != nil {
				return fmt.Errorf("waited %s for %s: %w", limit, what, last)
			}
			return fmt.Errorf("waited %s for %s in vain", limit, what)
		case <-tick.C:
		}
	}
}

func (d *day) check(name string, want, got int) {
	d.report.Checks = append(d.report.Checks, Check{Name: name, Want: want, Got: got})
}
