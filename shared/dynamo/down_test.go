package dynamo

import (
	"net/http"
	"net/http/httptest"
	"reflect"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/stretchr/testify/assert"

	"tiktok-shop-affiliate/shared/fault"
)

// A store that does not answer is said to be unavailable, by every method.
func TestStoreThatIsDown(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"broken":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusInternalServerError) },
		"throttled": func(w http.ResponseWriter, _ *http.Request) { refuse(w, "ThrottlingException") },
		"forbidden": func(w http.ResponseWriter, _ *http.Request) { refuse(w, "AccessDeniedException") },
	} {
		server := httptest.NewServer(answer)
		t.Cleanup(server.Close)
		client := dynamodb.New(dynamodb.Options{
			BaseEndpoint: &server.URL, Region: "us-east-1", Retryer: aws.NopRetryer{}, HTTPClient: server.Client(),
			Credentials: credentials.NewStaticCredentialsProvider("test-id", "test-secret", ""),
		})
		connections := NewConnections(client, "accounts", "orders")
		for _, store := range []any{
			connections, NewAudience(connections), NewCampaigns(client, "records"), NewClients(client, "accounts"), NewLinks(client, "records"),
			NewOrders(client, "orders"), NewFeed(client, "feed"), NewQuotas(client, "records"), NewDeliveries(client, "accounts", "orders", "records", func() time.Time { return consentAt }),
		} {
			for method := range reflect.TypeOf(store).Methods() {
				t.Run(name+"/"+reflect.TypeOf(store).Elem().Name()+"."+method.Name, func(t *testing.T) {
					t.Parallel()
					err := callWithZeros(t, reflect.ValueOf(store).MethodByName(method.Name))
					if err == nil {
						t.Skip("needs no store when it is given nothing")
					}
					assert.Equal(t, fault.Unavailable, fault.KindOf(err), "%v", err)
				})
			}
		}
	}
}

func refuse(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.0")
	w.WriteHeader(http.StatusBadRequest)
	_, _ = w.Write([]byte(`{"__type":"com.amazonaws.dynamodb.v20120810#` + kind + `","message":"test"}`))
}

// callWithZeros calls a method of a store with the test's context and nothing
// else, and returns its error.
func callWithZeros(t *testing.T, method reflect.Value) error {
	t.Helper()
	args := []reflect.Value{reflect.ValueOf(t.Context())}
	for i := 1; i < method.Type().NumIn(); i++ {
		args = append(args, reflect.Zero(method.Type().In(i)))
	}
	results := method.Call(args)
	err, _ := results[len(results)-1].Interface().(error)
	return err
}
