package api

import (
	"context"
	"fmt"
	"regexp"

	"tiktok-shop-affiliate/shared/fault"
)

// Clients maps OAuth client ids to owners.
type Clients interface {
	Owner(ctx context.Context, clientID string) (owner string, found bool, err error)
}

// Owners decides whose request it is, from the verified token only: a
// configured claim, else the client's entry in the client table, else the
// single owner of the deployment, else nobody.
type Owners struct {
	Claim   string  // name of the claim that holds the owner; empty: no claim is used
	Clients Clients // the client table; nil: not used
	Default string  // the owner when nothing else says; empty: such callers are denied
}

// IsOwner reports whether a name can be an owner's.
func IsOwner(name string) bool { return ownerForm.MatchString(name) }

var ownerForm = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._:-]{0,99}$`)

// Owner returns the owner, or fault.Forbidden when the token has none.
func (o Owners) Owner(ctx context.Context, claims map[string]string) (string, error) {
	owner, err := o.find(ctx, claims)
	if err != nil {
		return "", err
	}
	if !IsOwner(owner) {
		return "", fault.New("api.Owner", fault.Forbidden, "This token belongs to no owner. Ask the operator to register the client.")
	}
	return owner, nil
}

func (o Owners) find(ctx context.Context, claims map[string]string) (string, error) {
	if o.Claim != "" {
		return claims[o.Claim], nil // with a claim configured, nothing else is consulted
	}
	client := claims["client_id"]
	if client == "" {
		client = claims["azp"]
	}
	if o.Clients != nil && client != "" {
		owner, found, err := o.Clients.Owner(ctx, client)
		if err != nil {
			return "", fmt.Errorf("looking up the owner of a client: %w", err)
		}
		if found {
			return owner, nil
		}
	}
	return o.Default, nil
}
