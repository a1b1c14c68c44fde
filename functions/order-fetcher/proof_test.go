package main

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"tiktok-shop-affiliate/local/sandbox"
	"tiktok-shop-affiliate/local/sandbox/sandboxtest"
	"tiktok-shop-affiliate/shared/connection"
	"tiktok-shop-affiliate/shared/conversion/conversiontest"
	"tiktok-shop-affiliate/shared/dynamo"
	"tiktok-shop-affiliate/shared/dynamo/awstest"
	"tiktok-shop-affiliate/shared/order/ordertest"
)

var (
	schedules = flag.Int("schedules", 3, "how many random schedules TestProof lives through")
	seed      = flag.Uint64("seed", 0, "the seed of the first schedule")
)

// inProcess carries requests straight into a handler.
type inProcess struct{ to http.Handler }

// RoundTrip implements http.RoundTripper.
func (p inProcess) RoundTrip(r *http.Request) (answer *http.Response, err error) {
	defer func() {
		if cut := recover(); cut != nil { // how a handler ends a connection
			err = fmt.Errorf("the connection was cut: %v", cut)
		}
	}()
	recorder := httptest.NewRecorder()
	request := r.Clone(r.Context())
	request.RequestURI = r.URL.RequestURI()
	p.to.ServeHTTP(recorder, request)
	return recorder.Result(), nil
}

// TestProof lives through random days with the real client and several copies
// of the function at once, against the sandbox in process and a store in memory.
// Far more schedules, without the client, run in local/proof.
func TestProof(t *testing.T) {
	t.Parallel()
	t.Logf("%d schedules from seed %d", *schedules, *seed)
	for n := range uint64(*schedules) { //nolint:gosec // small
		t.Run(fmt.Sprint("seed ", *seed+n), func(t *testing.T) {
			t.Parallel()
			memory := ordertest.NewMemory()
			b := benchOn(t, memory)
			for _, user := range []string{sandboxtest.AuroraHome, sandboxtest.MiaLane, sandboxtest.LeoPark, sandboxtest.Northwind, sandboxtest.HarborAgency} {
				b.connect(user, func(e connection.Enrolment) {
					for _, asset := range e.Assets {
						memory.Enrol(asset.ID, b.clock.Now())
					}
				})
			}
			b.live(rand.New(rand.NewPCG(*seed+n, 3)), 12, &http.Client{Transport: inProcess{b.tiktok.API()}}, b.sumsInMemory()) //nolint:gosec // repeatable, not secret
		})
	}
}

// TestCopiesOfTheFunctionOverTheWire is a short version of TestProof against the
// emulated DynamoDB, over HTTP.
func TestCopiesOfTheFunctionOverTheWire(t *testing.T) {
	t.Parallel()
	db, tables := dynamodb.NewFromConfig(awstest.Config(t)), awstest.Tables(t)
	b := benchOn(t, dynamo.NewOrders(db, tables.Orders))
	connections := dynamo.NewConnections(db, tables.Accounts, tables.Orders)
	for _, user := range []string{sandboxtest.MiaLane, sandboxtest.Northwind} {
		b.connect(user, func(e connection.Enrolment) {
			e.State = user
			require.NoError(t, connections.PutState(t.Context(), e.State, connection.Pending{ExpiresAt: b.clock.Now().Add(time.Hour)}))
			require.NoError(t, connections.Enrol(t.Context(), e))
		})
	}
	b.live(rand.New(rand.NewPCG(1, 3)), 4, http.DefaultClient, dynamo.NewRollups(db, tables.Orders)) //nolint:gosec // repeatable, not secret
}

// live lives through random days: sales, some late, faults of TikTok Shop, every
// wake delivered to several copies of the function at once. At the end all is
// well for long enough, and what is stored, and what it adds up to, is what the
// sandbox has.
func (b *bench) live(r *rand.Rand, days int, web *http.Client, sums conversiontest.Store) {
	b.t.Helper()
	copies := []*handler{b.newHandler(web), b.newHandler(web), b.newHandler(web)}
	deliver := func() {
		began := b.clock.Now()
		var group errgroup.Group
		for _, function := range copies[:1+r.IntN(3)] {
			event := b.event()
			r.Shuffle(len(event.Records), func(i, j int) { event.Records[i], event.Records[j] = event.Records[j], event.Records[i] })
			group.Go(func() error {
				answer, err := function.Handle(b.t.Context(), event)
				assert.Empty(b.t, answer.BatchItemFailures)
				return err
			})
		}
		require.NoError(b.t, group.Wait())
		b.roll(sums, began)
	}
	for range days {
		if r.IntN(3) > 0 {
			age := r.Float64() * 28
			sales := sandbox.NewOrders{Count: 1 + r.IntN(25), DaysAgo: age, SpreadDays: age * r.Float64(), SameSKU: r.IntN(3) == 0}
			if r.IntN(4) == 0 {
				sales.AppearSeconds = float64(r.IntN(5 * 86400)) // late
			}
			if r.IntN(6) == 0 {
				sales.Count = 130 // two pages
			}
			_, err := b.tiktok.CreateOrders(sales)
			require.NoError(b.t, err)
		}
		for range r.IntN(4) {
			f := []sandbox.Fault{
				{Status: 429, Code: 36009002, RetryAfter: 60}, {Status: 503, Body: "busy"}, {Code: 36009007, Message: "upstream timeout"},
				{Truncate: true}, {Cut: true}, {Code: 98001004, Skip: 1}, {Code: 105002}, {Shift: 1}, {Shift: -1},
				{PageToken: "wrong"}, {PageToken: "repeat"}, {PageToken: "expired"}, {After: true, Status: 500, Body: "lost"},
			}[r.IntN(13)]
			f.Operation = []string{sellerSearch, creatorSearch, tapSearch, capSearch}[r.IntN(4)]
			f.Times = 1 + r.IntN(2)
			b.tiktok.AddFault(f)
		}
		deliver()
		b.clock.pass(time.Duration(1+r.IntN(30)) * time.Hour)
	}
	b.tiktok.ClearFaults()
	b.tiktok.FinishOrders()
	for range 3 {
		b.clock.pass(8 * 24 * time.Hour)
		deliver()
	}
	b.agree()
	b.addUp(sums)
	for id := range b.assets {
		for _, row := range b.rows(id) {
			require.True(b.t, row.MissingSince.IsZero(), "%s %s", id, row.OrderID)
		}
	}
}

const capSearch = "POST /affiliate_partner/202603/cap_order/search"
