package archtest_test

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"tiktok-shop-affiliate/local/walk"
)

const root = "../../.."

// node is a YAML node whose intrinsic tags (!Ref, !GetAtt, …) are kept.
type node struct{ *yaml.Node }

func (n node) get(path ...string) node {
	for _, key := range path {
		if n.Node == nil || n.Kind != yaml.MappingNode {
			return node{}
		}
		next := node{}
		for i := 0; i < len(n.Content); i += 2 {
			if n.Content[i].Value == key {
				next = node{n.Content[i+1]}
			}
		}
		n = next
	}
	return n
}

func (n node) keys() (keys []string) {
	if n.Node != nil && n.Kind == yaml.MappingNode {
		for i := 0; i < len(n.Content); i += 2 {
			keys = append(keys, n.Content[i].Value)
		}
	}
	return keys
}

func (n node) items() (items []node) {
	if n.Node != nil && n.Kind == yaml.SequenceNode {
		for _, item := range n.Content {
			items = append(items, node{item})
		}
	}
	return items
}

func (n node) text() string {
	if n.Node == nil {
		return ""
	}
	return n.Value
}

func template(t *testing.T) node {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	require.NoError(t, err)
	var doc yaml.Node
	require.NoError(t, yaml.Unmarshal(text, &doc))
	return node{doc.Content[0]}
}

// functions returns the folder of each function and its resource.
func functions(t *testing.T) map[string]node {
	t.Helper()
	found := map[string]node{}
	resources := template(t).get("Resources")
	for _, name := range resources.keys() {
		if resource := resources.get(name); resource.get("Type").text() == "AWS::Serverless::Function" {
			folder := filepath.Base(resource.get("Properties", "CodeUri").text())
			assert.NotContains(t, found, folder, "two functions are built from one folder")
			found[folder] = resource
		}
	}
	return found
}

func TestEveryFolderIsOneFunction(t *testing.T) {
	t.Parallel()
	entries, err := os.ReadDir(filepath.Join(root, "functions"))
	require.NoError(t, err)
	var folders, resources []string
	for _, entry := range entries {
		folders = append(folders, entry.Name())
	}
	for folder := range functions(t) {
		resources = append(resources, folder)
	}
	assert.ElementsMatch(t, folders, resources)
}

// envTags are the names in `env:"NAME"` tags of a folder's code, and of the
// settings of packages compose and serve that the code embeds, each once. With a type named,
// only its own tags count.
func envTags(t *testing.T, folder, of string) (names []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(root, folder, "*.go"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			switch declared := n.(type) {
			case *ast.FuncDecl:
				return of == ""
			case *ast.TypeSpec:
				if elsewhere, ok := declared.Type.(*ast.SelectorExpr); ok && declared.Name.Name == of {
					names = append(names, envTags(t, "shared/"+elsewhere.X.(*ast.Ident).Name, elsewhere.Sel.Name)...)
				}
				return of == "" || declared.Name.Name == of
			}
			field, ok := n.(*ast.Field)
			if !ok {
				return true
			}
			if len(field.Names) == 0 {
				switch embedded := field.Type.(type) {
				case *ast.SelectorExpr:
					if from, ok := embedded.X.(*ast.Ident); ok && (from.Name == "compose" || from.Name == "serve") {
						names = append(names, envTags(t, "shared/"+from.Name, embedded.Sel.Name)...)
					}
				case *ast.Ident:
					if of != "" && ast.IsExported(embedded.Name) {
						names = append(names, envTags(t, folder, embedded.Name)...)
					}
				}
			}
			if field.Tag == nil {
				return true
			}
			tag, err := strconv.Unquote(field.Tag.Value)
			require.NoError(t, err)
			if value := reflect.StructTag(tag).Get("env"); value != "" {
				name, _, _ := strings.Cut(value, ",")
				names = append(names, name)
			}
			return true
		})
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func TestEnvironmentIsWhatTheCodeReads(t *testing.T) {
	t.Parallel()
	for folder, resource := range functions(t) {
		t.Run(folder, func(t *testing.T) {
			t.Parallel()
			assert.ElementsMatch(t, envTags(t, "functions/"+folder, ""), resource.get("Properties", "Environment", "Variables").keys())
		})
	}
}

// words are what a pattern's group finds in a file.
func words(t *testing.T, file, pattern string) map[string]bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, file))
	require.NoError(t, err)
	found := map[string]bool{}
	for _, match := range regexp.MustCompile(pattern).FindAllStringSubmatch(string(text), -1) {
		found[match[1]] = true
	}
	return found
}

func TestEveryParameterIsUsedAndDescribed(t *testing.T) {
	t.Parallel()
	used := words(t, "template.yaml", `!Ref (\w+)`)
	listed := words(t, "README.md", "`(\\w+)`")
	parameters := template(t).get("Parameters")
	require.NotEmpty(t, parameters.keys())
	for _, name := range parameters.keys() {
		assert.NotEmpty(t, parameters.get(name, "Description").text(), name)
		assert.True(t, used[name], "%s is not used", name)
		assert.True(t, listed[name], "the README does not list %s", name)
	}
	outputs := template(t).get("Outputs")
	for _, name := range outputs.keys() {
		assert.NotEmpty(t, outputs.get(name, "Description").text(), name)
	}
}

func TestNothingIsKeptByChance(t *testing.T) {
	t.Parallel()
	resources := template(t).get("Resources")
	kept := 0
	for _, name := range resources.keys() {
		switch resources.get(name, "Type").text() {
		case "AWS::DynamoDB::Table", "AWS::SecretsManager::Secret", "AWS::Cognito::UserPool", "AWS::S3::Bucket":
			kept++
			for _, policy := range []string{"DeletionPolicy", "UpdateReplacePolicy"} {
				assert.Equal(t, "Retain", resources.get(name, policy).text(), "%s of %s", policy, name)
			}
		}
	}
	assert.Positive(t, kept)
}

// wildcards are the statements that cannot name a resource, with the reason.
var wildcards = map[string]string{
	"dynamodb:ListStreams": "has no resource-level permissions",
}

func TestLeastPrivilege(t *testing.T) {
	t.Parallel()
	resources := template(t).get("Resources")
	for folder, resource := range functions(t) {
		role := resource.get("Properties", "Role")
		require.Equal(t, "!GetAtt", role.Tag, "%s has a role of its own", folder)
		name, _, _ := strings.Cut(role.text(), ".")
		for _, policy := range resources.get(name, "Properties", "Policies").items() {
			for _, statement := range policy.get("PolicyDocument", "Statement").items() {
				var actions []string
				for _, action := range statement.get("Action").items() {
					actions = append(actions, action.text())
					assert.NotContains(t, action.text(), "*", "%s: an action is named", name)
				}
				require.NotEmpty(t, actions, name)
				if statement.get("Resource").text() == "*" {
					for _, action := range actions {
						assert.Contains(t, wildcards, action, "%s: %s needs a resource", name, action)
					}
				}
			}
		}
	}
}

func TestQueuesAreRead(t *testing.T) {
	t.Parallel()
	resources := template(t).get("Resources")
	var queues, read []string
	for _, name := range resources.keys() {
		resource := resources.get(name)
		if resource.get("Type").text() != "AWS::SQS::Queue" || strings.HasSuffix(name, "DeadLetters") {
			continue
		}
		queues = append(queues, name)
		redrive := resource.get("Properties", "RedrivePolicy")
		assert.Equal(t, strings.TrimSuffix(name, "Queue")+"DeadLetters.Arn", redrive.get("deadLetterTargetArn").text())
		assert.NotEmpty(t, redrive.get("maxReceiveCount").text(), name)
		assert.Equal(t, "QueueVisibility", resource.get("Properties", "VisibilityTimeout").text())
	}
	for folder, resource := range functions(t) {
		events := resource.get("Properties", "Events")
		for _, name := range events.keys() {
			properties := events.get(name, "Properties")
			switch events.get(name, "Type").text() {
			case "SQS":
				queue, _, _ := strings.Cut(properties.get("Queue").text(), ".")
				read = append(read, queue)
				assert.NotEmpty(t, properties.get("ScalingConfig", "MaximumConcurrency").text(), folder)
				assert.Equal(t, "WorkerTimeout", resource.get("Properties", "Timeout").text(), folder)
				fallthrough
			case "DynamoDB":
				require.Len(t, properties.get("FunctionResponseTypes").items(), 1, folder)
				assert.Equal(t, "ReportBatchItemFailures", properties.get("FunctionResponseTypes").items()[0].text(), folder)
			}
		}
	}
	assert.ElementsMatch(t, queues, read, "each queue has one reader")
}

func TestStatusShowsEveryQueue(t *testing.T) {
	t.Parallel()
	resources := template(t).get("Resources")
	variables := functions(t)["status"].get("Properties", "Environment", "Variables")
	shown := variables.get("QUEUE_URLS").text() + variables.get("DEAD_LETTER_URLS").text()
	for _, name := range resources.keys() {
		if resources.get(name, "Type").text() == "AWS::SQS::Queue" {
			assert.Contains(t, shown, "${"+name+"}", "the queue's URL belongs into QUEUE_URLS or DEAD_LETTER_URLS of StatusFunction, and its ARN into StatusRole")
		}
	}
}

// handlers names the event type that each function's source of events delivers.
var handlers = map[string]string{
	"HttpApi":    "lambdahttp.",
	"SQS":        "events.SQSEvent",
	"DynamoDB":   "events.DynamoDBEvent",
	"ScheduleV2": "Handle",
}

func TestHandlersTakeTheEventsTheyAreSent(t *testing.T) {
	t.Parallel()
	for folder, resource := range functions(t) {
		events := resource.get("Properties", "Events")
		var kinds []string
		for _, name := range events.keys() {
			kinds = append(kinds, events.get(name, "Type").text())
		}
		kinds = slices.Compact(kinds)
		if folder == "keyset-maker" {
			assert.Empty(t, kinds, "a custom resource is called by CloudFormation")
			continue
		}
		require.Len(t, kinds, 1, "%s handles one kind of event", folder)
		var source strings.Builder
		for _, file := range []string{"main.go", "handler.go"} {
			text, err := os.ReadFile(filepath.Join(root, "functions", folder, file))
			require.NoError(t, err)
			source.Write(text)
		}
		assert.Contains(t, source.String(), handlers[kinds[0]], folder)
	}
}

func TestRoutesAskForTheScopeThatTheHandlerChecks(t *testing.T) {
	t.Parallel()
	scopes := map[string]string{"Read": "affiliate/read", "Write": "affiliate/write", "Admin": "affiliate/admin"}
	for folder, resource := range functions(t) {
		events := resource.get("Properties", "Events")
		code := routesInCode(t, folder)
		for _, name := range events.keys() {
			if events.get(name, "Type").text() != "HttpApi" {
				continue
			}
			properties := events.get(name, "Properties")
			route := properties.get("Method").text() + " " + properties.get("Path").text()
			if !strings.Contains(route, " /v1/") {
				assert.Equal(t, "NONE", properties.get("Auth", "Authorizer").text(), route)
				continue
			}
			required := properties.get("Auth", "AuthorizationScopes").items()
			require.Len(t, required, 1, route)
			if assert.Contains(t, code, route, folder) {
				assert.Equal(t, scopes[code[route]], required[0].text(), route)
			}
			delete(code, route)
		}
		assert.Empty(t, code, "%s: routes that the template does not have", folder)
	}
}

func TestEveryRouteIsWalkedAsAStranger(t *testing.T) {
	t.Parallel()
	require.NoError(t, walk.Complete(root))
}

// routesInCode finds api.Handle(router, "METHOD /path", api.Scope, …) calls.
func routesInCode(t *testing.T, folder string) map[string]string {
	t.Helper()
	routes := map[string]string{}
	files, err := filepath.Glob(filepath.Join(root, "functions", folder, "*.go"))
	require.NoError(t, err)
	for _, file := range files {
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, 0)
		require.NoError(t, err)
		ast.Inspect(parsed, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if !ok || len(call.Args) < 4 {
				return true
			}
			called, ok := call.Fun.(*ast.SelectorExpr)
			if !ok || !strings.HasPrefix(called.Sel.Name, "Handle") {
				return true
			}
			route, isText := call.Args[1].(*ast.BasicLit)
			scope, isScope := call.Args[2].(*ast.SelectorExpr)
			if isText && isScope {
				text, err := strconv.Unquote(route.Value)
				require.NoError(t, err)
				routes[text] = scope.Sel.Name
			}
			return true
		})
	}
	return routes
}
