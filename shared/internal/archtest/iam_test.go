package archtest_test

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// methods says by which SDK calls an allowed action is used. Actions that
// Lambda itself uses to read queues and streams have none.
var methods = map[string][]string{
	"dynamodb:GetItem":              {"dynamodb.GetItem"},
	"dynamodb:BatchGetItem":         {"dynamodb.BatchGetItem"},
	"dynamodb:Query":                {"dynamodb.Query"},
	"dynamodb:PutItem":              {"dynamodb.PutItem", "dynamodb.TransactWriteItems"},
	"dynamodb:UpdateItem":           {"dynamodb.UpdateItem", "dynamodb.TransactWriteItems"},
	"dynamodb:DeleteItem":           {"dynamodb.DeleteItem", "dynamodb.TransactWriteItems"},
	"dynamodb:ConditionCheckItem":   {"dynamodb.TransactWriteItems"},
	"sqs:SendMessage":               {"sqs.SendMessage", "sqs.SendMessageBatch"},
	"events:PutEvents":              {"eventbridge.PutEvents"},
	"secretsmanager:GetSecretValue": {"secretsmanager.GetSecretValue"},
	"secretsmanager:PutSecretValue": {"secretsmanager.PutSecretValue"},
	"secretsmanager:DescribeSecret": {"secretsmanager.DescribeSecret"},
	"s3:GetObject":                  {"s3.GetObject", "s3.HeadObject"},
	"s3:PutObject":                  {"s3.PutObject", "s3.CreateMultipartUpload", "s3.UploadPart", "s3.CompleteMultipartUpload"},
	"s3:ListMultipartUploadParts":   {"s3.ListParts"},
	"s3:ListBucket":                 nil, // it makes a missing object a 404
	"sqs:ChangeMessageVisibility":   {"sqs.ChangeMessageVisibility"},
	"sqs:ReceiveMessage":            nil,
	"sqs:DeleteMessage":             nil,
	"sqs:GetQueueAttributes":        nil,
	"dynamodb:DescribeStream":       nil,
	"dynamodb:GetRecords":           nil,
	"dynamodb:GetShardIterator":     nil,
	"dynamodb:ListStreams":          nil,
}

// unused are methods of clients that a program holds without calling AWS by
// them: the SDK's endpoint discovery and sessions with S3 Express are off.
var unused = []string{"Options", "DescribeEndpoints", "CreateSession"}

// sdkCall is a symbol of the SDK's clients. The linker leaves out what a
// program cannot reach, so a binary's symbols are the calls it can make.
var sdkCall = regexp.MustCompile(`service/(dynamodb|sqs|eventbridge|secretsmanager|s3)\.\(\*Client\)\.([A-Z]\w+)$`)

func TestFunctionsMayDoWhatTheyDo(t *testing.T) {
	folder := t.TempDir()
	build := exec.CommandContext(t.Context(), "go", "build", "-tags", "lambda.norpc", "-o", folder, "./functions/...")
	build.Dir, build.Env = root, append(os.Environ(), "CGO_ENABLED=0")
	out, err := build.CombinedOutput()
	require.NoError(t, err, string(out))

	resources := template(t).get("Resources")
	for name, resource := range functions(t) {
		t.Run(name, func(t *testing.T) {
			symbols, err := exec.CommandContext(t.Context(), "go", "tool", "nm", filepath.Join(folder, name)).Output()
			require.NoError(t, err)
			called := map[string]bool{}
			for line := range strings.Lines(string(symbols)) {
				if call := sdkCall.FindStringSubmatch(strings.TrimSpace(line)); call != nil && !slices.Contains(unused, call[2]) {
					called[call[1]+"."+call[2]] = true
				}
			}
			if called["dynamodb.CreateTable"] || called["secretsmanager.CreateSecret"] {
				t.Skip("the linker keeps every method of a program that looks methods up by name, as protocol buffers do")
			}
			role, _, _ := strings.Cut(resource.get("Properties", "Role").text(), ".")
			covered := map[string]bool{}
			for _, policy := range resources.get(role, "Properties", "Policies").items() {
				for _, statement := range policy.get("PolicyDocument", "Statement").items() {
					for _, action := range statement.get("Action").items() {
						by, known := methods[action.text()]
						require.True(t, known, "%s is not known here", action.text())
						// Lambda itself hands failed batches to a dead-letter queue.
						used := by == nil || strings.Contains(statement.get("Resource").text(), "DeadLetters")
						if action.text() == "sqs:GetQueueAttributes" { // Lambda does this, too
							covered["sqs.GetQueueAttributes"] = true
						}
						for _, method := range by {
							used = used || called[method]
							covered[method] = true
						}
						assert.True(t, used, "%s may %s but never does", name, action.text())
					}
				}
			}
			for _, method := range slices.Sorted(maps.Keys(called)) {
				assert.True(t, covered[method], "%s calls %s, which its role does not allow", name, method)
			}
		})
	}
}
