package firstday

import (
	"context"
	"fmt"

	"tiktok-shop-affiliate/client"
)

// goClient reads connections and orders with the generated client.
func (d *day) goClient(ctx context.Context) (string, error) {
	owner := d.Owners[0]
	api, err := client.NewClientWithResponses(d.API, client.WithHTTPClient(d.http), client.WithCredentials(client.Credentials{
		TokenURL: d.TokenURL, ID: owner.ClientID, Secret: owner.ClientSecret, Scopes: []string{"affiliate/read"}, HTTP: d.http,
	}))
	if err != nil {
		return "", err
	}
	connections, err := api.ListConnectionsWithResponse(ctx, nil)
	if err == nil {
		err = client.Refused(connections)
	}
	if err != nil {
		return "", err
	}
	limit := 100
	orders := 0
	for query := (client.ListOrdersParams{ConnectionID: d.accounts.partner.ID, Limit: &limit}); ; {
		page, err := api.ListOrdersWithResponse(ctx, &query)
		if err == nil {
			err = client.Refused(page)
		}
		if err != nil {
			return "", err
		}
		orders += len(page.JSON200.Items)
		if query.Cursor = page.JSON200.NextCursor; query.Cursor == nil {
			break
		}
	}
	plain, err := all[connection](ctx, d.atelier, "/v1/connections")
	if err != nil {
		return "", err
	}
	d.check("client: connections of "+owner.Name, len(plain), len(connections.JSON200.Items))
	rows, err := all[struct{}](ctx, d.atelier, "/v1/orders?limit=100&connection_id="+d.accounts.partner.ID)
	if err != nil {
		return "", err
	}
	d.check("client: orders of the TAP", len(rows), orders)
	return fmt.Sprintf("%d connections, %d orders", len(plain), orders), nil
}
