package archtest_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/aws/aws-lambda-go/cfn"
	"github.com/aws/aws-lambda-go/events"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"tiktok-shop-affiliate/local/invoke"
)

// sampleType is an empty event of the kind a function is sent.
func sampleType(folder, kind string) any {
	switch {
	case folder == "keyset-maker":
		return new(cfn.Event)
	case kind == "HttpApi":
		return new(events.APIGatewayV2HTTPRequest)
	case kind == "SQS":
		return new(events.SQSEvent)
	case kind == "DynamoDB":
		return new(events.DynamoDBEvent)
	}
	return new(map[string]any) // a schedule's event is not looked at
}

// The files in events/ are called after the function, with an optional suffix:
// events/webhook-17.json, events/campaigns--review.json.
func TestEveryFunctionHasAValidSampleEvent(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob(filepath.Join(root, "events", "*.json"))
	require.NoError(t, err)
	source, err := invoke.Open(root)
	require.NoError(t, err)
	samples := map[string][]string{}
	for _, file := range files {
		folder := source.SampleOf(filepath.Base(file))
		samples[folder] = append(samples[folder], file)
	}
	for folder, resource := range functions(t) {
		files := samples[folder]
		delete(samples, folder)
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			require.NotEmpty(t, files, "events/%s.json is missing", folder)
			triggers := resource.get("Properties", "Events")
			var routes []string
			kind := ""
			for _, name := range triggers.keys() {
				kind = triggers.get(name, "Type").text()
				routes = append(routes, triggers.get(name, "Properties", "Method").text()+" "+triggers.get(name, "Properties", "Path").text())
			}
			for _, file := range files {
				text, err := os.ReadFile(file)
				require.NoError(t, err)
				event := sampleType(folder, kind)
				decoder := json.NewDecoder(bytes.NewReader(text))
				decoder.DisallowUnknownFields()
				require.NoError(t, decoder.Decode(event), file)
				switch event := event.(type) {
				case *events.APIGatewayV2HTTPRequest:
					assert.Contains(t, routes, event.RouteKey, file)
				case *events.SQSEvent:
					assert.NotEmpty(t, event.Records, file)
				case *events.DynamoDBEvent:
					assert.NotEmpty(t, event.Records, file)
				}
			}
		})
	}
	assert.Empty(t, samples, "samples of no function")
}
