package walk

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// route is a route of template.yaml behind the authorizer.
type route struct{ Method, Path, Scope string }

func (r route) String() string { return r.Method + " " + r.Path }

// routesOf reads the /v1 routes of the template.
func routesOf(root string) (routes []route, err error) {
	raw, err := os.ReadFile(filepath.Join(root, "template.yaml"))
	if err != nil {
		return nil, err
	}
	var template struct {
		Resources map[string]struct {
			Type       string    `yaml:"Type"`
			Properties yaml.Node `yaml:"Properties"` // of other types it does not fit what follows
		} `yaml:"Resources"`
	}
	if err := yaml.Unmarshal(raw, &template); err != nil {
		return nil, fmt.Errorf("reading template.yaml: %w", err)
	}
	for name, resource := range template.Resources {
		if resource.Type != "AWS::Serverless::Function" {
			continue
		}
		var function struct {
			Events map[string]struct {
				Type       string    `yaml:"Type"`
				Properties yaml.Node `yaml:"Properties"`
			} `yaml:"Events"`
		}
		if err := resource.Properties.Decode(&function); err != nil {
			return nil, fmt.Errorf("reading the events of %s: %w", name, err)
		}
		for _, event := range function.Events {
			if event.Type != "HttpApi" {
				continue
			}
			var at struct {
				Method string `yaml:"Method"`
				Path   string `yaml:"Path"`
				Auth   struct {
					Scopes []string `yaml:"AuthorizationScopes"`
				} `yaml:"Auth"`
			}
			if err := event.Properties.Decode(&at); err != nil {
				return nil, fmt.Errorf("reading a route of %s: %w", name, err)
			}
			if strings.HasPrefix(at.Path, "/v1/") {
				routes = append(routes, route{at.Method, at.Path, strings.Join(at.Auth.Scopes, " ")})
			}
		}
	}
	slices.SortFunc(routes, func(a, b route) int { return cmp.Or(cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method)) })
	if len(routes) == 0 {
		return nil, fmt.Errorf("template.yaml has no /v1 routes")
	}
	return routes, nil
}
