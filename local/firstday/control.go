package firstday

import (
	"context"
	"errors"
	"net/http"
)

// control speaks to the sandbox's control API.
type control struct {
	base string
	http *http.Client
}

func (c *control) get(ctx context.Context, path string, out any) error {
	return do(ctx, c.http, http.MethodGet, c.base+path, "", nil, out)
}

func (c *control) post(ctx context.Context, path string, in, out any) error {
	return do(ctx, c.http, http.MethodPost, c.base+path, "", in, out)
}

func asStatus(err error, status **StatusError) bool { return errors.As(err, status) }

// truth is what the sandbox says a faithful back end must know.
type truth struct {
	Accounts []struct {
		Kind   string `json:"kind"`
		User   string `json:"user"`
		Active bool   `json:"active"`
		Assets []struct {
			ID     string `json:"id"`
			Active bool   `json:"active"`
		} `json:"assets"`
		Refreshes int `json:"refreshes"`
	} `json:"accounts"`
	Orders map[string]struct {
		Rows     int            `json:"rows"`
		ByStatus map[string]int `json:"by_status"`
	} `json:"orders"`
	Webhooks struct {
		Sent     int            `json:"sent"`
		Pending  int            `json:"pending"`
		Distinct int            `json:"distinct"`
		Answers  map[string]int `json:"answers"`
		Forged   map[string]int `json:"forged"`
	} `json:"webhooks"`
	Reviews []struct {
		Campaign string `json:"campaign_id"`
		Product  string `json:"product_id"`
		Result   string `json:"review_result"`
	} `json:"reviews"`
	Links []struct {
		Kind string `json:"kind"`
		Link string `json:"link"`
	} `json:"links"`
}

func (d *day) truth(ctx context.Context) (t truth, err error) {
	err = d.sandbox.get(ctx, "/control/truth", &t)
	return t, err
}

func (t truth) refreshes(user string) int {
	for _, a := range t.Accounts {
		if a.User == user {
			return a.Refreshes
		}
	}
	return 0
}

// world is what exists in the sandbox.
type world struct {
	Campaigns []struct {
		ID       string            `json:"id"`
		Name     string            `json:"name"`
		Products map[string]string `json:"products"` // product id → review status
	} `json:"campaigns"`
	Targets []struct {
		ID   string `json:"id"`
		Shop string `json:"shop"`
	} `json:"target_collaborations"`
	Products []struct {
		ID       string `json:"id"`
		OpenRate int64  `json:"open_collaboration_rate"`
	} `json:"products"`
}
