package up

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation"
	"github.com/aws/aws-sdk-go-v2/service/cloudformation/types"
)

// deployed is the processed template of a stack, with what its intrinsic
// functions stand for.
type deployed struct {
	Parameters map[string]struct{ Type string }
	Conditions map[string]any
	Resources  map[string]struct {
		Type       string
		Properties map[string]any
	}

	outputs map[string]string
	refs    map[string]string // parameter or resource → value or physical id
}

func (p Profile) deployed(ctx context.Context) (*deployed, error) {
	client := cloudformation.NewFromConfig(p.AWS())
	template, err := client.GetTemplate(ctx, &cloudformation.GetTemplateInput{StackName: aws.String(StackName), TemplateStage: types.TemplateStageProcessed})
	if err != nil {
		return nil, err
	}
	d := &deployed{
		outputs: map[string]string{},
		refs:    map[string]string{"AWS::Region": region, "AWS::Partition": "aws", "AWS::URLSuffix": "amazonaws.com", "AWS::AccountId": "000000000000", "AWS::StackName": StackName},
	}
	if err := json.Unmarshal([]byte(aws.ToString(template.TemplateBody)), d); err != nil {
		return nil, fmt.Errorf("the processed template: %w", err)
	}
	stacks, err := client.DescribeStacks(ctx, &cloudformation.DescribeStacksInput{StackName: aws.String(StackName)})
	if err != nil {
		return nil, err
	}
	for _, parameter := range stacks.Stacks[0].Parameters {
		d.refs[aws.ToString(parameter.ParameterKey)] = aws.ToString(parameter.ParameterValue)
	}
	for _, output := range stacks.Stacks[0].Outputs {
		d.outputs[aws.ToString(output.OutputKey)] = aws.ToString(output.OutputValue)
	}
	pages := cloudformation.NewListStackResourcesPaginator(client, &cloudformation.ListStackResourcesInput{StackName: aws.String(StackName)})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if err != nil {
			return nil, err
		}
		for _, resource := range page.StackResourceSummaries {
			d.refs[aws.ToString(resource.LogicalResourceId)] = aws.ToString(resource.PhysicalResourceId)
		}
	}
	return d, nil
}

var substitution = regexp.MustCompile(`\$\{([^!}][^}]*)\}`)

// resolve replaces the intrinsic functions of a value that an API's definition
// uses: Ref, Fn::Sub, Fn::If and Fn::Join.
func (d *deployed) resolve(v any) any {
	switch v := v.(type) {
	case []any:
		out := make([]any, len(v))
		for i, each := range v {
			out[i] = d.resolve(each)
		}
		return out
	case map[string]any:
		if len(v) == 1 {
			for name, argument := range v {
				if value, ok := d.intrinsic(name, argument); ok {
					return value
				}
			}
		}
		out := maps.Clone(v)
		for key, each := range v {
			out[key] = d.resolve(each)
		}
		return out
	}
	return v
}

func (d *deployed) intrinsic(name string, argument any) (any, bool) {
	switch name {
	case "Ref":
		return d.ref(fmt.Sprint(argument)), true
	case "Fn::Sub":
		text, ok := argument.(string)
		return substitution.ReplaceAllStringFunc(text, func(s string) string { return fmt.Sprint(d.ref(s[2 : len(s)-1])) }), ok
	case "Fn::If":
		choice, ok := argument.([]any)
		if !ok || len(choice) != 3 {
			return nil, false
		}
		if d.holds(d.Conditions[fmt.Sprint(choice[0])]) {
			return d.resolve(choice[1]), true
		}
		return d.resolve(choice[2]), true
	case "Fn::Join":
		parts, ok := argument.([]any)
		if !ok || len(parts) != 2 {
			return nil, false
		}
		return strings.Join(texts(d.resolve(parts[1])), fmt.Sprint(parts[0])), true
	}
	return nil, false
}

// ref is a parameter's value or a resource's physical id.
func (d *deployed) ref(name string) any {
	value := d.refs[name]
	if parameter, ok := d.Parameters[name]; ok && parameter.Type == "CommaDelimitedList" {
		var list []any
		for _, each := range strings.Split(value, ",") {
			list = append(list, each)
		}
		return list
	}
	return value
}

// holds evaluates a condition.
func (d *deployed) holds(condition any) bool {
	operation, ok := condition.(map[string]any)
	if !ok {
		return false
	}
	for name, argument := range operation {
		arguments, _ := argument.([]any)
		switch name {
		case "Condition":
			return d.holds(d.Conditions[fmt.Sprint(argument)])
		case "Fn::Not":
			return !d.holds(arguments[0])
		case "Fn::Equals":
			return fmt.Sprint(d.resolve(arguments[0])) == fmt.Sprint(d.resolve(arguments[1]))
		case "Fn::And":
			for _, each := range arguments {
				if !d.holds(each) {
					return false
				}
			}
			return true
		case "Fn::Or":
			for _, each := range arguments {
				if d.holds(each) {
					return true
				}
			}
			return false
		}
	}
	return false
}

// texts are the elements of a list as strings.
func texts(v any) []string {
	list, _ := v.([]any)
	out := make([]string, len(list))
	for i, each := range list {
		out[i] = fmt.Sprint(each)
	}
	return out
}
