package up

import (
	"context"
	"encoding/json"
	"errors"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestResolve(t *testing.T) {
	t.Parallel()
	d := &deployed{
		Parameters: map[string]struct{ Type string }{"Audience": {Type: "CommaDelimitedList"}, "Issuer": {Type: "String"}},
		refs:       map[string]string{"Audience": "a,b", "Issuer": "", "Pool": "pool-1", "AWS::Region": "us-east-1"},
	}
	require.NoError(t, json.Unmarshal([]byte(`{
		"Own": {"Fn::Equals": [{"Ref": "Issuer"}, ""]},
		"Listed": {"Fn::Not": [{"Fn::Equals": [{"Fn::Join": ["", {"Ref": "Audience"}]}, ""]}]},
		"Both": {"Fn::And": [{"Condition": "Own"}, {"Condition": "Listed"}]},
		"None": {"Fn::Or": [{"Fn::Not": [{"Condition": "Own"}]}, {"Fn::Not": [{"Condition": "Listed"}]}]}
	}`), &d.Conditions))
	for name, c := range map[string]struct{ in, want string }{
		"plain":      {`{"a": ["b", 1, true]}`, `{"a": ["b", 1, true]}`},
		"ref":        {`{"x": {"Ref": "Pool"}}`, `{"x": "pool-1"}`},
		"list":       {`{"Ref": "Audience"}`, `["a", "b"]`},
		"sub":        {`{"Fn::Sub": "https://${AWS::Region}/${Pool}/${!Kept}"}`, `"https://us-east-1/pool-1/${!Kept}"`},
		"join":       {`{"Fn::Join": ["-", ["a", {"Ref": "Pool"}]]}`, `"a-pool-1"`},
		"if holds":   {`{"Fn::If": ["Both", {"Ref": "Pool"}, "no"]}`, `"pool-1"`},
		"if not":     {`{"Fn::If": ["None", "yes", ["no"]]}`, `["no"]`},
		"two fields": {`{"Ref": "Pool", "other": {"Ref": "Pool"}}`, `{"Ref": "Pool", "other": "pool-1"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var in any
			require.NoError(t, json.Unmarshal([]byte(c.in), &in))
			got, err := json.Marshal(d.resolve(in))
			require.NoError(t, err)
			assert.JSONEq(t, c.want, string(got))
		})
	}
}

func TestPruneTakesOutOnlyWhatTheEmulatorCannotDo(t *testing.T) {
	t.Parallel()
	file := t.TempDir() + "/template.yaml"
	require.NoError(t, os.WriteFile(file, []byte(`
Resources:
  Strange: {Type: AWS::X::Y}
  Alarm: {Type: AWS::CloudWatch::Alarm, Properties: {MetricName: Errors}}
  Worker:
    Type: AWS::Serverless::Function
    Properties:
      Role: !GetAtt Role.Arn
      Events:
        Queue: {Type: SQS, Properties: {Queue: !Ref Q, ScalingConfig: {MaximumConcurrency: !Ref N}}}
`), 0o600))
	gone, err := prune(file, unknownTypes(errors.New("… Unrecognized resource types: [AWS::X::Y, AWS::X::Z]")))
	require.NoError(t, err)
	assert.Equal(t, []string{"Strange", "Worker's ScalingConfig"}, gone)
	left, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.NotRegexp(t, "Strange|ScalingConfig", string(left))
	assert.Regexp(t, "(?s)Alarm:.*!GetAtt Role.Arn.*!Ref Q", string(left))
	assert.Empty(t, unknownTypes(errors.New("something else")))
}

func TestStepErrorSaysWhichWhyAndWhatToDo(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	steps := &Steps{Out: &out}
	require.NoError(t, steps.Do(t.Context(), "first", func(context.Context) (string, error) { return "a note", nil }))
	err := steps.Do(t.Context(), "second", func(context.Context) (string, error) {
		return "", inLog(errors.New("it broke"), "x.log")
	})
	assert.EqualError(t, err, "step \"second\" failed: it broke\n  what to do: the log is x.log; the next run starts afresh")
	assert.Regexp(t, `^ 1  first … \d+\.\d s  a note\n 2  second … failed\n$`, out.String())
}

// ours is a daemon that answers nothing: a shell that sleeps.
func ours(args ...string) daemon {
	return daemon{name: "sleeper", args: append([]string{"/bin/sh"}, args...), env: os.Environ(), ready: "http://127.0.0.1:1"}
}

func TestStopEndsTheWholeGroup(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "x", Root: t.TempDir()}
	require.NoError(t, os.MkdirAll(p.path(), 0o755))
	d := ours("-c", "sleep 60 & wait")
	cmd := exec.Command(d.args[0], d.args[1:]...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	require.NoError(t, cmd.Start())
	go func() { _ = cmd.Wait() }()
	require.NoError(t, os.WriteFile(p.pidFile(d), []byte(strconv.Itoa(cmd.Process.Pid)), 0o600))
	require.NoError(t, p.stop(d))
	assert.ErrorIs(t, syscall.Kill(-cmd.Process.Pid, 0), syscall.ESRCH)
	assert.NoFileExists(t, p.pidFile(d))
}

func TestStopHealsStalePids(t *testing.T) {
	t.Parallel()
	for name, pid := range map[string]string{
		"another program": strconv.Itoa(os.Getpid()),
		"nobody":          "999999999",
		"torn file":       "",
		"group of init":   "1",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := Profile{Name: "x", Root: t.TempDir()}
			require.NoError(t, os.MkdirAll(p.path(), 0o755))
			require.NoError(t, os.WriteFile(p.pidFile(ours()), []byte(pid), 0o600))
			require.NoError(t, p.stop(ours()))
			assert.NoFileExists(t, p.pidFile(ours()))
		})
	}
}

func TestStartNamesATakenPort(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer taken.Close()
	port := taken.Addr().(*net.TCPAddr).Port
	d := ours()
	d.ports = map[int]string{port: "SANDBOX_PORT"}
	err = (&StepError{Step: "start", Err: Profile{Name: "x", Root: t.TempDir()}.start(t.Context(), d)})
	assert.ErrorContains(t, err, "port "+strconv.Itoa(port)+" is taken")
	assert.ErrorContains(t, err, "SANDBOX_PORT="+strconv.Itoa(port+1000))
}

func TestStartReportsAProgramThatEnds(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "x", Root: t.TempDir()}
	require.NoError(t, os.MkdirAll(p.path(), 0o755))
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err := p.start(ctx, ours("-c", "echo no such thing; exit 3"))
	require.ErrorContains(t, err, "ended at once")
	log, err := os.ReadFile(p.path("sleeper.log"))
	require.NoError(t, err)
	assert.Equal(t, "no such thing\n", string(log))
}

func TestASecondRunIsKeptOut(t *testing.T) {
	t.Parallel()
	p := Profile{Name: "x", Root: t.TempDir()}
	require.NoError(t, p.Lock())
	require.ErrorContains(t, p.Lock(), "another run")
}

func TestLogsAreTheFunctionsOwn(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	writeLog(&out, "START RequestId: 1\n\nlevel=INFO message=a\nlevel=WARN message=b\nEND RequestId: 1\nREPORT RequestId: 1\n")
	assert.Equal(t, "level=INFO message=a\nlevel=WARN message=b\n", out.String())
}
