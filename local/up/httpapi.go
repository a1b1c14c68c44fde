package up

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2"
	"github.com/aws/aws-sdk-go-v2/service/apigatewayv2/types"
)

// definition is what the SAM translator writes of an HTTP API.
type definition struct {
	Paths      map[string]map[string]operation `json:"paths"`
	Components struct {
		SecuritySchemes map[string]struct {
			Authorizer struct {
				JWT struct {
					Issuer   string   `json:"issuer"`
					Audience []string `json:"audience"`
				} `json:"jwtConfiguration"`
				IdentitySource string `json:"identitySource"`
			} `json:"x-amazon-apigateway-authorizer"`
		} `json:"securitySchemes"`
	} `json:"components"`
}

type operation struct {
	Integration struct {
		URI     string `json:"uri"`
		Payload string `json:"payloadFormatVersion"`
	} `json:"x-amazon-apigateway-integration"`
	Security []map[string][]string `json:"security"`
}

// routes gives the HTTP API what its definition says: CloudFormation does that
// on AWS, the emulated one ignores the definition. The clients' ids join the
// audience of every authorizer, as the ApiAudience parameter would make them.
func (p Profile) routes(ctx context.Context, d *deployed, clients []string) (string, error) {
	client := apigatewayv2.NewFromConfig(p.AWS())
	made := 0
	for id, resource := range d.Resources {
		if resource.Type != "AWS::ApiGatewayV2::Api" {
			continue
		}
		raw, err := json.Marshal(d.resolve(resource.Properties["Body"]))
		if err != nil {
			return "", err
		}
		var api definition
		if err := json.Unmarshal(raw, &api); err != nil {
			return "", fmt.Errorf("the definition of %s: %w", id, err)
		}
		n, err := api.create(ctx, client, d.refs[id], clients)
		if err != nil {
			return "", fmt.Errorf("%s: %w", id, err)
		}
		made += n
	}
	return fmt.Sprintf("%d routes", made), nil
}

func (a definition) create(ctx context.Context, client *apigatewayv2.Client, api string, clients []string) (routes int, err error) {
	authorizers := map[string]string{}
	for name, scheme := range a.Components.SecuritySchemes {
		out, err := client.CreateAuthorizer(ctx, &apigatewayv2.CreateAuthorizerInput{
			ApiId: &api, Name: aws.String(name), AuthorizerType: types.AuthorizerTypeJwt,
			IdentitySource: []string{scheme.Authorizer.IdentitySource},
			JwtConfiguration: &types.JWTConfiguration{
				Issuer:   aws.String(scheme.Authorizer.JWT.Issuer),
				Audience: append(slices.Clone(scheme.Authorizer.JWT.Audience), clients...),
			},
		})
		if err != nil {
			return 0, err
		}
		authorizers[name] = aws.ToString(out.AuthorizerId)
	}
	for _, path := range slices.Sorted(maps.Keys(a.Paths)) {
		for method, op := range a.Paths[path] {
			if method == "x-amazon-apigateway-any-method" {
				method = "any"
			}
			integration, err := client.CreateIntegration(ctx, &apigatewayv2.CreateIntegrationInput{
				ApiId: &api, IntegrationType: types.IntegrationTypeAwsProxy,
				IntegrationUri: aws.String(op.Integration.URI), PayloadFormatVersion: aws.String(op.Integration.Payload),
			})
			if err != nil {
				return 0, err
			}
			route := &apigatewayv2.CreateRouteInput{
				ApiId: &api, RouteKey: aws.String(strings.ToUpper(method) + " " + path),
				Target: aws.String("integrations/" + aws.ToString(integration.IntegrationId)),
			}
			for _, requirement := range op.Security {
				for name, scopes := range requirement {
					if name == "NONE" { // how SAM says that a route is public
						continue
					}
					route.AuthorizationType, route.AuthorizationScopes = types.AuthorizationTypeJwt, scopes
					route.AuthorizerId = aws.String(authorizers[name])
				}
			}
			if _, err := client.CreateRoute(ctx, route); err != nil {
				return 0, fmt.Errorf("%s: %w", aws.ToString(route.RouteKey), err)
			}
			routes++
		}
	}
	return routes, nil
}
