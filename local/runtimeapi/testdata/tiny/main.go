// Command tiny is a function that does what its event says.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"
)

type event struct {
	Do string `json:"do"`
}

type answer struct {
	Done     string `json:"done"`
	Function string `json:"function"`
	Given    string `json:"given"`
	Deadline bool   `json:"deadline"`
	Request  string `json:"request"`
}

func handle(ctx context.Context, e event) (answer, error) {
	fmt.Println("was told to", e.Do)
	switch e.Do {
	case "fail":
		return answer{}, errors.New("as it was told")
	case "panic":
		panic("as it was told")
	case "exit":
		os.Exit(3)
	case "hang":
		<-ctx.Done()
		select {}
	case "flood":
		return answer{Done: strings.Repeat("x", 7<<20)}, nil
	}
	_, limited := ctx.Deadline()
	of, _ := lambdacontext.FromContext(ctx)
	return answer{Done: e.Do, Function: lambdacontext.FunctionName, Given: os.Getenv("GIVEN"), Deadline: limited, Request: of.AwsRequestID}, nil
}

func main() {
	switch os.Getenv("GIVEN") {
	case "a bad start":
		fmt.Println("cannot start")
		os.Exit(1)
	default:
		lambda.Start(handle)
	}
}
