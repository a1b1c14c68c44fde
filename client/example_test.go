package client_test

import (
	"context"
	"errors"
	"fmt"
	"os"

	"tiktok-shop-affiliate/client"
)

func Example() {
	ctx := context.Background()
	api, err := client.NewClientWithResponses("https://api.example.com", client.WithCredentials(client.Credentials{
		TokenURL: "https://example.auth.us-east-1.amazoncognito.com/oauth2/token", ID: "<client id>", Secret: "<client secret>",
	}))
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return
	}
	settled, limit := client.OrderStatusSettled, 100
	query := &client.ListOrdersParams{ConnectionID: "conn_zs42wmzvkjkxqg2hoz4wk3q7", Status: &settled, Limit: &limit}
	for {
		page, err := api.ListOrdersWithResponse(ctx, query)
		if err == nil {
			err = client.Refused(page)
		}
		var problem *client.Problem
		if errors.As(err, &problem) && problem.Type == "/problems/reconnect" {
			fmt.Println("send the account's user", *problem.ConnectLink)
			return
		}
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return
		}
		for _, order := range page.JSON200.Items {
			fmt.Println(order.OrderID, order.SkuID, order.Status)
		}
		if page.JSON200.NextCursor == nil {
			return
		}
		query.Cursor = page.JSON200.NextCursor
	}
}
